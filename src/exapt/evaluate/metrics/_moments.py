"""Weighted means behind the scores of numbers, for all replicates and target columns at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Codes, Floats, divide
from exapt.evaluate.metrics._sums import Sums

CONSTANT = 1e-12  # a variance below this share of the second moment is rounding: the values are constant


@dataclass(frozen=True)
class Moments:
    """Weighted means over the rows whose truth is known, each (R, T); NaN where a replicate holds no known row.

    `x` (prediction) and `y` (truth) were centred and scaled, which changes the numerical condition of their moments
    only; `scale` (T,) is the standard deviation of the truth. Errors are in the unit of the target.
    """

    x: Floats
    y: Floats
    xx: Floats
    yy: Floats
    xy: Floats
    absolute_error: Floats
    squared_error: Floats
    scale: Floats


def prepare(truth: Floats, prediction: Floats, codes: Codes, groups: int) -> Callable[[NDArray[Any]], Moments]:
    """Sum the moments within the groups; those of a replicate are sums of these.

    Parameters
    ----------
    truth, prediction
        (n, T), truth NaN = missing.
    codes
        (n,) group of each row.
    groups
        Number of groups.
    """
    known = np.isfinite(truth)
    (x, _), (y, scale) = _standard(prediction, known), _standard(truth, known)
    error = np.where(known, prediction - np.where(known, truth, 0.0), 0.0)
    rows = np.hstack([known, x, y, x * x, y * y, x * y, np.abs(error), error**2])
    sums = Sums(rows, codes, groups)

    def moments(weights: NDArray[Any]) -> Moments:
        n, *parts = np.split(sums(weights), 8, axis=1)
        x, y, xx, yy, xy, absolute, squared = (divide(part, n) for part in parts)
        return Moments(x, y, xx, yy, xy, absolute, squared, scale)

    return moments


def _standard(values: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Values minus their mean, over their standard deviation (1 where that is 0); 0 where unknown."""
    n = np.maximum(known.sum(0), 1)
    mean = np.where(known, values, 0.0).sum(0) / n
    shifted = np.where(known, values - mean, 0.0)
    scale = np.sqrt((shifted**2).sum(0) / n)
    scale = np.where(scale > 0, scale, 1.0)
    return shifted / scale, scale


def variance(mean: Floats, mean_square: Floats) -> Floats:
    """Second central moment; exactly 0 where the difference is only rounding."""
    value = mean_square - mean**2
    return np.where(value > CONSTANT * mean_square, value, 0.0)
