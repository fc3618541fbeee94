"""Split-conformal prediction: sets of classes, or intervals of numbers, that hold the truth with a chosen probability.

The promise holds for rows that are drawn like the validation rows, on average over them: a rare or a difficult class
may be covered less, which is why coverage is also given class by class.

- Classes: LAC, all classes whose probability reaches a bound. Of all sets with the same coverage these are the smallest
  on average. The most probable class is always in the set, so that none is empty.
- Labels: the same for each yes/no decision by itself, with one bound for all labels.
- Numbers: the prediction plus and minus a quantile of the absolute errors.

References
----------
Vovk et al. 2005, Algorithmic learning in a random world. doi:10.1007/b106715
Sadinle et al. 2019, Least ambiguous set-valued classifiers with bounded error levels.
doi:10.1080/01621459.2017.1395341
Vovk 2012, Conditional validity of inductive conformal predictors. arXiv:1209.2673
Lei et al. 2018, Distribution-free predictive inference for regression. doi:10.1080/01621459.2017.1307116
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import ConfigError
from exapt.evaluate.metrics._metric import Floats, Kind


def quantile(scores: ArrayLike, coverage: float = 0.9) -> float:
    """The bound under which a new score lies with at least the chosen probability.

    Parameters
    ----------
    scores
        (m,) scores of validation rows: the larger, the stranger. NaN = missing.
    coverage
        Wanted share of new scores at or below the bound, in (0, 1).

    Returns
    -------
    float
        The ceil((m + 1) * coverage)-th smallest score; infinity where there are too few rows (9 for 90 %).

    Raises
    ------
    ConfigError
        Where the coverage is not between 0 and 1.

    Examples
    --------
    >>> quantile([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]), quantile([0.1, 0.2])
    (0.9, inf)
    """
    if not 0 < coverage < 1:
        raise ConfigError(f"A coverage lies between 0 and 1; found {coverage!r}. The usual one is 0.9.")
    values = np.asarray(scores, dtype=np.float64).ravel()
    values = np.sort(values[np.isfinite(values)])
    place = math.ceil((len(values) + 1) * coverage - 1e-9)  # 9 rows and 90 % are exactly enough
    return float(values[place - 1]) if place <= len(values) else float("inf")


def strangeness(truth: ArrayLike, prediction: ArrayLike, kind: Kind) -> Floats:
    """How badly a prediction fits the truth: 1 - probability of what is true, or the absolute error.

    Parameters
    ----------
    truth
        (n,) classes, negative = missing; (n, T) labels 0, 1 or NaN; (n,) or (n, T) numbers, NaN = missing.
    prediction
        (n, C) or (n, T) probabilities, or numbers in the shape of the truth.
    kind
        What the target is.

    Returns
    -------
    ndarray
        (n,) for classes, (n, T) else; NaN where the truth is missing.

    Examples
    --------
    >>> strangeness([0, -1], [[0.75, 0.25], [0.5, 0.5]], "class").tolist()
    [0.25, nan]
    """
    true, guess = np.asarray(truth), np.asarray(prediction, dtype=np.float64)
    if kind == "number":
        true, guess = (values[:, None] if values.ndim == 1 else values for values in (true, guess))
        return np.asarray(np.abs(guess - true), dtype=np.float64)
    if kind == "multilabel":
        chance = np.where(true > 0.5, guess, 1 - guess)
        return np.where(np.isfinite(true), 1 - chance, np.nan)
    known = np.isfinite(true) & (true >= 0)
    place = np.where(known, true, 0).astype(np.int64)
    return np.where(known, 1 - guess[np.arange(len(guess)), place], np.nan)


def members(prediction: ArrayLike, bound: float) -> NDArray[np.bool_]:
    """Which classes are in the set of each row: 1 - probability up to the bound, and always the most probable class.

    Parameters
    ----------
    prediction
        (n, C) probabilities.
    bound
        As `quantile` gives it.

    Examples
    --------
    >>> members([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]], 0.6).astype(int).tolist()
    [[1, 0, 0], [1, 0, 0]]
    >>> members([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]], 0.75).astype(int).tolist()
    [[1, 1, 0], [1, 1, 1]]
    """
    chance = np.asarray(prediction, dtype=np.float64)
    inside = 1 - chance <= bound
    inside[np.arange(len(chance)), chance.argmax(1)] = True
    return np.asarray(inside, dtype=np.bool_)


def states(prediction: ArrayLike, bound: float) -> NDArray[np.bool_]:
    """Which answers, no and yes, are possible for each label.

    Parameters
    ----------
    prediction
        (n, T) probabilities of yes.
    bound
        As `quantile` gives it.

    Returns
    -------
    ndarray
        (n, T, 2): no, yes; at least one of them is True.

    Examples
    --------
    >>> states([[0.75, 0.5]], 0.5).astype(int).tolist()
    [[[0, 1], [1, 1]]]
    """
    yes = np.asarray(prediction, dtype=np.float64)
    pairs = np.stack([1 - yes, yes], axis=-1)
    return members(pairs.reshape(-1, 2), bound).reshape(pairs.shape)


def fit(truth: ArrayLike, prediction: ArrayLike, kind: Kind, coverage: float = 0.9) -> dict[str, Any]:
    """The bound of sets or intervals, from validation rows.

    Parameters
    ----------
    truth, prediction, kind
        As for `strangeness`; probabilities after calibration, if they are calibrated.
    coverage
        Wanted share of rows whose truth is in the set.

    Returns
    -------
    dict
        JSON: method, goal (the coverage), bounds (one, or one a column of numbers; None where validation is too small,
        so that every answer is possible), n_valid.

    Examples
    --------
    >>> fit([1.0, 2.0], [1.5, 2.0], "number", coverage=0.5)
    {'method': 'absolute error', 'goal': 0.5, 'bounds': [0.5], 'n_valid': 2}
    """
    scores = strangeness(truth, prediction, kind)
    columns = list(scores.T) if kind == "number" else [scores]
    bounds = [quantile(column, coverage) for column in columns]
    return {
        "method": "absolute error" if kind == "number" else "LAC",
        "goal": coverage,
        "bounds": [bound if np.isfinite(bound) else None for bound in bounds],
        "n_valid": int(np.isfinite(scores).sum()) if kind == "multilabel" else _rows(scores),
    }


def usual(n_valid: int, coverage: float = 0.9) -> tuple[float, float]:
    """Between which values the coverage of 95 % of all validation sets of this size lies, if rows are exchangeable.

    Parameters
    ----------
    n_valid
        Validation rows behind the bound.
    coverage
        That was wanted.

    Examples
    --------
    >>> low, high = usual(100)
    >>> round(low, 3), round(high, 3)
    (0.836, 0.951)
    >>> usual(5)
    (1.0, 1.0)
    """
    from scipy.special import betaincinv

    place = math.ceil((n_valid + 1) * coverage - 1e-9)
    if place > n_valid:
        return 1.0, 1.0
    low, high = betaincinv(place, n_valid + 1 - place, [0.025, 0.975])
    return float(low), float(high)


def _rows(scores: Floats) -> int:
    known = np.isfinite(scores)
    return int(known.sum() if scores.ndim == 1 else known.any(1).sum())


def bound_of(fitted: dict[str, Any], column: int = 0) -> float:
    """A bound that was fitted, infinite where validation was too small."""
    found = fitted["bounds"][column]
    return float("inf") if found is None else float(found)
