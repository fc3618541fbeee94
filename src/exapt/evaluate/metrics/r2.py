"""Coefficient of determination: 1 - squared error / variance of the truth (several targets: mean over columns)."""

from __future__ import annotations

from exapt.evaluate.metrics._metric import Floats, Metric, divide, mean_defined
from exapt.evaluate.metrics._moments import centred, mean_of_columns, spread, variance


def r2(truth: Floats, prediction: Floats, weights: Floats) -> Floats:
    """R2 of each replicate, at most 1; NaN where the truth is constant."""
    scale = spread(truth, truth)
    y = centred(truth, truth)
    error = mean_of_columns(((prediction - truth) / scale) ** 2, truth, weights)
    total = variance(mean_of_columns(y, truth, weights), mean_of_columns(y**2, truth, weights))
    return mean_defined(1 - divide(error, total))


EXPORT = Metric("r2", "R2", True, ("number",), r2, (-float("inf"), 1.0))
