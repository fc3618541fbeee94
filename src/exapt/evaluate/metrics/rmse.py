"""Root mean squared error, in the unit of the target (several targets: mean over columns)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined
from exapt.evaluate.metrics._moments import Moments, prepare


def rmse(moments: Moments) -> Floats:
    """RMSE of each replicate, 0 or more."""
    return mean_defined(np.sqrt(moments.squared_error))


EXPORT = Metric("rmse", "RMSE", False, ("number",), prepare, rmse, (0.0, float("inf")))
