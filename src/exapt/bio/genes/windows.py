"""A sequence of any length in windows, so that memory is bounded and nothing depends on where a window ends.

A window owns the frames whose 3' end lies in its core. Around the core it reads as many letters as the longest gene
has, so that every frame that it owns is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from exapt.bio.genes.candidates import Candidates, find_candidates
from exapt.bio.genes.codes import UNKNOWN, Digits, GeneticCode
from exapt.bio.genes.found import Genes, joined
from exapt.bio.genes.frames import LONGEST, SHORTEST

CORE = 1_000_000
HALO = LONGEST + 500  # what a start site and the neighbours are told by lies within the 500
GAP = 20  # unknown letters in a row that no gene is followed through


@dataclass(frozen=True)
class Strip:
    """Letters in a row: a contig, or a part of one between two gaps.

    Attributes
    ----------
    digits
        (L,) of the forward strand.
    offset
        Where the strip begins in its contig.
    circular
        Whether the last letter is followed by the first.
    """

    digits: Digits
    offset: int = 0
    circular: bool = False

    def __len__(self) -> int:
        return len(self.digits)

    def windows(self, code: GeneticCode, core: int = CORE) -> Iterator[Window]:
        """The windows from left to right."""
        for begin in range(0, len(self), core):
            yield self._window(begin, min(begin + core, len(self)), code)

    def _window(self, begin: int, end: int, code: GeneticCode) -> Window:
        left, right = begin - HALO, end + HALO
        if not self.circular:
            left, right = max(left, 0), min(right, len(self))
        letters = self.digits[left:right] if not self.circular else self.digits[np.arange(left, right) % len(self)]
        edges = {"open_left": not self.circular and left == 0}
        edges["open_right"] = not self.circular and right == len(self)
        found = find_candidates(letters, code, **edges)
        three_prime = np.where(found.reverse, found.length - found.frames.end, found.frames.end - 1) + left
        longest = found.frames.end - found.frames.start[found.frames.first[:-1]]
        owned = (three_prime >= begin) & (three_prime < end) & ((longest <= len(self)) | (not self.circular))
        return Window(left, (begin, end), found.take(owned), len(self) if self.circular else 0)


@dataclass(frozen=True)
class Window:
    """Candidates of which every frame is owned by this window alone.

    Attributes
    ----------
    origin
        Place in the strip of the first letter that was read; may be negative where the strip is circular.
    core
        Where the 3' ends lie that the window owns, in the strip.
    candidates
        In coordinates from `origin`.
    circle
        Length of a circular strip; 0 for a linear one.
    """

    origin: int
    core: tuple[int, int]
    candidates: Candidates
    circle: int = 0

    def inside(self, genes: Genes) -> Genes:
        """The genes of the strip that touch this window, in its coordinates, from left to right."""
        width = self.candidates.length
        if not self.circle:
            moved = genes.moved(-self.origin)
            return moved.take((moved.right > 0) & (moved.left < width))
        # a gene of a circle shorter than the window is seen more than once
        first = genes.moved(-self.origin - self.circle * 2)
        copies = [first.moved(turn * self.circle) for turn in range(2 * HALO // self.circle + 6)]
        moved = joined([copy.take((copy.right > 0) & (copy.left < width)) for copy in copies])
        return moved.take(np.argsort(moved.left, kind="stable"))

    def own(self, seen: Genes) -> Genes:
        """Of the genes from `inside`, those whose 3' end lies in the core."""
        three_prime = np.where(seen.reverse, seen.left, seen.right - 1) + self.origin
        return seen.take((three_prime >= self.core[0]) & (three_prime < self.core[1]))


def strips(digits: Digits, *, circular: bool = False) -> list[Strip]:
    """The strips of a contig, cut at runs of at least `GAP` unknown letters.

    Examples
    --------
    >>> from exapt.bio.genes.codes import digits
    >>> [(s.offset, len(s)) for s in strips(digits(70 * "A" + 30 * "N" + 80 * "C"))]
    [(0, 70), (100, 80)]
    """
    change = np.diff(np.concatenate([[False], digits == UNKNOWN, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1)
    long = ends - starts >= GAP
    if circular and not long.any():
        return [Strip(digits, circular=True)] if len(digits) >= SHORTEST else []
    lefts = np.concatenate([[0], ends[long]])
    rights = np.concatenate([starts[long], [len(digits)]])
    return [Strip(digits[a:b], int(a)) for a, b in zip(lefts, rights, strict=True) if b - a >= SHORTEST]
