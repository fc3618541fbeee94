"""Rank scores of two classes: sorted once; a replicate is a cumulative sum of weights in that order.

Ties are one step, as if each row stood there as often as its weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Codes, Floats, divide

BLOCK = 1 << 17  # weights of rows held at a time: they stay in the processor's cache


@dataclass(frozen=True)
class Problem:
    """Positive against negative rows, both ordered from the highest score.

    Attributes
    ----------
    positive, negative
        (p,) and (q,) groups of the rows.
    higher, at_least
        (p,) how many negative rows score higher than each positive one, and how many as high or higher.
    from_top
        (p,) how many positive rows score as high as each positive one or higher.
    tied
        Whether a positive and a negative row score alike.
    """

    positive: Codes
    negative: Codes
    higher: Codes
    at_least: Codes
    from_top: Codes
    tied: bool

    @classmethod
    def of(cls, positive: NDArray[np.bool_], scores: Floats, codes: Codes) -> Problem:
        """Sort the rows."""
        order = np.argsort(-scores, kind="stable")
        up, down = order[positive[order]], order[~positive[order]]
        higher, at_least = (np.searchsorted(-scores[down], -scores[up], side=side) for side in ("left", "right"))
        from_top = np.searchsorted(-scores[up], -scores[up], side="right")
        return cls(codes[up], codes[down], higher, at_least, from_top, bool((higher != at_least).any()))


@dataclass(frozen=True)
class Found:
    """What some replicates find from the top of a ranking downwards.

    Attributes
    ----------
    weights
        (r, p) of the positive rows.
    positives, negatives
        (r, p + 1) and (r, q + 1), the weight of the first 0, 1, ... rows together.
    """

    problem: Problem
    weights: NDArray[np.float32]
    positives: Floats
    negatives: Floats

    def negatives_from(self, *, ties: bool) -> Floats:
        """Weight of the negative rows that score higher than each positive one, or as high with `ties`, (r, p)."""
        return self.negatives.take(self.problem.at_least if ties else self.problem.higher, axis=1)

    def positives_from(self) -> Floats:
        """Weight of the positive rows that score as high as each positive one or higher, (r, p)."""
        return self.positives.take(self.problem.from_top, axis=1)


@dataclass(frozen=True)
class Ranking:
    """Problems, and (R, G) how often each replicate holds each group."""

    problems: list[Problem]
    weights: NDArray[Any]

    def mean(self, score: Callable[[Found], Floats]) -> Floats:
        """Mean of a score over the problems that a replicate defines, (R,); NaN where there is none."""
        total, defined = np.zeros(len(self.weights)), np.zeros(len(self.weights))
        for problem in self.problems:
            step = max(1, BLOCK // (len(problem.positive) + len(problem.negative)))
            for start in range(0, len(total), step):
                rows = slice(start, start + step)
                found = _found(problem, self.weights[rows])
                both = (found.positives[:, -1] > 0) & (found.negatives[:, -1] > 0)
                total[rows] += np.where(both, score(found), 0.0)
                defined[rows] += both
        return divide(total, defined)


def _found(problem: Problem, weights: NDArray[Any]) -> Found:
    weights = narrow(weights)
    up = weights.take(problem.positive, axis=1)
    return Found(problem, up, cumulative(up), cumulative(weights.take(problem.negative, axis=1)))


def narrow(weights: NDArray[Any]) -> NDArray[np.float32]:
    """The same whole numbers in half the memory (exact below 2^24), because gathering them is what takes time."""
    return weights.astype(np.float32)


def cumulative(weights: NDArray[Any]) -> Floats:
    """(r, m) -> (r, m + 1): sums of the first 0, 1, ..., m columns."""
    sums = np.zeros((weights.shape[0], weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=sums[:, 1:])
    return sums


def prepare(truth: NDArray[Any], prediction: Floats, codes: Codes, groups: int) -> Callable[[NDArray[Any]], Ranking]:
    """Sort the rows of every problem that has both sides.

    Two classes are one problem (the last class against the first), C > 2 classes are C problems (one against
    the rest), and each label of a multi-label target is one (rows in which it is known).

    Parameters
    ----------
    truth, prediction, codes, groups
        As `Metric.prepare` takes them.
    """
    both = (rows for rows in _problems(truth, prediction, codes) if rows[0].any() and not rows[0].all())
    return partial(Ranking, [Problem.of(*rows) for rows in both])


def _problems(
    truth: NDArray[Any], prediction: Floats, codes: Codes
) -> Iterator[tuple[NDArray[np.bool_], Floats, Codes]]:
    if truth.ndim == 2:
        for column, scores in zip(truth.T, prediction.T, strict=True):
            known = np.isfinite(column)
            yield column[known] > 0.5, scores[known], codes[known]
    else:
        for number in [1] if prediction.shape[1] == 2 else range(prediction.shape[1]):
            yield truth == number, prediction[:, number], codes
