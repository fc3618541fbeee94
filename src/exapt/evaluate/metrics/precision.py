"""Precision of the last of two classes; for more classes or for labels the macro average."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric


def precision(counts: Counts) -> Floats:
    """Precision of each replicate, from 0 to 1; the positive class of two is the last.

    0 where the class occurs and is never guessed.
    """
    return counts.average(counts.precision())


EXPORT = Metric("precision", "precision", True, ("class", "multilabel"), prepare, precision)
