"""F1 of the last of two classes; for more classes or for labels the macro average."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from exapt.evaluate.metrics._counts import count
from exapt.evaluate.metrics._metric import Floats, Metric


def f1(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """F1 of each replicate, from 0 to 1; the positive class of two is the last.

    NaN where the positive class is neither in the truth nor guessed.
    """
    counts = count(truth, prediction, weights)
    return counts.average(counts.f1())


EXPORT = Metric("f1", "F1", True, ("class", "multilabel"), f1)
