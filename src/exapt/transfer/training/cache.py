"""The prefix cache: what frozen lower blocks make of each row is computed once and kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from exapt.core.contracts import Backbone, Batch, Encoded, Model, Rows, Stream, Task
from exapt.core.examples import Examples, Repeated, Stacked
from exapt.core.paths import storage_errors
from exapt.transfer.training.batching import ordered
from exapt.transfer.training.devices import Precision, autocast, device_of, in_halves

LIMIT = 1 << 30  # bytes of one array in memory (twice that while it is put together); beyond, a file is mapped


class PrefixCache:
    """Keeps, per set of rows, the activations above the frozen blocks as long as the depth stays the same.

    Parameters
    ----------
    folder
        Where files beyond `limit` lie, without a name; None = the system's temporary folder.
    limit
        Bytes of one array in memory.
    """

    def __init__(self, folder: Path | None = None, limit: int = LIMIT) -> None:
        self.folder = folder
        self.limit = limit
        self._kept: dict[str, tuple[tuple[int, frozenset[str]], Examples]] = {}

    def apply(
        self, name: str, examples: Examples, task: Task, model: Model, batch_size: int, precision: Precision
    ) -> Examples:
        """The same rows above the frozen blocks; the rows themselves where nothing is frozen or inputs vary.

        Parameters
        ----------
        name
            Which set it is, so that it is found again in the next epoch.
        examples
            Raw rows.
        task
            Decides whether pooled features are enough; one that corrupts its inputs cannot be cached.
        model
            In training mode as the strategy has set it; left in eval mode where something was computed.
        batch_size, precision
            Of the forward pass.
        """
        depth, whole = common_depth({column: model.backbone(column) for column in examples.inputs})
        pooled = whole if task.needs == "pooled" else frozenset()
        if not (depth or pooled) or type(task).view is not Task.view:
            self._kept.pop(name, None)
            return examples
        key = (depth, pooled)
        if name not in self._kept or self._kept[name][0] != key:
            self._kept.pop(name, None)  # free it before the next is computed
            above = prefix(model, examples, depth, pooled, batch_size, precision, self)
            self._kept[name] = (key, above)
        return self._kept[name][1]


def common_depth(backbones: Mapping[str, Backbone]) -> tuple[int, frozenset[str]]:
    """How many lower blocks are settled in every backbone, and in which columns all blocks are.

    A backbone that is settled as a whole does not limit the others.
    """
    depths = {column: sum(1 for _ in takewhile(_settled, one.blocks())) for column, one in backbones.items()}
    sizes = {column: len(backbone.blocks()) for column, backbone in backbones.items()}
    whole = frozenset(column for column, depth in depths.items() if depth == sizes[column])
    limits = [depth for column, depth in depths.items() if column not in whole]
    return min(limits) if limits else max(sizes.values()), whole


def _settled(block: nn.Module) -> bool:
    """Nothing trains, and in this mode the same input gives the same output."""
    parameters = list(block.parameters())
    if parameters:
        return not block.training and not any(parameter.requires_grad for parameter in parameters)
    moving = (m for m in block.modules() if isinstance(m, nn.modules.dropout._DropoutNd) or list(m.buffers(False)))
    return not any(module.training for module in moving)


def prefix(
    model: Model,
    examples: Examples,
    depth: int,
    pooled: frozenset[str],
    batch_size: int,
    precision: Precision,
    cache: PrefixCache,
) -> Examples:
    """Apply the lower blocks, in eval mode, to all values; always in the same batches, so with the same bits.

    Parameters
    ----------
    model, batch_size, precision, cache
        As in `PrefixCache`.
    examples
        Raw rows. A value that rows share is computed once.
    depth
        How many blocks are applied; columns of `pooled` get all of them.
    pooled
        Columns of which only the pooled features are kept.
    """
    model.eval()
    inputs = {}
    for column, items in examples.inputs.items():
        if not depth and column not in pooled:
            inputs[column] = items
            continue
        shared = items.used() if isinstance(items, Repeated) else None
        values = items if shared is None else shared.values
        one = Examples({column: values}, examples.encoders, {}, [""] * len(values))
        above = _above(model.backbone(column), one, depth, column in pooled, (batch_size, precision, cache))
        inputs[column] = above if shared is None else Repeated(above, shared.codes)
    return replace(examples, inputs=inputs, depth=depth)


def _above(
    backbone: Backbone, values: Examples, depth: int, pooled: bool, how: tuple[int, Precision, PrefixCache]
) -> Sequence[Encoded]:
    """What the lower blocks make of the values of one column."""
    (column, items), *_ = values.inputs.items()
    batch_size, precision, cache = how
    device = device_of(backbone)
    store = _Store(len(items), cache)

    def apply(batch: Batch) -> Stream:
        with torch.no_grad(), autocast(device, precision):
            return _run(backbone, batch.to(device).inputs[column], depth, pooled)

    for rows in ordered(values.lengths(), batch_size):
        start = 0
        for stream in in_halves(apply, values.batch(rows)):
            size = len(next(iter(stream.values())))
            store.add(rows[start : start + size], stream)
            start += size
    return store.items()


def _run(backbone: Any, stream: Stream, depth: int, pooled: bool) -> Stream:
    if pooled:
        return {"pooled": backbone(stream).pooled}
    for block in backbone.blocks()[:depth]:
        stream = block(stream)
    return stream


class _Store:
    """Values of one column, trimmed to their real positions: of "x" and what shares its leading axes; of "pair" twice.

    What is named "edge..." is trimmed to the real edges, what is named "graph..." is kept as it is.

    Values of equal shapes become one array a key, others views of one flat array a key.
    """

    def __init__(self, n: int, cache: PrefixCache) -> None:
        self.n = n
        self.cache = cache
        self.order: list[Rows] = []
        self.sinks: dict[str, _Sink] = {}
        self.shapes: dict[str, list[tuple[int, ...]]] = {}

    def add(self, rows: Rows, stream: Stream) -> None:
        """Keep the values of some rows."""
        self.order.append(rows)
        mask = stream["mask"].cpu().numpy() if "mask" in stream else None
        edges = (stream["edges"][..., 0] >= 0).cpu().numpy() if "edges" in stream else None
        for key, tensor in stream.items():
            if key == "mask":
                continue
            array = (tensor.float() if tensor.is_floating_point() else tensor).cpu().numpy()
            sink = self.sinks.setdefault(key, _Sink(self.cache, array.dtype))
            shapes = self.shapes.setdefault(key, [])
            kept = edges if key.startswith("edge") else mask
            if kept is None or kept.all() or key.startswith("graph"):
                sink.write(array)
                shapes += [array.shape[1:]] * len(rows)
                continue
            for values, real in zip(array, kept, strict=True):
                trimmed = values[_real(key, values.shape, real)]
                sink.write(trimmed)
                shapes.append(trimmed.shape)

    def items(self) -> Sequence[Encoded]:
        """One dict of arrays a row, in the order of the rows."""
        order = np.concatenate(self.order)
        position = np.empty(self.n, dtype=np.int64)
        position[order] = np.arange(self.n)
        flat = {key: sink.finish() for key, sink in self.sinks.items()}
        if all(len(set(shapes)) == 1 for shapes in self.shapes.values()):
            return Stacked({key: array.reshape(self.n, *self.shapes[key][0]) for key, array in flat.items()}, position)
        values = {key: list(_views(array, self.shapes[key])) for key, array in flat.items()}
        return [{key: views[i] for key, views in values.items()} for i in position]


def _real(key: str, shape: tuple[int, ...], mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    cuts = []
    for axis, size in enumerate(mask.shape):
        if axis >= len(shape) or shape[axis] != size:
            break
        others = tuple(other for other in range(mask.ndim) if other != axis)
        cuts.append(slice(int(mask.any(axis=others).sum())))
    return tuple(cuts * 2 if key == "pair" else cuts)


def _views(flat: NDArray[Any], shapes: Iterable[tuple[int, ...]]) -> Iterable[NDArray[Any]]:
    start = 0
    for shape in shapes:
        size = int(np.prod(shape))
        yield flat[start : start + size].reshape(shape)
        start += size


class _Sink:
    """Numbers that are written one after the other, in memory until there are too many."""

    def __init__(self, cache: PrefixCache, dtype: np.dtype[Any]) -> None:
        self.cache = cache
        self.dtype = dtype
        self.bytes = 0
        self.pieces: list[NDArray[Any]] = []
        self.file: IO[bytes] | None = None

    def write(self, values: NDArray[Any]) -> None:
        """Append the values in C order."""
        self.bytes += values.nbytes
        if self.file is None:
            self.pieces.append(values.reshape(-1).copy())
        else:
            self._append(values)
        if self.file is None and self.bytes > self.cache.limit:
            # The file has no name, so it is gone with the process, however that ends.
            self.file = tempfile.TemporaryFile(dir=self.cache.folder)  # noqa: SIM115
            for piece in self.pieces:
                self._append(piece)
            self.pieces.clear()

    def _append(self, values: NDArray[Any]) -> None:
        assert self.file is not None
        with storage_errors(self.cache.folder or Path(tempfile.gettempdir())):
            self.file.write(np.ascontiguousarray(values).data)

    def finish(self) -> NDArray[Any]:
        """All values, flat; mapped where they lie in a file."""
        if self.file is None:
            return np.concatenate(self.pieces)
        self.file.flush()
        return np.asarray(np.memmap(self.file, dtype=self.dtype, mode="r"))
