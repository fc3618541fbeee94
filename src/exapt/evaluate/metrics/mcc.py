"""Matthews correlation coefficient (for several classes the R_K statistic; mean over labels)."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._counts import Counts, prepare
from exapt.evaluate.metrics._metric import Floats, Metric, divide, mean_defined


def mcc(counts: Counts) -> Floats:
    """MCC of each replicate, from -1 to 1; 0 for a constant guess, NaN where the truth has one class only.

    References
    ----------
    Gorodkin 2004, Comparing two K-category assignments by a K-category correlation coefficient.
    doi:10.1016/j.compbiolchem.2004.09.006
    """
    if counts.multilabel:
        total, support, guesses = counts.total, counts.support, counts.guesses
        covariance = counts.hits * total - support * guesses
        spread_truth, spread_guess = support * (total - support), guesses * (total - guesses)
        return mean_defined(_coefficient(covariance, spread_truth, spread_guess))
    total = counts.total[:, 0]
    covariance = counts.hits.sum(1) * total - (counts.support * counts.guesses).sum(1)
    spread_truth = total**2 - (counts.support**2).sum(1)
    spread_guess = total**2 - (counts.guesses**2).sum(1)
    return _coefficient(covariance, spread_truth, spread_guess)


def _coefficient(covariance: Floats, spread_truth: Floats, spread_guess: Floats) -> Floats:
    value = divide(covariance, np.sqrt(spread_truth) * np.sqrt(spread_guess))
    return np.where((spread_guess == 0) & (spread_truth > 0), 0.0, value)


EXPORT = Metric("mcc", "MCC", True, ("class", "multilabel"), prepare, mcc, (-1.0, 1.0))
