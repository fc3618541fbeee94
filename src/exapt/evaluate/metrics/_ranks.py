"""Rank correlation of weighted rows: sorted once; a replicate is two cumulative sums of weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Codes, Floats, divide
from exapt.evaluate.metrics._ranking import BLOCK, cumulative


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

    def ranks(self, weights: NDArray[Any]) -> tuple[Floats, Floats]:
        """Twice the mid-rank of each step minus the mean of all ranks, (r, s), and their sum of squares, (r,).

        A step that holds weight t has t equal ranks, so that the squares of all ranks' deviations are
        (N^3 - sum of t^3) / 12.
        """
        sums = cumulative(weights.take(self.codes, axis=1))
        if self.ends is not None:
            sums = sums.take(self.ends, axis=1)
        total, held = sums[:, -1], np.diff(sums, axis=1)
        squares = (total**3 - np.einsum("rs,rs,rs->r", held, held, held)) / 12
        return sums[:, :-1] + sums[:, 1:] - total[:, None], squares


def prepare(truth: Floats, prediction: Floats, codes: Codes, groups: int) -> Callable[[NDArray[Any]], Floats]:
    """Sort every target column by truth and by prediction; a call gives Spearman's rho, (R, T).

    NaN where truth or prediction is constant.
    """
    columns = []
    for y, x in zip(truth.T, prediction.T, strict=True):
        known = np.flatnonzero(np.isfinite(y))
        known = known[np.argsort(y[known], kind="stable")]  # rows in the order of the truth: one gather less
        columns.append((codes[known], Order.of(x[known], codes[known]), Order.of(y[known], codes[known])))

    def rho(weights: NDArray[Any]) -> Floats:
        return np.stack([_rho(*column, weights) for column in columns], axis=1)

    return rho


def _rho(codes: Codes, x: Order, y: Order, weights: NDArray[Any]) -> Floats:
    found = np.full(len(weights), np.nan)
    step = max(1, BLOCK // max(1, len(codes)))
    for start in range(0, len(weights) if len(codes) else 0, step):
        block = weights[start : start + step]
        (across, xx), (along, yy) = x.ranks(block), y.ranks(block)
        if y.ends is not None:
            along = along.take(y.steps, axis=1)
        products = np.einsum("rn,rn,rn->r", block.take(codes, axis=1), across.take(x.steps, axis=1), along)
        found[start : start + step] = np.clip(divide(products / 4, np.sqrt(xx) * np.sqrt(yy)), -1, 1)
    return found
