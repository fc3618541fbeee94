"""Mean absolute error, in the unit of the target (several targets: mean over columns)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined
from exapt.evaluate.metrics._moments import mean_of_columns


def mae(truth: Floats, prediction: Floats, weights: Floats) -> Floats:
    """MAE of each replicate, 0 or more."""
    return mean_defined(mean_of_columns(np.abs(prediction - truth), truth, weights))


EXPORT = Metric("mae", "MAE", False, ("number",), mae, (0.0, float("inf")))
