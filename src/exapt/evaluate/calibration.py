"""Whether probabilities mean what they say: reliability bins and the expected calibration error.

References
----------
Guo et al. 2017, On calibration of modern neural networks. arXiv:1706.04599
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from exapt.core.errors import DataError
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    import pandas as pd


def reliability(truth: ArrayLike, prediction: ArrayLike, *, bins: int = 10) -> pd.DataFrame:
    """Compare what was claimed with what happened, in bins of equal width.

    Parameters
    ----------
    truth
        (n,) classes, negative = missing; or (n, T) of 0, 1 or NaN.
    prediction
        (n, C) probabilities: the claim is the probability of the guessed class, the event that it is right.
        Or (n, T): the claim is the probability of each known label, the event that the label is there.
    bins
        Number of bins between 0 and 1; a claim on an edge belongs to the lower bin.

    Returns
    -------
    DataFrame
        One row a bin: low, high, n, confidence (mean claim) and frequency (share of events), both NaN where n = 0.

    Raises
    ------
    DataError
        Where the shapes do not fit together.

    Examples
    --------
    >>> reliability([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], bins=2)
       low  high  n  confidence  frequency
    0  0.0   0.5  0         NaN        NaN
    1  0.5   1.0  3         0.8   0.666667
    """
    import pandas as pd

    claim, event = _claims(np.asarray(truth), np.asarray(prediction, dtype=np.float64))
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, claim, side="left") - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    size = np.where(count > 0, count, np.nan)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "n": count,
            "confidence": np.bincount(place, weights=claim, minlength=bins) / size,
            "frequency": np.bincount(place, weights=event, minlength=bins) / size,
        }
    )


def expected_calibration_error(truth: ArrayLike, prediction: ArrayLike, *, bins: int = 10) -> float:
    """Mean distance between claim and frequency, each bin weighted by its rows; from 0 (calibrated) to 1.

    Parameters
    ----------
    truth, prediction, bins
        As for `reliability`.

    Examples
    --------
    >>> round(expected_calibration_error([0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], bins=2), 4)
    0.1333
    """
    table = reliability(truth, prediction, bins=bins)
    gap = (table["confidence"] - table["frequency"]).abs()
    total = int(table["n"].sum())
    return float((gap * table["n"]).sum() / total) if total else float("nan")


def _claims(truth: Floats, prediction: Floats) -> tuple[Floats, Floats]:
    if prediction.ndim != 2 or len(truth) != len(prediction) or (truth.ndim == 2 and truth.shape != prediction.shape):
        raise DataError(f"Calibration: truth {truth.shape} and prediction {prediction.shape} do not fit together.")
    known = np.isfinite(truth)
    if truth.ndim == 2:
        return prediction[known], (truth[known] > 0.5).astype(np.float64)
    known &= truth >= 0
    kept = prediction[known]
    return kept.max(1, initial=0.0), (kept.argmax(1) == truth[known]).astype(np.float64)
