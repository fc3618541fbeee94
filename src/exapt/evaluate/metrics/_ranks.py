"""Rank correlation of weighted rows: sorted once; a replicate is two cumulative sums of weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Codes, Floats, divide
from exapt.evaluate.metrics._ranking import BLOCK, cumulative, narrow


@dataclass(frozen=True)
class Order:
    """Rows of one column, sorted.

    Attributes
    ----------
    codes
        (n,) groups of the rows, lowest value first.
    ends
        (s + 1,) where each step of equal values begins, then n; None where no two values are equal.
    steps
        (n,) the step in which each row stands, rows in their own order.
    """

    codes: Codes
    ends: Codes | None
    steps: Codes

    @classmethod
    def of(cls, values: Floats, codes: Codes) -> Order:
        """Sort the rows."""
        order = np.argsort(values, kind="stable")
        first = np.r_[True, np.diff(values[order]) > 0]
        steps = np.empty(len(values), dtype=np.int64)
        steps[order] = np.cumsum(first) - 1
        return cls(codes[order], None if first.all() else np.r_[np.flatnonzero(first), len(values)], steps)

    def ranks(self, held: NDArray[Any]) -> tuple[Floats, Floats]:
        """Twice the mid-rank of each step minus the mean of all ranks, (r, s), and their sum of squares, (r,).

        `held` are the weights of the sorted rows, (r, n). A step that holds weight t has t equal ranks, so that the
        squares of all ranks' deviations are (N^3 - sum of t^3) / 12.
        """
        sums = cumulative(held)
        if self.ends is not None:
            sums = sums.take(self.ends, axis=1)
            held = np.diff(sums, axis=1)
        total = sums[:, -1]
        squares = (total**3 - np.einsum("rs,rs,rs->r", held, held, held, dtype=np.float64)) / 12
        ranks = sums[:, :-1] + sums[:, 1:]
        ranks -= total[:, None]
        return ranks, squares


def prepare(truth: Floats, prediction: Floats, codes: Codes, groups: int) -> Callable[[NDArray[Any]], Floats]:
    """Sort every target column by truth and by prediction; a call gives Spearman's rho, (R, T).

    NaN where truth or prediction is constant.
    """
    columns = []
    for y, x in zip(truth.T, prediction.T, strict=True):
        known = np.flatnonzero(np.isfinite(y))
        known = known[np.argsort(y[known], kind="stable")]  # rows in the order of the truth: one gather less
        columns.append((Order.of(x[known], codes[known]), Order.of(y[known], codes[known])))

    def rho(weights: NDArray[Any]) -> Floats:
        return np.stack([_rho(x, y, weights) for x, y in columns], axis=1)

    return rho


def _rho(x: Order, y: Order, weights: NDArray[Any]) -> Floats:
    """The rows' own order is that of `y`."""
    found = np.full(len(weights), np.nan)
    step = max(1, BLOCK // max(1, len(y.codes)))
    for start in range(0, len(weights) if len(y.codes) else 0, step):
        block = narrow(weights[start : start + step])
        held = block.take(y.codes, axis=1)
        (across, xx), (along, yy) = x.ranks(block.take(x.codes, axis=1)), y.ranks(held)
        if y.ends is not None:
            along = along.take(y.steps, axis=1)
        products = np.einsum("rn,rn,rn->r", held, across.take(x.steps, axis=1), along)
        found[start : start + step] = np.clip(divide(products / 4, np.sqrt(xx) * np.sqrt(yy)), -1, 1)
    return found
