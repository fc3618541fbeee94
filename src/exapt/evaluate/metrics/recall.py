"""Recall (sensitivity) of the last of two classes; for more classes or for labels the macro average."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from exapt.evaluate.metrics._counts import count
from exapt.evaluate.metrics._metric import Floats, Metric


def recall(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Recall of each replicate, from 0 to 1; the positive class of two is the last.

    NaN where the replicate has no positive row.
    """
    counts = count(truth, prediction, weights)
    return counts.average(counts.recall())


EXPORT = Metric("recall", "recall", True, ("class", "multilabel"), recall)
