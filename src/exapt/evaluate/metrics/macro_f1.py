"""F1 of each class or label, averaged with equal weight."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from exapt.evaluate.metrics._counts import count
from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined


def macro_f1(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Macro-F1 of each replicate, from 0 to 1.

    The mean is over the classes in the truth or among the guesses of the replicate, as in scikit-learn.
    """
    return mean_defined(count(truth, prediction, weights).f1())


EXPORT = Metric("macro_f1", "macro-F1", True, ("class", "multilabel"), macro_f1)
