"""F1 of all decisions pooled; for one class a row it equals accuracy."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric, divide


def micro_f1(counts: Counts) -> Floats:
    """Micro-F1 of each replicate, from 0 to 1; NaN where no label is in the truth or guessed."""
    return divide(2 * counts.hits.sum(1), (counts.support + counts.guesses).sum(1))


EXPORT = Metric("micro_f1", "micro-F1", True, ("class", "multilabel"), prepare, micro_f1)
