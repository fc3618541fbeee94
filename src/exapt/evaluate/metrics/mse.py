"""Mean squared error, in the squared unit of the target (several targets: mean over columns)."""

from __future__ import annotations

from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined
from exapt.evaluate.metrics._moments import Moments, prepare


def mse(moments: Moments) -> Floats:
    """MSE of each replicate, 0 or more."""
    return mean_defined(moments.squared_error)


EXPORT = Metric("mse", "MSE", False, ("number",), prepare, mse, (0.0, float("inf")))
