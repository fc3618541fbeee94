"""Coefficient of determination: 1 - squared error / variance of the truth (several targets: mean over columns)."""

from __future__ import annotations

from exapt.evaluate.metrics._metric import Floats, Metric, divide, mean_defined
from exapt.evaluate.metrics._moments import Moments, prepare, variance


def r2(moments: Moments) -> Floats:
    """R2 of each replicate, at most 1; NaN where the truth is constant."""
    error = moments.squared_error / moments.scale**2
    return mean_defined(1 - divide(error, variance(moments.y, moments.yy)))


EXPORT = Metric("r2", "R2", True, ("number",), prepare, r2, (-float("inf"), 1.0))
