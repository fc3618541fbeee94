"""Mean recall of the classes in the truth, so that a rare class counts as much as a frequent one."""

from __future__ import annotations

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric, divide, mean_defined


def balanced_accuracy(counts: Counts) -> Floats:
    """Balanced accuracy of each replicate, from 0 to 1.

    A label of a multi-label target has two classes: the mean of its sensitivity and specificity is taken where
    both occur, then the mean over the labels.

    References
    ----------
    Brodersen et al. 2010, The balanced accuracy and its posterior distribution. doi:10.1109/ICPR.2010.764
    """
    if not counts.multilabel:
        return mean_defined(counts.recall())
    negatives = counts.total - counts.support
    specificity = divide(negatives - counts.guesses + counts.hits, negatives)
    return mean_defined((counts.recall() + specificity) / 2)


EXPORT = Metric("balanced_accuracy", "balanced accuracy", True, ("class", "multilabel"), prepare, balanced_accuracy)
