"""How well predicted genes agree with annotated ones: 3' ends, exact starts, and paired intervals over the genome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.found import Genes, frame_keys

BLOCKS = 50  # the genome is cut into so many equal parts, the units of the bootstrap
REPLICATES = 10_000
LEVEL = 0.95
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """Counts in each block of the genome, (BLOCKS,) each.

    Attributes
    ----------
    annotated
        Distinct 3' ends that are annotated.
    predicted
        Distinct 3' ends that are predicted.
    found
        3' ends that are both.
    exact
        Those of them whose start is annotated too; any of the annotated starts of a shared 3' end counts.
    """

    annotated: Array
    predicted: Array
    found: Array
    exact: Array

    def scores(self) -> dict[str, float]:
        """Recall, precision and F1 of 3' ends, and the exact genes as a share of the annotated ones."""
        return {name: float(score(self._counts())[0]) for name, score in SCORES.items()}

    def _counts(self) -> Array:
        found: Array = np.stack([self.annotated, self.predicted, self.found, self.exact]).sum(1)[None]
        return found


def _recall(counts: Array) -> Array:
    return counts[:, 2] / counts[:, 0]


def _precision(counts: Array) -> Array:
    return counts[:, 2] / np.maximum(counts[:, 1], 1)


def _f1(counts: Array) -> Array:
    return 2 * counts[:, 2] / (counts[:, 0] + counts[:, 1])


def _exact(counts: Array) -> Array:
    return counts[:, 3] / counts[:, 0]


SCORES: dict[str, Callable[[Array], Array]] = {
    "recall": _recall,
    "precision": _precision,
    "f1": _f1,
    "exact": _exact,
}


def agreement(predicted: Genes, annotated: Genes, length: int) -> Agreement:
    """Compare the genes of one sequence of `length` letters.

    Examples
    --------
    >>> from exapt.bio.genes.found import from_intervals
    >>> truth = from_intervals([(0, 90, False), (200, 290, True)])
    >>> guess = from_intervals([(30, 90, False), (200, 290, True), (400, 490, False)])
    >>> agreement(guess, truth, 1000).scores()["recall"], agreement(guess, truth, 1000).scores()["exact"]
    (1.0, 0.5)
    """
    said, true = (np.unique(genes.keys) for genes in (predicted, annotated))
    both = np.intersect1d(said, true)
    wide = 4 * length + 4
    starts = [
        genes.keys * wide + frame_keys(np.where(genes.reverse, genes.right, genes.left), genes.reverse) + wide // 4
        for genes in (predicted, annotated)
    ]
    exact = np.unique(np.intersect1d(starts[0], starts[1]) // wide)
    return Agreement(*(_blocks(keys, length) for keys in (true, said, both, exact)))


def _blocks(keys: NDArray[np.int64], length: int) -> Array:
    block = np.clip(keys // 2 * BLOCKS // max(length, 1), 0, BLOCKS - 1)
    return np.bincount(block, minlength=BLOCKS).astype(float)


def differences(one: Agreement, other: Agreement, *, seed: int = 0) -> dict[str, tuple[float, float, float]]:
    """Score of `one` minus that of `other`, with its 95 % interval: both on the same blocks, drawn with replacement."""
    draws = np.random.default_rng(seed).multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), size=REPLICATES).astype(float)
    columns = [np.stack([a.annotated, a.predicted, a.found, a.exact], axis=1) for a in (one, other)]
    found = {}
    for name, score in SCORES.items():
        drawn = score(draws @ columns[0]) - score(draws @ columns[1])
        low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        whole = score(columns[0].sum(0)[None]) - score(columns[1].sum(0)[None])
        found[name] = (float(whole[0]), float(low), float(high))
    return found
