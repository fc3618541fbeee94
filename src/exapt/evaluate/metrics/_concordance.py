"""Ordered pairs of weighted rows: sorted once; a replicate is merged level by level, in O(n log n).

The rows stand in the order of the truth. Of each pair, the two rows either stand in one leaf of 128 rows, and then a
product with a matrix of zeros, halves and ones counts it, or they part at one level into the left and the right half of
a block: there the weight of the left rows that are predicted lower than a right row is a difference of cumulative sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Codes, Floats, divide
from exapt.evaluate.metrics._ranking import cumulative, narrow

LEAF = 128  # rows whose pairs are counted by a matrix product
BLOCK = 1 << 18  # weights of rows held at a time: they stay in the processor's cache


@dataclass(frozen=True)
class Level:
    """Pairs whose first row lies in the left half of a block and whose second lies in the right half.

    Attributes
    ----------
    left
        (l,) rows of all left halves, block by block and by prediction within one.
    right
        (r,) rows of all right halves, block by block.
    begins, lower, equal
        (r,) numbers of rows in `left` before the block of each right row, up to those predicted lower than it, and up
        to those predicted as high.
    tied
        Whether `lower` and `equal` differ.
    """

    left: Codes
    right: Codes
    begins: Codes
    lower: Codes
    equal: Codes
    tied: bool

    @classmethod
    def of(cls, steps: Codes, size: int) -> Level:
        """Blocks of `size` rows; `steps` are ranks of the predictions, equal for equal ones."""
        rows = np.arange(len(steps))
        block = rows // size
        is_left = rows % size < size // 2
        left, right = rows[is_left], rows[~is_left]
        span = int(steps.max(initial=0)) + 1
        keys = block * span + steps
        left = left[np.argsort(keys[left], kind="stable")]
        lower = np.searchsorted(keys[left], keys[right], side="left")
        equal = np.searchsorted(keys[left], keys[right], side="right")
        begins = np.searchsorted(block[left], block[right])
        return cls(left, right, begins, lower, equal, tied=bool((lower != equal).any()))

    def concordant(self, held: NDArray[np.float32]) -> Floats:
        """Weight of the pairs in the right order, (r,), for weights (r, n); a tie counts one half."""
        below = cumulative(held.take(self.left, axis=1))
        count = below.take(self.lower, axis=1)
        if self.tied:
            count += below.take(self.equal, axis=1)
            count /= 2
        count -= below.take(self.begins, axis=1)
        weight: Floats = np.einsum("rn,rn->r", count, held.take(self.right, axis=1))
        return weight


@dataclass(frozen=True)
class Column:
    """Rows of one target column in the order of the truth, and by falling prediction where it is equal.

    So two rows of equal truth, which are no pair, stand in the wrong order and count nothing, unless they are
    predicted alike, too: `same` groups these.

    Attributes
    ----------
    codes
        (n,) groups of the rows.
    leaves
        (b, LEAF, LEAF): 1 where a row is predicted lower than a later one of its leaf, one half where as high.
    levels
        What lies between leaves.
    truths, same
        Where each run of equal truth, and of equal truth and prediction, begins.
    """

    codes: Codes
    leaves: NDArray[np.float32]
    levels: tuple[Level, ...]
    truths: Codes
    same: Codes

    @classmethod
    def of(cls, truth: Floats, prediction: Floats, codes: Codes) -> Column:
        """Sort the rows."""
        order = np.lexsort((-prediction, truth))
        y, x = truth[order], prediction[order]
        steps = np.unique(x, return_inverse=True)[1].astype(np.int64)
        starts = np.arange(0, len(x), LEAF)
        padded = np.pad(steps, (0, len(starts) * LEAF - len(steps))).reshape(-1, LEAF)
        leaves = (np.sign(padded[:, None, :] - padded[:, :, None]) + 1) / 2
        sizes = LEAF * 2 ** np.arange(1, 1 + int(np.ceil(np.log2(max(1, len(starts))))))
        new = np.r_[True, np.diff(y) > 0], np.r_[True, (np.diff(y) > 0) | (np.diff(x) != 0)]
        return cls(
            codes[order],
            np.triu(leaves, 1).astype(np.float32),
            tuple(Level.of(steps, int(size)) for size in sizes),
            *(np.flatnonzero(one[: len(x)]) for one in new),
        )

    def index(self, held: NDArray[np.float32]) -> Floats:
        """The concordance index of weights (r, n); NaN where the truth of all weighted rows is equal."""
        concordant = self._in_leaves(held) - self._alike(held, self.same) / 2
        for level in self.levels:
            concordant += level.concordant(held)
        total = held.sum(axis=1, dtype=np.float64)
        rows_alone = np.einsum("rn,rn->r", held, held, dtype=np.float64)
        pairs = (total**2 - rows_alone) / 2 - self._alike(held, self.truths)
        return divide(concordant, pairs)

    def _in_leaves(self, held: NDArray[np.float32]) -> Floats:
        whole = np.pad(held, ((0, 0), (0, len(self.leaves) * LEAF - held.shape[1])))
        parts = whole.reshape(len(held), -1, LEAF).transpose(1, 0, 2)
        weight: Floats = np.einsum("brn,brn->r", parts @ self.leaves, parts, dtype=np.float64)
        return weight

    def _alike(self, held: NDArray[np.float32], starts: Codes) -> Floats:
        """Weight of the pairs of different rows within runs."""
        if len(starts) == held.shape[1]:
            return np.zeros(len(held))
        runs = np.add.reduceat(held, starts, axis=1, dtype=np.float64)
        weight: Floats = (np.einsum("rs,rs->r", runs, runs) - np.einsum("rn,rn->r", held, held, dtype=np.float64)) / 2
        return weight


def prepare(truth: Floats, prediction: Floats, codes: Codes, groups: int) -> Callable[[NDArray[Any]], Floats]:
    """Sort every target column by truth and by prediction; a call gives the concordance index, (R, T)."""
    columns = []
    for y, x in zip(truth.T, prediction.T, strict=True):
        known = np.isfinite(y)
        columns.append(Column.of(y[known], x[known], codes[known]))

    def index(weights: NDArray[Any]) -> Floats:
        return np.stack([_index(column, weights) for column in columns], axis=1)

    return index


def _index(column: Column, weights: NDArray[Any]) -> Floats:
    found = np.full(len(weights), np.nan)
    step = max(1, BLOCK // max(1, len(column.codes)))
    for start in range(0, len(weights) if len(column.codes) else 0, step):
        found[start : start + step] = column.index(narrow(weights[start : start + step]).take(column.codes, axis=1))
    return found
