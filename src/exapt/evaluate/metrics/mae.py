"""Mean absolute error, in the unit of the target (several targets: mean over columns)."""

from __future__ import annotations

from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined
from exapt.evaluate.metrics._moments import Moments, prepare


def mae(moments: Moments) -> Floats:
    """MAE of each replicate, 0 or more."""
    return mean_defined(moments.absolute_error)


EXPORT = Metric("mae", "MAE", False, ("number",), prepare, mae, (0.0, float("inf")))
