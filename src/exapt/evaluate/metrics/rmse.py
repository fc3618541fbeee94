"""Root mean squared error, in the unit of the target (several targets: mean over columns)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined
from exapt.evaluate.metrics._moments import mean_of_columns


def rmse(truth: Floats, prediction: Floats, weights: Floats) -> Floats:
    """RMSE of each replicate, 0 or more."""
    return mean_defined(np.sqrt(mean_of_columns((prediction - truth) ** 2, truth, weights)))


EXPORT = Metric("rmse", "RMSE", False, ("number",), rmse, (0.0, float("inf")))
