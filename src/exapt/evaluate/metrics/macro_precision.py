"""Precision of each class or label, averaged with equal weight."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined


def macro_precision(counts: Counts) -> Floats:
    """Macro-precision of each replicate, from 0 to 1.

    The mean is over the classes in the truth or among the guesses; one that is never guessed has precision 0.
    """
    return mean_defined(counts.precision())


EXPORT = Metric("macro_precision", "macro-precision", True, ("class", "multilabel"), prepare, macro_precision)
