"""Recall (sensitivity) of each class or label, averaged with equal weight."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined


def macro_recall(counts: Counts) -> Floats:
    """Macro-recall of each replicate, from 0 to 1.

    The mean is over the classes in the truth of the replicate: the others have no recall.
    """
    return mean_defined(counts.recall())


EXPORT = Metric("macro_recall", "macro-recall", True, ("class", "multilabel"), prepare, macro_recall)
