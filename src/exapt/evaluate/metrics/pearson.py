"""Pearson correlation of prediction and truth (several targets: mean over columns)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, Metric, divide, mean_defined
from exapt.evaluate.metrics._moments import centred, mean_of_columns, variance


def pearson(truth: Floats, prediction: Floats, weights: Floats) -> Floats:
    """Pearson's r of each replicate, from -1 to 1; NaN where truth or prediction is constant."""
    x, y = centred(prediction, truth), centred(truth, truth)
    mean_x, mean_y, xx, yy, xy = (mean_of_columns(v, truth, weights) for v in (x, y, x**2, y**2, x * y))
    spread = np.sqrt(variance(mean_x, xx) * variance(mean_y, yy))
    return mean_defined(np.clip(divide(xy - mean_x * mean_y, spread), -1, 1))


EXPORT = Metric("pearson", "Pearson r", True, ("number",), pearson, (-1.0, 1.0))
