"""Area under the precision-recall curve as average precision (several classes and labels as for auroc)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Floats, Metric, divide
from exapt.evaluate.metrics._ranking import Side, over_problems


def auprc(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Average precision of each replicate, from 0 to 1; NaN where one class only is there.

    The step-wise sum, without interpolation between the points. The level of chance is the share of positives.

    References
    ----------
    Davis and Goadrich 2006, The relationship between precision-recall and ROC curves. doi:10.1145/1143844.1143874
    """
    return over_problems(_area, truth, prediction, weights)


def _area(positive: Side, negative: Side) -> Floats:
    found = positive.higher(positive.scores, ties=True)
    retrieved = found + negative.higher(positive.scores, ties=True)
    precision = np.divide(found, retrieved, out=retrieved, where=retrieved > 0)
    return divide(np.einsum("mr,mr->r", positive.weights, precision), positive.above[-1])


EXPORT = Metric("auprc", "AUPRC", True, ("class", "multilabel"), auprc)
