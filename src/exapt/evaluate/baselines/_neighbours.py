"""Similarity of rows to training rows, and probabilities from the most similar row of each class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

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
