"""What a metric is: statistics of groups of rows, made once, and a score of their weighted sums.

A replicate is given by how often it holds each *group* of rows. So what is slow (comparing, sorting) is done once, in
`prepare`; where a score needs only sums (counts, moments), a replicate costs as much as there are groups, however
many rows they have. `finish` turns the weighted statistics of many replicates into their scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import DataError
from exapt.core.registry import METRICS

Kind = Literal["class", "multilabel", "number"]
Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Statistic = Callable[[NDArray[Any]], Any]
Prepare = Callable[[NDArray[Any], Floats, Codes, int], Statistic]

BLOCK = 1 << 22  # multiplicities scored at a time


@dataclass(frozen=True)
class Metric:
    """One score, computed for many bootstrap replicates without a Python loop over them.

    A replicate is given by how often it holds each row, so a score with `weights` equals the score of the
    rows repeated that often. Rows whose truth is missing (NaN, or a negative class) are left out.

    Parameters
    ----------
    name
        The word in the YAML: the file name.
    label
        How the metric is written in text, e.g. ``"macro-F1"``.
    higher_is_better
        False for errors and losses.
    kinds
        ``"class"``: truth (n,) integers, prediction (n, C) probabilities. ``"multilabel"``: truth (n, T) of
        0, 1 or NaN, prediction (n, T) probabilities. ``"number"``: truth and prediction (n,) or (n, T).
    prepare
        ``(truth, prediction, codes (n,), groups G) -> statistic``, and ``statistic(weights (R, G))`` is what `finish`
        takes. Metrics with the same `prepare` share its work.
    finish
        Its result -> scores (R,); NaN where a replicate leaves the metric undefined.
    bounds
        The lowest and the highest score that there can be.

    Examples
    --------
    >>> from exapt.core.registry import METRICS
    >>> accuracy = METRICS.get("accuracy")
    >>> accuracy.value([0, 1], [[0.9, 0.1], [0.6, 0.4]])
    0.5
    >>> accuracy([0, 1], [[0.9, 0.1], [0.6, 0.4]], [[1, 1], [2, 0], [1, 3]]).tolist()
    [0.5, 1.0, 0.25]
    """

    name: str
    label: str
    higher_is_better: bool
    kinds: tuple[Kind, ...]
    prepare: Prepare
    finish: Callable[[Any], Floats]
    bounds: tuple[float, float] = (0.0, 1.0)

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 for errors and losses."""
        return 1 if self.higher_is_better else -1

    def __call__(self, truth: ArrayLike, prediction: ArrayLike, weights: ArrayLike | None = None) -> Floats:
        """Score every replicate.

        Parameters
        ----------
        truth
            (n,) or (n, T), see `kinds`.
        prediction
            (n, C), (n,) or (n, T), see `kinds`; finite.
        weights
            (R, n) multiplicities, whole numbers from 0. None = one replicate that holds each row once.

        Returns
        -------
        ndarray
            (R,), NaN where undefined.

        Raises
        ------
        DataError
            Where the shapes do not fit together or a prediction is not finite.
        """
        n = len(np.asarray(truth))
        statistic = self.statistic(truth, prediction, np.arange(n), n)
        counts = np.ones((1, n)) if weights is None else np.asarray(weights)
        if counts.ndim != 2 or counts.shape[1] != n:
            raise DataError(f"{self.name}: weights have shape {counts.shape}; needed is (replicates, {n}).")
        step = max(1, BLOCK // max(1, n))
        parts = [self.finish(statistic(counts[start : start + step])) for start in range(0, len(counts), step)]
        return np.concatenate(parts) if parts else np.empty(0)

    def statistic(self, truth: ArrayLike, prediction: ArrayLike, codes: Codes, groups: int) -> Statistic:
        """What `finish` needs of every replicate, prepared for rows that come in groups.

        Parameters
        ----------
        truth, prediction
            As for a call.
        codes
            (n,) group of each row, from 0; a group may have no row.
        groups
            Number of groups G.

        Returns
        -------
        callable
            ``weights (R, G) -> what finish takes``.
        """
        known, guess, rows = self._checked(np.asarray(truth), np.asarray(prediction, dtype=np.float64))
        return self.prepare(known, guess, np.asarray(codes)[rows], groups)

    def value(self, truth: ArrayLike, prediction: ArrayLike) -> float:
        """The score of the rows as they are."""
        return float(self(truth, prediction)[0])

    def _checked(self, truth: NDArray[Any], prediction: Floats) -> tuple[NDArray[Any], Floats, NDArray[np.bool_]]:
        where = f"{self.name}: truth {truth.shape} and prediction {prediction.shape}"
        if truth.ndim not in (1, 2) or prediction.ndim not in (1, 2) or len(truth) != len(prediction):
            raise DataError(f"{where} do not have the same rows, in one or two dimensions.")
        if not np.isfinite(prediction).all():
            bad = int((~np.isfinite(prediction)).reshape(len(prediction), -1).any(1).sum())
            raise DataError(f"{self.name}: the prediction of {bad} of {len(prediction)} rows is not a finite number.")
        if self.kinds == ("number",):
            truth, prediction = _columns(truth.astype(np.float64)), _columns(prediction)
        if truth.ndim == 2:
            if truth.shape != prediction.shape:
                raise DataError(f"{where} do not have the same columns.")
            rows = np.isfinite(truth).any(1)
            return truth[rows].astype(np.float64), prediction[rows], rows
        if prediction.ndim == 1:
            raise DataError(f"{where}: classes need probabilities of shape (rows, classes).")
        rows = np.isfinite(truth) & (truth >= 0)
        return truth[rows].astype(np.int64), prediction[rows], rows


def find(name: str) -> Metric:
    """The metric of a name.

    Raises
    ------
    ConfigError
        Where the name is unknown; the message offers the nearest.
    """
    metric: Any = METRICS.get(name)
    found: Metric = metric
    return found


def _columns(values: Floats) -> Floats:
    return values[:, None] if values.ndim == 1 else values


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Elementwise quotient, NaN where the denominator is 0."""
    result = np.full(np.broadcast_shapes(numerator.shape, denominator.shape), np.nan)
    np.divide(numerator, denominator, out=result, where=denominator != 0)
    return result


def mean_defined(values: Floats) -> Floats:
    """Mean over the second axis of what is not NaN; NaN where nothing is.

    Examples
    --------
    >>> mean_defined(np.array([[1.0, np.nan], [1.0, 2.0]])).tolist()
    [1.0, 1.5]
    """
    defined = np.isfinite(values)
    return divide(np.where(defined, values, 0.0).sum(1), defined.sum(1).astype(np.float64))
