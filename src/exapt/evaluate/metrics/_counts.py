"""Counts behind every score of hard decisions: hits, support and guesses a class, for all replicates at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.evaluate.metrics._metric import Codes, Floats, divide, mean_defined
from exapt.evaluate.metrics._sums import Sums

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


def prepare(truth: NDArray[Any], prediction: Floats, codes: Codes, groups: int) -> Callable[[NDArray[Any]], Counts]:
    """Count within the groups; the counts of a replicate are sums of these.

    Parameters
    ----------
    truth
        (n,) classes, or (n, T) of 0, 1 or NaN.
    prediction
        (n, C) or (n, T) probabilities. The guess is the most probable class, or every label from 0.5 on.
    codes
        (n,) group of each row.
    groups
        Number of groups.
    """
    multilabel = truth.ndim == 2
    if multilabel:
        known = np.isfinite(truth)
        positive, guessed = known & (truth > 0.5), known & (prediction >= THRESHOLD)
        rows = sparse.csr_array(np.hstack([positive & guessed, positive, guessed, known]))
    else:
        classes = max(prediction.shape[1], int(truth.max(initial=0)) + 1)
        guess, number = prediction.argmax(1), np.arange(len(truth))
        right = number[truth == guess]
        columns = np.concatenate([truth[right], classes + truth, 2 * classes + guess])
        where = (np.concatenate([right, number, number]), columns)
        rows = sparse.csr_array((np.ones(len(columns)), where), shape=(len(truth), 3 * classes))
    sums = Sums(rows, codes, groups)

    def counts(weights: NDArray[Any]) -> Counts:
        hits, support, guesses, *rest = np.split(sums(weights), 4 if multilabel else 3, axis=1)
        return Counts(hits, support, guesses, rest[0] if rest else support.sum(1, keepdims=True), multilabel)

    return counts


def count(truth: NDArray[Any], prediction: Floats, weights: NDArray[Any]) -> Counts:
    """Count rows that are their own groups; `weights` is (R, n)."""
    return prepare(truth, prediction, np.arange(len(truth)), len(truth))(weights)
