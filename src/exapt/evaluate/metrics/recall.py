"""Recall (sensitivity) of the last of two classes; for more classes or for labels the macro average."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric


def recall(counts: Counts) -> Floats:
    """Recall of each replicate, from 0 to 1; the positive class of two is the last.

    NaN where the replicate has no positive row.
    """
    return counts.average(counts.recall())


EXPORT = Metric("recall", "recall", True, ("class", "multilabel"), prepare, recall)
