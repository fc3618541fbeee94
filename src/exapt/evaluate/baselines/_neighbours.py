"""Similarity of rows to training rows, and probabilities from the most similar row of each class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from exapt.evaluate.baselines._baseline import Problem
from exapt.evaluate.baselines._matrices import dense
from exapt.evaluate.metrics._metric import Floats

ROWS = 512  # query rows at a time
SHARPNESS = 20.0  # e-folds of probability for one unit of similarity


def similarities(query: Any, train: Any) -> Iterator[Floats]:
    """Blocks of query rows against all training rows: minus half the squared distance, (rows, n_train).

    For rows of unit length that is the cosine minus 1, for centred ones the correlation minus 1.
    """
    length_train = _square_lengths(train)
    for start in range(0, query.shape[0], ROWS):
        block = query[start : start + ROWS]
        yield dense(block @ train.T) - 0.5 * length_train - 0.5 * _square_lengths(block)[:, None]


def _square_lengths(rows: Any) -> Floats:
    return np.asarray((rows * rows).sum(1), dtype=np.float64).ravel()


def shares(similarity: Floats) -> Floats:
    """Probabilities (n, C) that grow with the similarity to each class; -inf = the class is not there.

    Examples
    --------
    >>> shares(np.array([[0.9, 0.9, -np.inf]])).tolist()
    [[0.5, 0.5, 0.0]]
    """
    raised = np.exp(SHARPNESS * (similarity - similarity.max(1, keepdims=True)))
    return np.asarray(raised / raised.sum(1, keepdims=True), dtype=np.float64)


def answers(similarity: Floats, problem: Problem) -> Floats:
    """Probabilities (n, C) or (n, T), or values (n, T), from the similarities of rows to all training rows (n, m).

    Probabilities come from the most similar row of each class, so that they can rank; a value is that of the most
    similar row that has one.
    """
    return {"class": _classes, "multilabel": _labels, "number": _values}[problem.kind](similarity, problem)


def _classes(similarity: Floats, problem: Problem) -> Floats:
    best = np.full((len(similarity), problem.classes), -np.inf)
    for number in np.unique(problem.targets):
        best[:, number] = similarity[:, problem.targets == number].max(1)
    return shares(best)


def _labels(similarity: Floats, problem: Problem) -> Floats:
    found = np.full((len(similarity), problem.targets.shape[1]), 0.5)
    for number, column in enumerate(problem.targets.T):
        sides = [column <= 0.5, column > 0.5]
        if any(side.any() for side in sides):
            best = [similarity[:, side].max(1, initial=-np.inf) for side in sides]
            found[:, number] = shares(np.stack(best, axis=1))[:, 1]
    return found


def _values(similarity: Floats, problem: Problem) -> Floats:
    found = np.zeros((len(similarity), problem.targets.shape[1]))
    for number, column in enumerate(problem.targets.T):
        known = np.flatnonzero(np.isfinite(column))
        if len(known):
            found[:, number] = column[known[similarity[:, known].argmax(1)]]
    return found
