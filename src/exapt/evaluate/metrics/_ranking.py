"""Rank scores of weighted rows: ties are one step, as if each row stood there as often as its weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Floats, divide

Binary = Callable[["Side", "Side"], Floats]


class Side:
    """The positive or the negative rows of a two-class problem, ordered from the highest score.

    Attributes
    ----------
    scores
        (m,), falling.
    weights
        (m, R), multiplicities of the same rows.
    above
        (m + 1, R), how much weight the first 0, 1, ..., m rows have together.
    """

    def __init__(self, scores: Floats, weights: Floats) -> None:
        order = np.argsort(-scores, kind="stable")
        self.scores = scores[order]
        self.weights = weights[order]
        self.above = np.zeros((len(scores) + 1, weights.shape[1]))
        np.cumsum(self.weights, axis=0, out=self.above[1:])

    def higher(self, scores: Floats, *, ties: bool) -> Floats:
        """Weight of the rows that score higher than each of `scores`, or as high with `ties`, (len(scores), R)."""
        return self.above[np.searchsorted(-self.scores, -scores, side="right" if ties else "left")]


def over_problems(score: Binary, truth: NDArray[Any], prediction: Floats, weights: Floats) -> Floats:
    """Mean of a two-class rank score over its problems, leaving out those that a replicate does not define.

    Two classes are one problem (the last class against the first), C > 2 classes are C problems (one against
    the rest), and each label of a multi-label target is one (rows in which it is known).

    Parameters
    ----------
    score
        ``(positive rows, negative rows) -> (R,)``.
    truth, prediction, weights
        As `Metric` takes them.

    Returns
    -------
    ndarray
        (R,), NaN where no problem has both a positive and a negative row.
    """
    total = np.zeros(len(weights))
    defined = np.zeros(len(weights))
    for positive, negative, scores in _problems(truth, prediction):
        if not len(positive) or not len(negative):
            continue
        up = Side(scores[positive], weights.T[positive])
        down = Side(scores[negative], weights.T[negative])
        both = (up.above[-1] > 0) & (down.above[-1] > 0)
        total += np.where(both, score(up, down), 0.0)
        defined += both
    return divide(total, defined)


def _problems(truth: NDArray[Any], prediction: Floats) -> Iterator[tuple[NDArray[Any], NDArray[Any], Floats]]:
    if truth.ndim == 2:
        for column, scores in zip(truth.T, prediction.T, strict=True):
            yield np.flatnonzero(column > 0.5), np.flatnonzero(column <= 0.5), scores
    else:
        for number in [1] if prediction.shape[1] == 2 else range(prediction.shape[1]):
            yield np.flatnonzero(truth == number), np.flatnonzero(truth != number), prediction[:, number]


def mid_ranks(values: Floats, weights: Floats) -> Floats:
    """Ranks of weighted rows, ties sharing their mean rank.

    Parameters
    ----------
    values
        (n,).
    weights
        (n, R).

    Returns
    -------
    ndarray
        (n, R): the rank that row i has in replicate r, lowest = 1 (a row of weight 0 gets a rank too, which
        is never counted).

    Examples
    --------
    >>> mid_ranks(np.array([3.0, 1.0, 3.0]), np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 0.0]])).T.tolist()
    [[2.5, 1.0, 2.5], [3.0, 1.5, 3.0]]
    """
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    first = np.r_[True, ranked[1:] != ranked[:-1]]
    here = weights[order] if first.all() else np.add.reduceat(weights[order], np.flatnonzero(first), axis=0)
    ranks = np.cumsum(here, axis=0)
    ranks -= (here - 1) / 2
    step = np.empty(len(values), dtype=np.int64)
    step[order] = np.cumsum(first) - 1
    return ranks[step]
