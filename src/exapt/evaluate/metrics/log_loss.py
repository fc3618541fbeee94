"""Log loss (cross-entropy, in nats) of the probabilities; labels: mean over the known cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Floats, Metric, divide

SMALLEST = float(np.finfo(np.float64).eps)  # a probability of 0 for what happened costs 36 nats, not infinity


def log_loss(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Log loss of each replicate, 0 or more."""
    if truth.ndim == 2:
        known = np.isfinite(truth)
        right = np.where(truth > 0.5, prediction, 1 - prediction)
        cost = np.where(known, -np.log(np.clip(right, SMALLEST, 1)), 0.0).sum(1)
        return divide(weights @ cost, weights @ known.sum(1).astype(np.float64))
    inside = truth < prediction.shape[1]
    right = np.where(inside, prediction[np.arange(len(truth)), np.where(inside, truth, 0)], 0.0)
    return divide(weights @ -np.log(np.clip(right, SMALLEST, 1)), weights.sum(1))


EXPORT = Metric("log_loss", "log loss", False, ("class", "multilabel"), log_loss, (0.0, float("inf")))
