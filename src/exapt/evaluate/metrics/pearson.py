"""Pearson correlation of prediction and truth (several targets: mean over columns)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, Metric, divide, mean_defined
from exapt.evaluate.metrics._moments import Moments, prepare, variance


def pearson(moments: Moments) -> Floats:
    """Pearson's r of each replicate, from -1 to 1; NaN where truth or prediction is constant."""
    spread = np.sqrt(variance(moments.x, moments.xx) * variance(moments.y, moments.yy))
    return mean_defined(np.clip(divide(moments.xy - moments.x * moments.y, spread), -1, 1))


EXPORT = Metric("pearson", "Pearson r", True, ("number",), prepare, pearson, (-1.0, 1.0))
