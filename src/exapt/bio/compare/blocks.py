"""Blocks: a stretch of one genome laid column by column on a stretch of another.

======  ===========================================================
column
======  ===========================================================
``=``   the same letter
``X``   two letters
``I``   a letter of the query alone
``D``   a letter of the target alone
======  ===========================================================

A block begins and ends with ``=``. Its operations run along the target; on strand ``-`` the query is read backwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exapt.bio.formats import paf

Operations = NDArray[np.uint8]
Counts = NDArray[np.int64]
SAME, OTHER, INSERTED, DELETED = range(4)
SYMBOLS = "=XID"


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """An alignment of two pieces of DNA.

    Attributes
    ----------
    query, query_start, query_end
        Name of a contig and the interval on its own strand, 0-based half-open.
    strand
        ``-`` where the query is reversed and complemented.
    target, target_start, target_end
        The same of the target.
    operations
        Shape (n,), `SAME`, `OTHER`, `INSERTED` or `DELETED`, along the target.
    lengths
        Shape (n,), columns of each operation.
    """

    query: str
    query_start: int
    query_end: int
    strand: Literal["+", "-"]
    target: str
    target_start: int
    target_end: int
    operations: Operations
    lengths: Counts

    def columns(self, operation: int) -> int:
        """Columns of one operation."""
        return int(self.lengths[self.operations == operation].sum())

    @property
    def matches(self) -> int:
        """Columns with the same letter."""
        return self.columns(SAME)

    @property
    def identity(self) -> float:
        """Same letters among columns without gap, 0 to 1."""
        same, other = self.matches, self.columns(OTHER)
        return same / (same + other) if same + other else 0.0

    def target_edges(self) -> Counts:
        """Shape (n + 1,): where each operation begins on the target, and the end of the last."""
        return self.target_start + _cumulated(self.lengths, self.operations != INSERTED)

    def query_edges(self) -> Counts:
        """Shape (n + 1,): where each operation begins on the query; descending on strand ``-``."""
        walked = _cumulated(self.lengths, self.operations != DELETED)
        return self.query_start + walked if self.strand == "+" else self.query_end - walked

    def swapped(self) -> Block:
        """The same block with the genomes changed round."""
        operations, lengths = _CHANGED[self.operations], self.lengths
        if self.strand == "-":
            operations, lengths = operations[::-1], lengths[::-1]
        target = (self.target, self.target_start, self.target_end, self.strand)
        return Block(*target, self.query, self.query_start, self.query_end, operations, lengths)

    def in_target(self, start: int, end: int) -> Block | None:
        """The part over an interval of the target, cut back to columns with the same letter; None where none is left.

        Examples
        --------
        >>> block = of_cigar("q", 10, "-", "t", 100, "4=1X2I5=")
        >>> block.in_target(102, 108)
        Block(q:12-20- on t:102-108, 2=1X2I3=)
        >>> block.in_target(104, 105) is None
        True
        """
        return self._between(self.target_edges(), start, end)

    def in_query(self, start: int, end: int) -> Block | None:
        """The part over an interval of the query."""
        found = self.swapped().in_target(start, end)
        return None if found is None else found.swapped()

    def part(self, first: int, last: int) -> Block | None:
        """The operations from `first` to before `last`, cut back to columns with the same letter."""
        same = np.flatnonzero(self.operations[first:last] == SAME)
        if not len(same):
            return None
        first, last = first + int(same[0]), first + int(same[-1]) + 1
        return self._part(first, last, 0, 0)

    def _between(self, edges: Counts, start: int, end: int) -> Block | None:
        start, end = max(start, int(edges[0])), min(end, int(edges[-1]))
        same = np.flatnonzero((self.operations == SAME) & (edges[1:] > start) & (edges[:-1] < end))
        if start >= end or not len(same):
            return None
        first, last = int(same[0]), int(same[-1])
        return self._part(first, last + 1, max(0, start - int(edges[first])), max(0, int(edges[last + 1]) - end))

    def _part(self, first: int, last: int, head: int, tail: int) -> Block:
        """Operations `first` to before `last`, of the first and last of which some columns are cut."""
        lengths = self.lengths[first:last].copy()
        target, query = self.target_edges(), self.query_edges()
        lengths[0] -= head
        lengths[-1] -= tail
        sign = 1 if self.strand == "+" else -1
        one, other = int(query[first]) + sign * head, int(query[last]) - sign * tail
        span = (min(one, other), max(one, other))
        place = (int(target[first]) + head, int(target[last]) - tail)
        return Block(self.query, *span, self.strand, self.target, *place, self.operations[first:last], lengths)

    @property
    def cigar(self) -> str:
        """The operations as text."""
        pairs = zip(self.lengths.tolist(), self.operations.tolist(), strict=True)
        return "".join(f"{length}{SYMBOLS[operation]}" for length, operation in pairs)

    def __repr__(self) -> str:
        cigar = self.cigar if len(self.lengths) < 9 else f"{len(self.lengths)} operations"
        query = f"{self.query}:{self.query_start}-{self.query_end}{self.strand}"
        return f"Block({query} on {self.target}:{self.target_start}-{self.target_end}, {cigar})"

    def as_paf(self, lengths: tuple[int, int], tags: Mapping[str, tuple[str, str]]) -> paf.Alignment:
        """For a PAF file, with the tag ``cg``; `lengths` are those of the query's and the target's contig."""
        query = (self.query, lengths[0], self.query_start, self.query_end, self.strand)
        target = (self.target, lengths[1], self.target_start, self.target_end)
        tags = {**tags, "cg": ("Z", self.cigar)}
        return paf.Alignment(*query, *target, self.matches, int(self.lengths.sum()), tags=tags)


_CHANGED = np.array([SAME, OTHER, DELETED, INSERTED], dtype=np.uint8)


def _cumulated(lengths: Counts, counted: NDArray[np.bool_]) -> Counts:
    edges = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(np.where(counted, lengths, 0), out=edges[1:])
    return edges


def of_cigar(
    query: str, query_start: int, strand: Literal["+", "-"], target: str, target_start: int, cigar: str
) -> Block:
    """A block from the text of its operations, such as a PAF file has.

    Examples
    --------
    >>> of_cigar("q", 0, "+", "t", 5, "3=1D2=")
    Block(q:0-5+ on t:5-11, 3=1D2=)
    """
    row = paf.Alignment(query, 0, 0, 0, strand, target, 0, 0, 0, 0, 0, tags={"cg": ("Z", cigar)}).cigar
    lengths = np.array([length for length, _ in row], dtype=np.int64)
    operations = np.array([SYMBOLS.index(symbol) for _, symbol in row], dtype=np.uint8)
    walked = [int(lengths[operations != gap].sum()) for gap in (DELETED, INSERTED)]
    place = (target, target_start, target_start + walked[1])
    return Block(query, query_start, query_start + walked[0], strand, *place, operations, lengths)
