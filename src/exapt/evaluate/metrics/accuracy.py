"""Share of right decisions (labels of a multi-label target: share of right cells)."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric, divide


def accuracy(counts: Counts) -> Floats:
    """Accuracy of each replicate, from 0 to 1."""
    if counts.multilabel:
        wrong = (counts.support + counts.guesses - 2 * counts.hits).sum(1)
        return 1 - divide(wrong, counts.total.sum(1))
    return divide(counts.hits.sum(1), counts.total[:, 0])


EXPORT = Metric("accuracy", "accuracy", True, ("class", "multilabel"), prepare, accuracy)
