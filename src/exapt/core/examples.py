"""Encoded rows, ready to be batched: what the training loop and the predictor walk over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray

from exapt.core.contracts import COPIES, Batch, Encoded, Encoder, Rows, Stream


def stack(items: Sequence[Encoded]) -> Stream:
    """Pad arrays on the right to the longest and stack them; "mask" (B, positions) is True where "x" is real.

    The position axes of an array are those it shares with "x"; integer letters have no channel axis. "edges" are padded
    with -1, everything else with 0.

    Examples
    --------
    >>> import numpy as np
    >>> batch = stack([{"x": np.array([2, 3], dtype=np.uint8)}, {"x": np.array([4], dtype=np.uint8)}])
    >>> batch["x"].tolist(), batch["mask"].tolist()
    ([[2, 3], [4, 0]], [[True, True], [True, False]])
    """
    stream: Stream = {}
    for key in items[0]:
        arrays = [item[key] for item in items]
        shape = tuple(np.max([a.shape for a in arrays], axis=0)) if arrays[0].ndim else ()
        if all(a.shape == shape for a in arrays):
            padded = np.stack(arrays)
        else:
            padded = np.full((len(arrays), *shape), -1 if key == "edges" else 0, dtype=arrays[0].dtype)
            for row, array in zip(padded, arrays, strict=True):
                row[tuple(slice(n) for n in array.shape)] = array
        stream[key] = torch.from_numpy(padded)
    if "x" in items[0]:
        x = stream["x"]
        sizes = [item["x"].shape for item in items]
        axes = x.ndim - 1 if not x.is_floating_point() else x.ndim - 2
        mask = torch.zeros(x.shape[: axes + 1], dtype=torch.bool)
        for row, size in zip(mask, sizes, strict=True):
            row[tuple(slice(n) for n in size[:axes])] = True
        stream["mask"] = mask
        if not x.is_floating_point():
            stream["x"] = x.long()
    return stream


@dataclass(frozen=True, eq=False)
class Stacked(Sequence[Encoded]):
    """Encoded values of equal shapes, kept as one array a key, so that a batch is one indexing.

    Attributes
    ----------
    arrays
        Key -> (m, ...), in memory or memory-mapped.
    rows
        Where each value lies in the arrays, shape (n,); so a selection copies nothing.

    Examples
    --------
    >>> import numpy as np
    >>> items = Stacked({"pooled": np.array([[1.0], [2.0], [3.0]])}, np.array([2, 0]))
    >>> len(items), items[0]["pooled"].tolist(), items.stream(np.array([1, 0]))["pooled"].tolist()
    (2, [3.0], [[1.0], [3.0]])
    """

    arrays: Encoded
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Encoded: ...
    @overload
    def __getitem__(self, index: slice) -> Stacked: ...
    def __getitem__(self, index: int | slice) -> Encoded | Stacked:
        if isinstance(index, slice):
            return Stacked(self.arrays, self.rows[index])
        return {key: array[self.rows[index]] for key, array in self.arrays.items()}

    def take(self, rows: Rows) -> Stacked:
        """The given rows, in the given order."""
        return Stacked(self.arrays, self.rows[rows])

    def stream(self, rows: Rows) -> Stream:
        """What `stack` makes of these rows; nothing is padded, so every position is real."""
        where = self.rows[rows]
        stream = {key: torch.from_numpy(array[where]) for key, array in self.arrays.items()}
        if "x" in stream:
            x = stream["x"]
            stream["x"] = x if x.is_floating_point() else x.long()
            stream["mask"] = torch.ones(x.shape[: x.ndim - x.is_floating_point()], dtype=torch.bool)
        return stream


@dataclass(frozen=True, eq=False)
class Repeated(Sequence[Encoded]):
    """Encoded values of which many are equal (the drugs and proteins of pairs): each is kept, and computed, once.

    Attributes
    ----------
    values
        The distinct values, one an entity.
    codes
        Which of them each row holds, shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> items = Repeated([{"x": np.array([2, 3])}, {"x": np.array([4])}], np.array([1, 0, 1]))
    >>> len(items), items[2]["x"].tolist(), items.take(np.array([0, 2])).codes.tolist()
    (3, [4], [1, 1])
    """

    values: Sequence[Encoded]
    codes: Rows

    def __len__(self) -> int:
        return len(self.codes)

    @overload
    def __getitem__(self, index: int) -> Encoded: ...
    @overload
    def __getitem__(self, index: slice) -> Repeated: ...
    def __getitem__(self, index: int | slice) -> Encoded | Repeated:
        if isinstance(index, slice):
            return Repeated(self.values, self.codes[index])
        value: Encoded = self.values[self.codes[index]]
        return value

    def take(self, rows: Rows) -> Repeated:
        """The given rows, in the given order."""
        return Repeated(self.values, self.codes[rows])

    def used(self) -> Repeated:
        """The same rows, without the values that none of them holds."""
        kept, codes = np.unique(self.codes, return_inverse=True)
        return Repeated(_take(self.values, kept), codes)


@dataclass(frozen=True)
class Examples:
    """Encoded inputs and targets of some rows.

    Attributes
    ----------
    inputs
        Input column -> one encoded value a row.
    encoders
        Input column -> the encoder that collates it.
    targets
        Target name -> array (n, ...).
    ids
        One identifier a row.
    depth
        Number of backbone blocks that were applied already (prefix cache); 0 = raw inputs.
    """

    inputs: Mapping[str, Sequence[Encoded]]
    encoders: Mapping[str, Encoder]
    targets: Mapping[str, NDArray[Any]]
    ids: Sequence[str]
    depth: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def lengths(self) -> NDArray[np.int64]:
        """Positions of the longest input of each row, shape (n,)."""
        longest: NDArray[np.int64] = np.max([_lengths(items) for items in self.inputs.values()], axis=0)
        return longest

    @property
    def repeated(self) -> bool:
        """Whether rows share values, so that a batch of random rows computes each of them once."""
        return any(isinstance(items, Repeated) for items in self.inputs.values())

    def take(self, rows: Rows) -> Examples:
        """The given rows, in the given order."""
        return replace(
            self,
            inputs={name: _take(items, rows) for name, items in self.inputs.items()},
            targets={name: values[rows] for name, values in self.targets.items()},
            ids=[self.ids[i] for i in rows],
        )

    def batch(self, rows: Rows) -> Batch:
        """Collate some rows into padded tensors."""
        inputs = {name: self._stream(name, items, rows) for name, items in self.inputs.items()}
        targets = {name: torch.from_numpy(np.ascontiguousarray(v[rows])) for name, v in self.targets.items()}
        return Batch(inputs, targets, [self.ids[i] for i in rows], self.depth)

    def _stream(self, name: str, items: Sequence[Encoded], rows: Rows) -> Stream:
        if isinstance(items, Stacked):
            return items.stream(rows)
        if isinstance(items, Repeated):
            distinct, copies = np.unique(items.codes[rows], return_inverse=True)
            return {**self._stream(name, items.values, distinct), COPIES: torch.from_numpy(copies)}
        chosen = [items[i] for i in rows]
        return stack(chosen) if self.depth else self.encoders[name].collate(chosen)


def _take(items: Sequence[Encoded], rows: Rows) -> Sequence[Encoded]:
    return items.take(rows) if isinstance(items, Stacked | Repeated) else [items[i] for i in rows]


def _lengths(items: Sequence[Encoded]) -> NDArray[np.int64]:
    if isinstance(items, Repeated):
        return _lengths(items.values)[items.codes]
    if isinstance(items, Stacked):
        return np.full(len(items), next(iter(items.arrays.values())).shape[1], dtype=np.int64)
    return np.array([next(iter(item.values())).shape[0] for item in items], dtype=np.int64)
