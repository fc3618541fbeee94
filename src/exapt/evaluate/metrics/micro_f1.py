"""F1 of all decisions pooled; for one class a row it equals accuracy."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from exapt.evaluate.metrics._counts import count
from exapt.evaluate.metrics._metric import Floats, Metric, divide


def micro_f1(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Micro-F1 of each replicate, from 0 to 1; NaN where no label is in the truth or guessed."""
    counts = count(truth, prediction, weights)
    return divide(2 * counts.hits.sum(1), (counts.support + counts.guesses).sum(1))


EXPORT = Metric("micro_f1", "micro-F1", True, ("class", "multilabel"), micro_f1)
