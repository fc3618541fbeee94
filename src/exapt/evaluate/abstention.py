"""Saying "unknown" instead of guessing: risk and coverage, a threshold for a chosen error rate, and its use.

A model that answers only where it is sure makes fewer mistakes. Coverage is the share of rows that it answers, risk the
share of wrong answers among them. The threshold is the lowest probability at which (wrong + 1) / (answered + 1) of the
validation rows is at most the chosen error rate. The 1 stands for the row that is to be predicted, which might be
wrong: 5 % cannot be promised from fewer than 19 right validation rows.

References
----------
Geifman and El-Yaniv 2017, Selective classification for deep neural networks. arXiv:1705.08500
Geifman et al. 2018, Bias-reduced uncertainty estimation for deep neural classifiers. arXiv:1805.08206 (AURC)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import ConfigError, DataError
from exapt.evaluate import conformal
from exapt.evaluate.calibration import fit_temperature, scale
from exapt.evaluate.metrics._counts import THRESHOLD
from exapt.evaluate.metrics._metric import Floats, Kind

ERROR_RATE = 0.05
COVERAGE = 0.9


def decisions(truth: ArrayLike, prediction: ArrayLike, kind: Kind) -> tuple[Floats, Floats]:
    """How sure the model is of its answer, and whether the answer is right.

    Parameters
    ----------
    truth
        (n,) classes, negative = missing; or (n, T) labels 0, 1 or NaN.
    prediction
        (n, C) or (n, T) probabilities.
    kind
        "class" or "multilabel".

    Returns
    -------
    confidence, right
        (n,) for classes, (n, T) for labels: the probability of the answer; 1 or 0, NaN where the truth is missing.

    Examples
    --------
    >>> sure, right = decisions([0, 1], [[0.75, 0.25], [0.5, 0.5]], "class")
    >>> sure.tolist(), right.tolist()
    ([0.75, 0.5], [1.0, 0.0])
    """
    true, guess = np.asarray(truth), np.asarray(prediction, dtype=np.float64)
    if kind == "multilabel":
        right = (guess >= THRESHOLD) == (true > 0.5)
        return np.maximum(guess, 1 - guess), np.where(np.isfinite(true), right, np.nan)
    known = np.isfinite(true) & (true >= 0)
    return guess.max(1), np.where(known, guess.argmax(1) == true, np.nan)


def risk_coverage(confidence: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    """Risk at every coverage, the surest rows first.

    Parameters
    ----------
    confidence, right
        As `decisions` gives them.

    Returns
    -------
    coverage, risk
        (m,) each, for the 1, 2, ..., m surest of the m rows with a known truth. Rows that are equally sure share their
        mistakes, so the order of rows does not matter.

    Examples
    --------
    >>> coverage, risk = risk_coverage([0.9, 0.8, 0.8, 0.5], [1, 0, 1, 0])
    >>> coverage.tolist(), risk.round(3).tolist()
    ([0.25, 0.5, 0.75, 1.0], [0.0, 0.25, 0.333, 0.5])
    """
    sure, wrong = _known(confidence, right)
    if not len(sure):
        return np.empty(0), np.empty(0)
    order = np.argsort(-sure, kind="stable")
    _, block, size = np.unique(-sure[order], return_inverse=True, return_counts=True)
    shared = (np.bincount(block, weights=wrong[order]) / size)[block]
    rank = np.arange(1, len(sure) + 1)
    return rank / len(sure), np.cumsum(shared) / rank


def aurc(confidence: ArrayLike, right: ArrayLike) -> float:
    """Area under the risk-coverage curve, the mean risk over all coverages; the error rate where confidence is no help.

    Examples
    --------
    >>> round(aurc([0.9, 0.8, 0.8, 0.5], [1, 0, 1, 0]), 4)
    0.2708
    """
    _, risk = risk_coverage(confidence, right)
    return float(risk.mean()) if len(risk) else float("nan")


def fit_threshold(confidence: ArrayLike, right: ArrayLike, error_rate: float = ERROR_RATE) -> float | None:
    """The lowest confidence that keeps the chosen error rate, from validation rows.

    Parameters
    ----------
    confidence, right
        As `decisions` gives them.
    error_rate
        Wanted share of wrong answers, in (0, 1).

    Returns
    -------
    float or None
        Answers below are "unknown". 0 where all rows can be answered, None where no threshold keeps the rate.

    Raises
    ------
    ConfigError
        Where the error rate is not between 0 and 1.

    Examples
    --------
    >>> fit_threshold([0.9] * 30 + [0.6] * 10, [1] * 30 + [0] * 10)
    0.9
    >>> fit_threshold([0.9] * 18, [1] * 18) is None
    True
    """
    if not 0 < error_rate < 1:
        raise ConfigError(f"An error rate lies between 0 and 1; found {error_rate!r}. The usual one is 0.05.")
    sure, wrong = _known(confidence, right)
    if not len(sure):
        return None
    order = np.argsort(-sure, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(sure[order])), len(sure) - 1)
    answered = ends + 1.0
    kept = (np.cumsum(wrong[order])[ends] + 1) / (answered + 1) <= error_rate + 1e-12
    if not kept.any():
        return None
    return 0.0 if kept[-1] else float(sure[order][ends[np.flatnonzero(kept)[-1]]])


def _known(confidence: ArrayLike, right: ArrayLike) -> tuple[Floats, Floats]:
    sure, hit = np.asarray(confidence, dtype=np.float64).ravel(), np.asarray(right, dtype=np.float64).ravel()
    known = np.isfinite(hit)
    return sure[known], 1 - hit[known]


def fit_rules(
    truth: ArrayLike,
    prediction: ArrayLike,
    kind: Kind,
    *,
    error_rate: float = ERROR_RATE,
    coverage: float = COVERAGE,
) -> dict[str, Any]:
    """All that a prediction needs to say how far it can be trusted, from validation rows.

    Parameters
    ----------
    truth
        (n,) or (n, T), of rows that were neither trained on nor are tested on.
    prediction
        (n, C), (n, T) or (n,): what one model predicts for them.
    kind
        What the target is.
    error_rate
        Wanted share of wrong answers among those that are given.
    coverage
        Wanted share of rows whose truth is in the prediction set.

    Returns
    -------
    dict
        JSON: kind; temperature (None for numbers); threshold (None where no threshold keeps the error rate, and for
        numbers) and error_rate; conformal (as `conformal.fit` gives it).

    Examples
    --------
    >>> rules = fit_rules([0] * 30, [[0.9, 0.1]] * 30, "class")
    >>> sorted(rules), rules["threshold"]
    (['conformal', 'error_rate', 'kind', 'temperature', 'threshold'], 0.0)
    """
    found: dict[str, Any] = {"kind": kind, "temperature": None, "threshold": None, "error_rate": error_rate}
    if kind != "number":
        found["temperature"] = fit_temperature(truth, prediction)
        prediction = scale(prediction, found["temperature"], multilabel=kind == "multilabel")
        found["threshold"] = fit_threshold(*decisions(truth, prediction, kind), error_rate)
    return {**found, "conformal": conformal.fit(truth, prediction, kind, coverage)}


@dataclass(frozen=True)
class Applied:
    """Predictions with what can be said about them.

    Attributes
    ----------
    prediction
        Calibrated probabilities (n, C) or (n, T), or the numbers as they were.
    unknown
        (n,), or (n, T) for labels: True where the model should not answer; None for numbers.
    sets
        (n,) text of each row: the classes that are possible, the most probable first, as `"T cell | NK"`; the labels
        that are possible, with a `?` where "no" is possible too; or an interval of each number, as `"1.2 to 3.4"`.
    """

    prediction: Floats
    unknown: NDArray[np.bool_] | None
    sets: list[str]


def apply(rules: Mapping[str, Any], prediction: ArrayLike, classes: Sequence[str] = ()) -> Applied:
    """Calibrate predictions, flag those that are unknown, and give each its set.

    Parameters
    ----------
    rules
        As `fit_rules` made them for the same model.
    prediction
        (n, C) or (n, T) probabilities, or numbers (n,) or (n, T).
    classes
        Names of the C classes or T labels; empty for numbers.

    Raises
    ------
    DataError
        Where the names do not fit the prediction.

    Examples
    --------
    >>> rules = {"kind": "class", "temperature": 1.0, "threshold": 0.7, "error_rate": 0.05,
    ...          "conformal": {"method": "LAC", "goal": 0.9, "bounds": [0.7], "n_valid": 99}}
    >>> found = apply(rules, [[0.75, 0.15, 0.1], [0.35, 0.6, 0.05]], ["T", "B", "NK"])
    >>> found.unknown.tolist(), found.sets
    ([False, True], ['T', 'B | T'])
    """
    values = np.asarray(prediction, dtype=np.float64)
    kind: Kind = rules["kind"]
    if kind == "number":
        return Applied(values, None, _intervals(values, rules["conformal"]))
    if values.ndim != 2 or values.shape[1] != len(classes):
        raise DataError(f"{len(classes)} names for predictions of shape {values.shape}; every column needs one.")
    chances = scale(values, rules["temperature"], multilabel=kind == "multilabel")
    sure = np.maximum(chances, 1 - chances) if kind == "multilabel" else chances.max(1)
    threshold = rules["threshold"]
    unknown = sure < (np.inf if threshold is None else threshold)
    return Applied(chances, np.asarray(unknown, dtype=np.bool_), _sets(chances, rules["conformal"], kind, classes))


def _sets(chances: Floats, fitted: dict[str, Any], kind: Kind, classes: Sequence[str]) -> list[str]:
    bound = conformal.bound_of(fitted)
    order = np.argsort(-chances, axis=1, kind="stable")
    if kind == "class":
        inside = conformal.members(chances, bound)
        return [" | ".join(classes[k] for k in row if inside[i, k]) for i, row in enumerate(order)]
    possible = conformal.states(chances, bound)
    texts = np.where(possible[..., 0], "?", "")
    return [" | ".join(f"{classes[k]}{texts[i, k]}" for k in row if possible[i, k, 1]) for i, row in enumerate(order)]


def _intervals(values: Floats, fitted: dict[str, Any]) -> list[str]:
    columns = values[:, None] if values.ndim == 1 else values
    half = np.array([conformal.bound_of(fitted, column) for column in range(columns.shape[1])])
    return [
        " | ".join(f"{low:.4g} to {high:.4g}" for low, high in zip(row - half, row + half, strict=True))
        for row in columns
    ]
