"""Precision of the last of two classes; for more classes or for labels the macro average."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from exapt.evaluate.metrics._counts import count
from exapt.evaluate.metrics._metric import Floats, Metric


def precision(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Precision of each replicate, from 0 to 1; the positive class of two is the last.

    0 where the class occurs and is never guessed.
    """
    counts = count(truth, prediction, weights)
    return counts.average(counts.precision())


EXPORT = Metric("precision", "precision", True, ("class", "multilabel"), precision)
