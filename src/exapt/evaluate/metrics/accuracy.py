"""Share of right decisions (labels of a multi-label target: share of right cells)."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from exapt.evaluate.metrics._counts import count
from exapt.evaluate.metrics._metric import Floats, Metric, divide


def accuracy(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Accuracy of each replicate, from 0 to 1."""
    counts = count(truth, prediction, weights)
    if counts.multilabel:
        wrong = (counts.support + counts.guesses - 2 * counts.hits).sum(1)
        return 1 - divide(wrong, counts.total.sum(1))
    return divide(counts.hits.sum(1), counts.total[:, 0])


EXPORT = Metric("accuracy", "accuracy", True, ("class", "multilabel"), accuracy)
