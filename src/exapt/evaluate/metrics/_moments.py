"""Weighted sums behind the scores of numbers, for all replicates and target columns at once."""

from __future__ import annotations

import numpy as np

from exapt.evaluate.metrics._metric import Floats, divide

CONSTANT = 1e-12  # a variance below this share of the second moment is rounding: the values are constant


def mean_of_columns(values: Floats, truth: Floats, weights: Floats) -> Floats:
    """Weighted mean of each column over the rows whose truth is known.

    Parameters
    ----------
    values
        (n, T), anything where the truth is missing.
    truth
        (n, T), NaN = missing.
    weights
        (R, n).

    Returns
    -------
    ndarray
        (R, T), NaN where a replicate holds no known row.
    """
    known = np.isfinite(truth)
    return divide(weights @ np.where(known, values, 0.0), weights @ known.astype(np.float64))


def spread(values: Floats, truth: Floats) -> Floats:
    """Standard deviation of each column over its known rows, (T,); 1 where it is 0."""
    shifted = _shifted(values, truth)
    scale = np.sqrt((shifted**2).sum(0) / _known(truth))
    return np.asarray(np.where(scale > 0, scale, 1.0), dtype=np.float64)


def centred(values: Floats, truth: Floats) -> Floats:
    """Values minus their column mean over the known rows, over their standard deviation; 0 where unknown.

    Only the numerical condition of the moments changes: what is scored does not depend on place and scale.
    """
    return np.asarray(_shifted(values, truth) / spread(values, truth), dtype=np.float64)


def _known(truth: Floats) -> Floats:
    return np.asarray(np.maximum(np.isfinite(truth).sum(0), 1), dtype=np.float64)


def _shifted(values: Floats, truth: Floats) -> Floats:
    known = np.isfinite(truth)
    mean = np.where(known, values, 0.0).sum(0) / _known(truth)
    return np.where(known, values - mean, 0.0)


def variance(mean: Floats, mean_square: Floats) -> Floats:
    """Second central moment; exactly 0 where the difference is only rounding."""
    value = mean_square - mean**2
    return np.where(value > CONSTANT * mean_square, value, 0.0)
