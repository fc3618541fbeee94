"""Area under the ROC curve (last of two classes; several: one against the rest, macro; labels: mean)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Floats, Metric, divide
from exapt.evaluate.metrics._ranking import Side, over_problems


def auroc(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """AUROC of each replicate, from 0 to 1; NaN, not 0.5, where one class only is there.

    A tie counts one half. Classes or labels without both a positive and a negative row are left out of the mean.

    References
    ----------
    Hanley and McNeil 1982, The meaning and use of the area under a ROC curve. doi:10.1148/radiology.143.1.7063747
    """
    return over_problems(_area, truth, prediction, weights)


def _area(positive: Side, negative: Side) -> Floats:
    if len(positive.scores) < len(negative.scores):
        return 1 - _wins(negative, positive)
    return _wins(positive, negative)


def _wins(winner: Side, loser: Side) -> Floats:
    """Share of pairs in which the row of `winner` scores higher; a tie is one half."""
    above = winner.higher(loser.scores, ties=False) + winner.higher(loser.scores, ties=True)
    pairs: Floats = np.einsum("mr,mr->r", loser.weights, above) / 2
    return divide(pairs, winner.above[-1] * loser.above[-1])


EXPORT = Metric("auroc", "AUROC", True, ("class", "multilabel"), auroc)
