"""Candidate genes: every open reading frame that is long enough, with every start codon it has.

Coordinates are those of the strand that is read, 0-based and half-open: on the reverse strand, those of the reverse
complement.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import STARTS, Digits, GeneticCode, codons, digits

Places = NDArray[np.int64]
SHORTEST = 60  # nucleotides of a gene, with its stop codon where it has one
LONGEST = 120_000  # of any gene; the longest known of a prokaryote has 110,418
EDGE = len(STARTS)  # kind of a start: there is none, the gene begins before the contig


@dataclass(frozen=True)
class Frames:
    """n open reading frames of one strand with m possible starts in all.

    Attributes
    ----------
    end
        (n,) end of the stop codon, or of the last whole codon where the contig ends before a stop.
    closed
        (n,) whether there is a stop codon.
    first
        (n + 1,) the starts of frame i are first[i] to first[i + 1], the longest gene first.
    start
        (m,) place of the start codon.
    kind
        (m,) 0, 1, 2 for ATG, GTG, TTG, `EDGE` where the contig begins within the gene.
    """

    end: Places
    closed: NDArray[np.bool_]
    first: Places
    start: Places
    kind: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.end)

    @cached_property
    def owner(self) -> Places:
        """(m,) the frame that each start belongs to."""
        return np.repeat(np.arange(len(self.end)), np.diff(self.first))

    def take(self, keep: NDArray[np.bool_]) -> Frames:
        """The frames where `keep` (n,) is True, with their starts."""
        counts = np.diff(self.first)
        starts = np.repeat(keep, counts)
        first = np.concatenate([[0], np.cumsum(counts[keep])])
        return Frames(self.end[keep], self.closed[keep], first, self.start[starts], self.kind[starts])


def find_frames(strand: Digits, code: GeneticCode, *, open_left: bool = True, open_right: bool = True) -> Frames:
    """All frames of one strand.

    Parameters
    ----------
    strand
        Digits of the strand, 5' to 3', shape (L,).
    code
        Says what is a stop.
    open_left, open_right
        Whether a gene may begin before the first letter, and may end after the last.

    Examples
    --------
    >>> from exapt.bio.genes.codes import CODES
    >>> letters = "TAA" + "ATG" + 20 * "GCT" + "GTG" + 19 * "GCT" + "TAG"
    >>> found = find_frames(digits(letters), CODES[11], open_left=False, open_right=False)
    >>> found.end.tolist(), found.start.tolist(), found.kind.tolist()
    ([129], [3, 66], [0, 1])
    """
    found = codons(strand)
    parts = [_one_frame(found[frame::3], frame, code, open_left, open_right) for frame in range(3)]
    counts = np.concatenate([np.diff(part.first) for part in parts])
    return Frames(
        np.concatenate([part.end for part in parts]),
        np.concatenate([part.closed for part in parts]),
        np.concatenate([[0], np.cumsum(counts)]),
        np.concatenate([part.start for part in parts]),
        np.concatenate([part.kind for part in parts]),
    )


def _one_frame(found: Digits, frame: int, code: GeneticCode, open_left: bool, open_right: bool) -> Frames:
    """Frames among the codons of one phase."""
    stops = np.flatnonzero(code.stops()[found])
    kinds = _KINDS[found]
    place = np.flatnonzero(kinds != EDGE)
    kind = kinds[place]
    if open_left and len(found) and not (len(stops) and stops[0] == 0):
        place, kind = np.concatenate([[0], place]), np.concatenate([[np.uint8(EDGE)], kind])
    ends = 3 * stops + 3
    if open_right:
        ends = np.append(ends, 3 * len(found))
    owner = np.searchsorted(stops, place)
    inside = owner < len(ends)
    place, kind, owner = 3 * place[inside], kind[inside], owner[inside]
    length = ends[owner] - place
    keep = (length >= SHORTEST) & (length <= LONGEST)
    place, kind, owner = place[keep], kind[keep], owner[keep]
    frames, counts = np.unique(owner, return_counts=True)
    first = np.concatenate([[0], np.cumsum(counts)])
    return Frames(ends[frames] + frame, frames < len(stops), first, place + frame, kind)


def _kind_table() -> Digits:
    table = np.full(65, EDGE, dtype=np.uint8)
    for kind, codon in enumerate(STARTS):
        table[codons(digits(codon))] = kind
    return table


_KINDS = _kind_table()
