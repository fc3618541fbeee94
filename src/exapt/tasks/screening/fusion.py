"""One ranking of a library from the scores of several scorers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from exapt.core.errors import ConfigError, DataError, nearest

Rule = Literal["mean", "reciprocal", "best"]
RULES: tuple[str, ...] = get_args(Rule)
OFFSET = 60.0  # of reciprocal ranks: how much less the very first ranks count than 1 / rank would make them


def ranks(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rank of each score, 1 = the highest; equal scores share the mean of their ranks, NaN has no rank.

    Parameters
    ----------
    scores
        (n,).

    Returns
    -------
    array
        (n,) float64, NaN where the score is.

    Examples
    --------
    >>> ranks(np.array([0.5, 0.9, np.nan, 0.5])).tolist()
    [2.5, 1.0, nan, 2.5]
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(-np.asarray(scores, dtype=np.float64), nan_policy="omit"), dtype=np.float64)


def fuse(scores: Mapping[str, NDArray[np.float64]], how: str = "mean") -> NDArray[np.float64]:
    """Fused score of each molecule, from its ranks by several scorers, so that their scales do not matter.

    Parameters
    ----------
    scores
        Scorer -> (n,) scores of the whole library, higher is better.
    how
        ``mean``: minus the mean rank. ``reciprocal``: sum of 1 / (60 + rank), in which the top of each ranking counts
        most. ``best``: minus the best of the ranks.

    Returns
    -------
    array
        (n,) float64, higher is better; NaN where any score is missing.

    Raises
    ------
    ConfigError
        Where the rule is unknown.
    DataError
        Where there is no scorer, or they have not scored the same number of molecules.

    References
    ----------
    Cormack, Clarke and Büttcher (2009), Reciprocal rank fusion. doi:10.1145/1571941.1572114
    Willett (2013), Combination of similarity rankings using data fusion. doi:10.1021/ci300547g

    Examples
    --------
    >>> fuse({"a": np.array([3.0, 2.0, 1.0]), "b": np.array([0.2, 0.3, 0.1])}).tolist()
    [-1.5, -1.5, -3.0]
    """
    if how not in RULES:
        raise ConfigError(f"Unknown rule of fusion {how!r}. {nearest(how, RULES)}")
    lengths = {name: len(values) for name, values in scores.items()}
    if len(set(lengths.values())) != 1:
        raise DataError(f"Fusion needs scorers with scores of the same molecules; found {lengths or 'no scorer'}.")
    missing = np.isnan(np.stack(list(scores.values()))).any(0)
    places = np.stack([ranks(np.where(missing, np.nan, values)) for values in scores.values()])
    if how == "mean":
        return np.asarray(-places.mean(0))
    if how == "best":
        return np.asarray(-places.min(0))
    return np.asarray((1 / (OFFSET + places)).sum(0))
