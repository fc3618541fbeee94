"""Whether probabilities mean what they say: reliability bins, calibration error, and temperature scaling.

References
----------
Guo et al. 2017, On calibration of modern neural networks. arXiv:1706.04599
Bröcker and Smith 2007, Increasing the reliability of reliability diagrams. doi:10.1175/WAF993.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import DataError
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    import pandas as pd

TEMPERATURES = (0.05, 20.0)
SMALLEST = 1e-12  # probability; keeps the logarithm of a 0 finite


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


def error_if_calibrated(prediction: ArrayLike, truth: ArrayLike, *, bins: int = 10, draws: int = 200) -> float:
    """The calibration error that probabilities show by chance on this many rows although they are right.

    With few rows no error is 0. Only what exceeds this number says something. It is the mean error over truths that
    were drawn from the claims themselves.

    Parameters
    ----------
    prediction, truth, bins
        As for `reliability`; of the truth only counts where it is missing.
    draws
        Number of simulated truths.

    Examples
    --------
    >>> claims = [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]
    >>> error_if_calibrated(claims, [0, 1, 1]) > 0.1
    True
    >>> error_if_calibrated(claims * 2000, [0, 1, 1] * 2000) < 0.01
    True
    """
    claim, _ = _claims(np.asarray(truth), np.asarray(prediction, dtype=np.float64))
    if not len(claim):
        return float("nan")
    place = np.clip(np.ceil(claim * bins).astype(np.int64) - 1, 0, bins - 1)
    generator = np.random.default_rng(0)
    errors = [
        np.abs(np.bincount(place, weights=claim - (generator.random(len(claim)) < claim), minlength=bins)).sum()
        for _ in range(draws)
    ]
    return float(np.mean(errors) / len(claim))


def fit_temperature(truth: ArrayLike, prediction: ArrayLike) -> float:
    """The temperature under which the truth is most likely.

    Parameters
    ----------
    truth
        (n,) classes, negative = missing; or (n, T) of 0, 1 or NaN, where one temperature serves all labels. Of rows
        that were neither trained on nor are tested on: the validation rows.
    prediction
        (n, C) or (n, T) probabilities.

    Returns
    -------
    float
        Above 1 where the probabilities were too sure, below 1 where they were too modest; 0.05 to 20. Exactly 1 where
        the rows cannot say: none has a known truth, or no answer is wrong, so that the likelihood rises without end
        towards certainty.

    Raises
    ------
    DataError
        Where the shapes do not fit together.

    Examples
    --------
    >>> truth = [0] * 8 + [1] * 2
    >>> temperature = fit_temperature(truth, [[0.99, 0.01]] * 10)
    >>> scale([[0.99, 0.01]], temperature).round(3).tolist()
    [[0.8, 0.2]]
    """
    from scipy.optimize import minimize_scalar

    true, guess = np.asarray(truth), np.asarray(prediction, dtype=np.float64)
    logits, place = _logits(true, guess)
    right = logits[np.arange(len(logits)), place]
    if (right >= logits.max(1, initial=-np.inf)).all():
        return 1.0

    def loss(log_sharpness: float) -> float:
        sharpness = np.exp(log_sharpness)
        return float(np.mean(np.logaddexp.reduce(sharpness * logits, axis=1) - sharpness * right))

    low, high = (-float(np.log(end)) for end in reversed(TEMPERATURES))
    # the likelihood is concave in 1 / temperature, so there is one optimum
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(-found.x))


def scale(prediction: ArrayLike, temperature: float, *, multilabel: bool = False) -> Floats:
    """Probabilities at another temperature; which class is the most probable does not change.

    Parameters
    ----------
    prediction
        (n, C) probabilities of classes, or (n, T) of labels.
    temperature
        Above 0; 1 changes nothing.
    multilabel
        True where each column is a label of its own.

    Returns
    -------
    ndarray
        Same shape; rows sum to 1 where classes exclude each other.

    Examples
    --------
    >>> scale([[0.8, 0.2]], 2.0).round(4).tolist(), scale([[0.8, 0.2]], 2.0, multilabel=True).round(4).tolist()
    ([[0.6667, 0.3333]], [[0.6667, 0.3333]])
    """
    values = np.clip(np.asarray(prediction, dtype=np.float64), SMALLEST, 1.0)
    if multilabel:
        odds = np.log(values) - np.log(np.clip(1 - values, SMALLEST, 1.0))
        return np.asarray(1 / (1 + np.exp(-odds / temperature)), dtype=np.float64)
    logits = np.log(values) / temperature
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True), dtype=np.float64)


def _logits(truth: NDArray[Any], prediction: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Log-probabilities of the alternatives (m, K) and the true one (m,), one row a known class or label."""
    _fit(truth, prediction)
    values = np.clip(prediction, SMALLEST, 1.0)
    if truth.ndim == 2:
        known = np.isfinite(truth)
        there = values[known]
        pairs = np.stack([np.clip(1 - there, SMALLEST, 1.0), there], axis=1)
        return np.log(pairs), (truth[known] > 0.5).astype(np.int64)
    rows = np.isfinite(truth) & (truth >= 0)
    return np.log(values[rows]), truth[rows].astype(np.int64)


def _fit(truth: NDArray[Any], prediction: Floats) -> None:
    if prediction.ndim != 2 or len(truth) != len(prediction) or (truth.ndim == 2 and truth.shape != prediction.shape):
        raise DataError(f"Calibration: truth {truth.shape} and prediction {prediction.shape} do not fit together.")


def _claims(truth: Floats, prediction: Floats) -> tuple[Floats, Floats]:
    _fit(truth, prediction)
    known = np.isfinite(truth)
    if truth.ndim == 2:
        return prediction[known], (truth[known] > 0.5).astype(np.float64)
    known &= truth >= 0
    kept = prediction[known]
    return kept.max(1, initial=0.0), (kept.argmax(1) == truth[known]).astype(np.float64)
