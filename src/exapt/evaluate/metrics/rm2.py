"""Modified squared correlation r_m^2 of affinity prediction (several targets: mean over columns)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Codes, Floats, Metric, divide, mean_defined
from exapt.evaluate.metrics._moments import variance
from exapt.evaluate.metrics._sums import Sums


def prepare(truth: Floats, prediction: Floats, codes: Codes, groups: int) -> Callable[[NDArray[Any]], Floats]:
    """Sum the moments of centred values within the groups; a call gives r_m^2, (R, T).

    The line through the origin is that of the values as they are; its residuals are computed from the centred ones,
    so that a mean far from 0 costs no digits.
    """
    known = np.isfinite(truth)
    (x, x0), (y, y0) = _centred(prediction, known), _centred(truth, known)
    sums = Sums(np.hstack([known, x, y, x * x, y * y, x * y]), codes, groups)

    def statistic(weights: NDArray[Any]) -> Floats:
        n, *parts = np.split(sums(weights), 6, axis=1)
        mx, my, xx, yy, xy = (divide(part, n) for part in parts)
        return _rm2(mx, my, xx, yy, xy, x0, y0)

    return statistic


def _centred(values: Floats, known: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Known values minus their mean, 0 where unknown; and the mean of each column."""
    mean = np.where(known, values, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    return np.where(known, values - mean, 0.0), mean


def _rm2(x: Floats, y: Floats, xx: Floats, yy: Floats, xy: Floats, x0: Floats, y0: Floats) -> Floats:
    """From weighted means of centred values, each (R, T), and what was taken off them, (T,)."""
    spread = variance(y, yy)
    r2 = divide((xy - x * y) ** 2, variance(x, xx) * spread)
    slope = divide(xy + x0 * y + y0 * x + x0 * y0, xx + 2 * x0 * x + x0**2)
    shift = y0 - slope * x0
    residual = yy - 2 * slope * xy + slope**2 * xx + 2 * shift * (y - slope * x) + shift**2
    r02 = 1 - divide(residual, spread)
    found: Floats = r2 * (1 - np.sqrt(np.abs(r2**2 - r02**2)))
    return found


def rm2(found: Floats) -> Floats:
    """r_m^2 = R (1 - sqrt(|R^2 - R0^2|)) of each replicate; NaN where truth or prediction is constant.

    R is the squared Pearson correlation, R0 = 1 - sum (y - k x)^2 / sum (y - mean y)^2 the coefficient of determination
    of the line through the origin, k = sum x y / sum x^2, with truth y and prediction x. This is what the program of
    DeepDTA computes, and what papers on its two data sets print; it squares R and R0 once more than the formula of
    Roy et al. does. No lower bound: R0 may be far below 0.

    References
    ----------
    Ozturk, Ozgur and Ozkirimli 2018, DeepDTA. doi:10.1093/bioinformatics/bty593
    """
    return mean_defined(found)


EXPORT = Metric("rm2", "r_m^2", True, ("number",), prepare, rm2, (-float("inf"), 1.0))
