"""Area under the precision-recall curve as average precision (several classes and labels as for auroc)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, Metric, divide
from exapt.evaluate.metrics._ranking import Found, Ranking, prepare


def auprc(ranking: Ranking) -> Floats:
    """Average precision of each replicate, from 0 to 1; NaN where one class only is there.

    The step-wise sum, without interpolation between the points. The level of chance is the share of positives.

    References
    ----------
    Davis and Goadrich 2006, The relationship between precision-recall and ROC curves. doi:10.1145/1143844.1143874
    """
    return ranking.mean(_area)


def _area(found: Found) -> Floats:
    hits = found.positives_from()
    retrieved = found.negatives_from(ties=True) + hits
    precision = np.divide(hits, retrieved, out=retrieved, where=retrieved > 0)
    return divide(np.einsum("rm,rm->r", found.weights, precision), found.positives[:, -1])


EXPORT = Metric("auprc", "AUPRC", True, ("class", "multilabel"), prepare, auprc)
