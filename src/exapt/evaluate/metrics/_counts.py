"""Counts behind every score of hard decisions: hits, support and guesses a class, for all replicates at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.evaluate.metrics._metric import Floats, divide, mean_defined

THRESHOLD = 0.5  # a label of a multi-label prediction is guessed from this probability on


@dataclass(frozen=True)
class Counts:
    """Weighted counts, each (R, K): K classes, or K labels of a multi-label target (their positive side).

    `total` is (R, 1) for classes; for labels (R, K), the rows in which the label is known.
    """

    hits: Floats
    support: Floats
    guesses: Floats
    total: Floats
    multilabel: bool

    def recall(self) -> Floats:
        """Hits / support, (R, K); NaN where a class does not occur."""
        return divide(self.hits, self.support)

    def precision(self) -> Floats:
        """Hits / guesses, (R, K); 0 where a class occurs and is never guessed, NaN where it is in neither."""
        value = divide(self.hits, self.guesses)
        return np.where((self.guesses == 0) & (self.support > 0), 0.0, value)

    def f1(self) -> Floats:
        """Harmonic mean of the two, (R, K); NaN where a class is neither in the truth nor guessed."""
        return divide(2 * self.hits, self.support + self.guesses)

    def average(self, scores: Floats) -> Floats:
        """The last class where there are two classes, else the mean over the classes or labels, (R,)."""
        if not self.multilabel and scores.shape[1] == 2:
            return scores[:, 1]
        return mean_defined(scores)


def count(truth: NDArray[Any], prediction: Floats, weights: Floats) -> Counts:
    """Count with one matrix product.

    Parameters
    ----------
    truth
        (n,) classes, or (n, T) of 0, 1 or NaN.
    prediction
        (n, C) or (n, T) probabilities. The guess is the most probable class, or every label from 0.5 on.
    weights
        (R, n) multiplicities.
    """
    if truth.ndim == 2:
        known = np.isfinite(truth)
        positive = known & (truth > 0.5)
        guessed = known & (prediction >= THRESHOLD)
        parts = np.hstack([positive & guessed, positive, guessed, known]).astype(np.float64)
        hits, support, guesses, total = np.split(weights @ parts, 4, axis=1)
        return Counts(hits, support, guesses, total, multilabel=True)
    classes = max(prediction.shape[1], int(truth.max(initial=0)) + 1)
    guess = prediction.argmax(1)
    rows = np.arange(len(truth))
    right = rows[truth == guess]
    letters = np.concatenate([truth[right], classes + truth, 2 * classes + guess])
    columns = np.concatenate([right, rows, rows])
    indicator = sparse.csr_array((np.ones(len(letters)), (letters, columns)), shape=(3 * classes, len(truth)))
    hits, support, guesses = np.split(np.asarray(indicator @ weights.T).T, 3, axis=1)
    return Counts(hits, support, guesses, weights.sum(1, keepdims=True), multilabel=False)
