"""Spearman rank correlation of prediction and truth (several targets: mean over columns)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, Metric, divide, mean_defined
from exapt.evaluate.metrics._ranking import mid_ranks


def spearman(truth: Floats, prediction: Floats, weights: Floats) -> Floats:
    """Spearman's rho of each replicate, from -1 to 1; NaN where truth or prediction is constant."""
    columns = []
    for y, x in zip(truth.T, prediction.T, strict=True):
        known = np.flatnonzero(np.isfinite(y))
        columns.append(_rho(y[known], x[known], weights.T[known]))
    return mean_defined(np.stack(columns, axis=1))


def _rho(truth: Floats, prediction: Floats, weights: Floats) -> Floats:
    """Weights are (n, R)."""
    if not len(truth):
        return np.full(weights.shape[1], np.nan)
    middle = (weights.sum(0) + 1) / 2  # the mean of all ranks, so deviations are exact
    x, y = mid_ranks(prediction, weights), mid_ranks(truth, weights)
    x -= middle
    y -= middle
    xx, yy, xy = (np.einsum("nr,nr,nr->r", weights, a, b) for a, b in ((x, x), (y, y), (x, y)))
    return np.clip(divide(xy, np.sqrt(xx) * np.sqrt(yy)), -1, 1)


EXPORT = Metric("spearman", "Spearman rho", True, ("number",), spearman, (-1.0, 1.0))
