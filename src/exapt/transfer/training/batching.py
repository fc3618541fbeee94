"""Which rows come together, in which order: a pure function of the seed and the epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Batch, Rows
from exapt.core.examples import Examples

POOL = 50  # batches that are sorted by length together: enough to save padding, few enough to stay random


def shuffled(lengths: NDArray[np.int64], batch_size: int, seed: int, epoch: int) -> list[Rows]:
    """Batches of one training epoch: random rows, of similar length where lengths differ, in random order.

    No row is left out. A last batch of a single row joins the one before it, because batch norm cannot
    learn from one row.

    Parameters
    ----------
    lengths
        Positions of each row, shape (n,).
    batch_size
        Rows a batch, at least 1.
    seed, epoch
        The same two give the same batches.

    Returns
    -------
    list of Rows
        Every row exactly once.

    Examples
    --------
    >>> import numpy as np
    >>> [len(rows) for rows in shuffled(np.ones(9, dtype=np.int64), 4, seed=0, epoch=0)]
    [4, 5]
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths))
    pool = POOL * batch_size
    if len(lengths) and lengths.min() != lengths.max():
        parts = [order[i : i + pool] for i in range(0, len(order), pool)]
        order = np.concatenate([part[np.argsort(lengths[part], kind="stable")] for part in parts])
    batches = _cut(order, batch_size)
    if len(batches) > 1 and len(batches[-1]) == 1 < batch_size:
        batches[-2:] = [np.concatenate(batches[-2:])]
    return [batches[i] for i in generator.permutation(len(batches))]


def ordered(lengths: NDArray[np.int64], batch_size: int) -> list[Rows]:
    """Batches for prediction: by length, shortest first; rows of equal length keep their order.

    Examples
    --------
    >>> import numpy as np
    >>> [rows.tolist() for rows in ordered(np.array([9, 3, 9, 4]), 3)]
    [[1, 3, 0], [2]]
    """
    return _cut(np.argsort(lengths, kind="stable"), batch_size)


def _cut(order: Rows, batch_size: int) -> list[Rows]:
    return [order[i : i + batch_size] for i in range(0, len(order), batch_size)]


class Batches:
    """Batches of some examples, collated when they are asked for; may be walked over again.

    Parameters
    ----------
    examples
        The rows.
    plan
        Row numbers of each batch.
    """

    def __init__(self, examples: Examples, plan: Sequence[Rows]) -> None:
        self.examples = examples
        self.plan = plan

    def __len__(self) -> int:
        return len(self.plan)

    def __iter__(self) -> Iterator[Batch]:
        return (self.examples.batch(rows) for rows in self.plan)
