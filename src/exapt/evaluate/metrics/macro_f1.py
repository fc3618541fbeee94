"""F1 of each class or label, averaged with equal weight."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined


def macro_f1(counts: Counts) -> Floats:
    """Macro-F1 of each replicate, from 0 to 1.

    The mean is over the classes in the truth or among the guesses of the replicate, as in scikit-learn.
    """
    return mean_defined(counts.f1())


EXPORT = Metric("macro_f1", "macro-F1", True, ("class", "multilabel"), prepare, macro_f1)
