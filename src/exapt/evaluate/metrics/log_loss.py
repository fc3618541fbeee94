"""Log loss (cross-entropy, in nats) of the probabilities; labels: mean over the known cells."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Floats, Metric, divide
from exapt.evaluate.metrics._sums import sums_of

SMALLEST = float(np.finfo(np.float64).eps)  # a probability of 0 for what happened costs 36 nats, not infinity


def costs(truth: NDArray[Any], prediction: Floats) -> Floats:
    """(n, 2): cost of each row in nats, and of how many answers it is."""
    if truth.ndim == 2:
        known = np.isfinite(truth)
        right = np.where(truth > 0.5, prediction, 1 - prediction)
        return np.stack([np.where(known, -np.log(np.clip(right, SMALLEST, 1)), 0.0).sum(1), known.sum(1)], axis=1)
    inside = truth < prediction.shape[1]
    right = np.where(inside, prediction[np.arange(len(truth)), np.where(inside, truth, 0)], 0.0)
    return np.stack([-np.log(np.clip(right, SMALLEST, 1)), np.ones(len(truth))], axis=1)


def log_loss(sums: Floats) -> Floats:
    """Log loss of each replicate, 0 or more."""
    return divide(sums[:, 0], sums[:, 1])


EXPORT = Metric("log_loss", "log loss", False, ("class", "multilabel"), sums_of(costs), log_loss, (0.0, float("inf")))
