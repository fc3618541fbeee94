"""F1 of the last of two classes; for more classes or for labels the macro average."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric


def f1(counts: Counts) -> Floats:
    """F1 of each replicate, from 0 to 1; the positive class of two is the last.

    NaN where the positive class is neither in the truth nor guessed.
    """
    return counts.average(counts.f1())


EXPORT = Metric("f1", "F1", True, ("class", "multilabel"), prepare, f1)
