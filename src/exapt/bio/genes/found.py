"""Genes as columns: what the rounds of adaptation hand to each other, and what is found in the end."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.frames import EDGE, Places


@dataclass(frozen=True)
class Genes:
    """g genes of one sequence, from left to right; 0-based, half-open, on the forward strand.

    Over the origin of a circular sequence `right` is larger than its length.

    Attributes
    ----------
    left, right
        (g,) with the stop codon.
    reverse
        (g,) strand.
    closed
        (g,) whether there is a stop codon; False where the sequence ends before it.
    kind
        (g,) of the start: 0, 1, 2 for ATG, GTG, TTG, `EDGE` where the sequence begins within the gene.
    score
        (g,) log-odds, in nats, that the frame is a gene.
    start
        (g,) probability of this start among all starts of its frame.
    binding
        (g,) log-odds, in nats, of a ribosome-binding site before the start.
    """

    left: Places
    right: Places
    reverse: NDArray[np.bool_]
    closed: NDArray[np.bool_]
    kind: NDArray[np.uint8]
    score: NDArray[np.float64]
    start: NDArray[np.float64]
    binding: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.left)

    @property
    def open_start(self) -> NDArray[np.bool_]:
        """(g,) whether the gene begins before the sequence."""
        return np.asarray(self.kind == EDGE, dtype=np.bool_)

    @property
    def keys(self) -> Places:
        """(g,) one number for the 3' end and the strand, which tell a frame from all others."""
        return frame_keys(np.where(self.reverse, self.left, self.right), self.reverse)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Genes:
        """The given genes."""
        return Genes(*(getattr(self, field.name)[rows] for field in fields(self)))

    def moved(self, by: int) -> Genes:
        """The same genes, `by` letters further right."""
        rest = [getattr(self, field.name) for field in fields(self)[2:]]
        return Genes(self.left + by, self.right + by, *rest)


def frame_keys(three_prime: Places, reverse: NDArray[np.bool_]) -> Places:
    """One number for a 3' end and a strand."""
    return 2 * three_prime + reverse


def joined(parts: list[Genes]) -> Genes:
    """All genes of several parts, one part after the other."""
    if not parts:
        return no_genes()
    return Genes(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Genes)))


def no_genes() -> Genes:
    """Nothing found.

    Examples
    --------
    >>> len(no_genes())
    0
    """
    whole, flag, real = np.empty(0, dtype=np.int64), np.empty(0, dtype=bool), np.empty(0)
    return Genes(whole, whole, flag, flag, np.empty(0, dtype=np.uint8), real, real, real)


def from_intervals(intervals: list[tuple[int, int, bool]]) -> Genes:
    """Whole genes at known places (left, right, reverse), such as an annotation has them.

    Examples
    --------
    >>> from_intervals([(5, 95, True), (0, 60, False)]).left.tolist()
    [0, 5]
    """
    table = np.array(sorted(intervals), dtype=np.int64).reshape(-1, 3)
    count = len(table)
    real = np.zeros(count)
    return Genes(
        table[:, 0],
        table[:, 1],
        table[:, 2].astype(bool),
        np.ones(count, dtype=bool),
        np.zeros(count, dtype=np.uint8),
        real,
        real,
        real,
    )
