"""Area under the ROC curve (last of two classes; several: one against the rest, macro; labels: mean)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, Metric, divide
from exapt.evaluate.metrics._ranking import Found, Ranking, prepare


def auroc(ranking: Ranking) -> Floats:
    """AUROC of each replicate, from 0 to 1; NaN, not 0.5, where one class only is there.

    A tie counts one half. Classes or labels without both a positive and a negative row are left out of the mean.

    References
    ----------
    Hanley and McNeil 1982, The meaning and use of the area under a ROC curve. doi:10.1148/radiology.143.1.7063747
    """
    return ranking.mean(_area)


def _area(found: Found) -> Floats:
    """One minus the share of pairs in which the negative row is higher."""
    lost = np.einsum("rm,rm->r", found.weights, found.negatives_from(ties=False))
    if found.problem.tied:
        lost = (lost + np.einsum("rm,rm->r", found.weights, found.negatives_from(ties=True))) / 2
    return 1 - divide(lost, found.positives[:, -1] * found.negatives[:, -1])


EXPORT = Metric("auroc", "AUROC", True, ("class", "multilabel"), prepare, auroc)
