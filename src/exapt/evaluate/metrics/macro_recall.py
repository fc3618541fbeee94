"""Recall (sensitivity) of each class or label, averaged with equal weight."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from exapt.evaluate.metrics._counts import count
from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined


def macro_recall(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Macro-recall of each replicate, from 0 to 1.

    The mean is over the classes in the truth of the replicate: the others have no recall.
    """
    return mean_defined(count(truth, prediction, weights).recall())


EXPORT = Metric("macro_recall", "macro-recall", True, ("class", "multilabel"), macro_recall)
