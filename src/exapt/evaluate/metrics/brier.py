"""Brier score: mean squared error of the probabilities (two classes: of the last; several: summed over classes)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Floats, Metric, divide
from exapt.evaluate.metrics._sums import sums_of


def squared_errors(truth: NDArray[Any], prediction: Floats) -> Floats:
    """(n, 2): squared error of each row, and of how many probabilities it is."""
    if truth.ndim == 2:
        known = np.isfinite(truth)
        return np.stack([np.where(known, (prediction - truth) ** 2, 0.0).sum(1), known.sum(1)], axis=1)
    inside = truth < prediction.shape[1]
    at_truth = np.where(inside, prediction[np.arange(len(truth)), np.where(inside, truth, 0)], 0.0)
    error = (prediction**2).sum(1) - 2 * at_truth + 1
    return np.stack([error, np.full(len(truth), 2.0 if prediction.shape[1] == 2 else 1.0)], axis=1)


def brier(sums: Floats) -> Floats:
    """Brier score of each replicate, from 0 to 1 (several classes: to 2).

    References
    ----------
    Brier 1950, Verification of forecasts expressed in terms of probability.
    doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
    """
    return divide(sums[:, 0], sums[:, 1])


EXPORT = Metric("brier", "Brier score", False, ("class", "multilabel"), sums_of(squared_errors), brier, (0.0, 2.0))
