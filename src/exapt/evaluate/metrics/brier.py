"""Brier score: mean squared error of the probabilities (two classes: of the last; several: summed over classes)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Floats, Metric, divide


def brier(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Brier score of each replicate, from 0 to 1 (several classes: to 2).

    References
    ----------
    Brier 1950, Verification of forecasts expressed in terms of probability.
    doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2
    """
    if truth.ndim == 2:
        known = np.isfinite(truth)
        error = np.where(known, (prediction - truth) ** 2, 0.0).sum(1)
        return divide(weights @ error, weights @ known.sum(1).astype(np.float64))
    inside = truth < prediction.shape[1]
    at_truth = np.where(inside, prediction[np.arange(len(truth)), np.where(inside, truth, 0)], 0.0)
    error = (prediction**2).sum(1) - 2 * at_truth + 1
    half = 2 if prediction.shape[1] == 2 else 1
    return divide(weights @ error, weights.sum(1)) / half


EXPORT = Metric("brier", "Brier score", False, ("class", "multilabel"), brier, (0.0, 2.0))
