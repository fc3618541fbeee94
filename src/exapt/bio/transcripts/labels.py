"""One label a position of a contig, and the transcripts that a row of labels spells.

Both strands share the row, so genes that overlap cannot both be in it. Of an intron, the two letters at its 5' end are
the donor (GT) and the two at its 3' end the acceptor (AG).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exapt.core.errors import DataError

Labels = NDArray[np.uint8]
Interval = tuple[int, int]
UNITS = (
    "5' UTR",
    "3' UTR",
    "coding 1",
    "coding 2",
    "coding 3",
    "intron 0",
    "intron 1",
    "intron 2",
    "UTR intron",
    "donor",
    "acceptor",
)
CLASSES = ("intergenic", *(f"{unit} {strand}" for strand in "+-" for unit in UNITS))
MASKED = 255  # a position of which nothing is known
LETTERS = ".UVXYZIJKLDR" + "uvxyzijkldr"  # of the classes in text: reverse strand in lower case
UNKNOWN = "?"  # a masked position in text
UTR5, UTR3, CODING, INTRON, UTR_INTRON, DONOR, ACCEPTOR = 1, 2, 3, 6, 9, 10, 11  # on the forward strand
REVERSE = len(UNITS)  # added on the reverse strand
SITE = 2  # letters of a donor or acceptor
SHORTEST_INTRON = 2 * SITE + 1
OTHER_STRAND = np.r_[0, REVERSE + 1 : 2 * REVERSE + 1, 1 : REVERSE + 1]  # class -> the same on the other strand
_CODES = np.full(256, MASKED, dtype=np.uint8)
_CODES[np.frombuffer(LETTERS.encode(), dtype=np.uint8)] = np.arange(len(CLASSES))
_BYTES = np.full(256, ord(UNKNOWN), dtype=np.uint8)
_BYTES[: len(CLASSES)] = np.frombuffer(LETTERS.encode(), dtype=np.uint8)


class Transcript(NamedTuple):
    """A coding transcript.

    Attributes
    ----------
    strand
        ``+`` or ``-``.
    exons
        Half-open, ascending, whatever the strand.
    coding
        From the first to behind the last coding position, start and stop codon included.
    gene, name
        Identifiers; empty where it has none.
    partial
        Whether its coding part goes on before the first and behind the last position, beyond the ends of its contig.
    phase
        Coding letters before the first whole codon, in reading order; not 0 only where its 5' end is missing.
    """

    strand: Literal["+", "-"]
    exons: tuple[Interval, ...]
    coding: Interval
    gene: str = ""
    name: str = ""
    partial: tuple[bool, bool] = (False, False)
    phase: int = 0

    @property
    def start(self) -> int:
        """First position."""
        return self.exons[0][0]

    @property
    def end(self) -> int:
        """Position behind the last."""
        return self.exons[-1][1]

    @property
    def introns(self) -> tuple[Interval, ...]:
        """Between the exons, ascending."""
        return tuple((left[1], right[0]) for left, right in pairwise(self.exons))

    @property
    def coding_parts(self) -> tuple[Interval, ...]:
        """The coding part of each exon that has one, ascending."""
        left, right = self.coding
        cut = ((max(start, left), min(end, right)) for start, end in self.exons)
        return tuple((start, end) for start, end in cut if start < end)

    def within(self, first: int, last: int) -> Transcript | None:
        """What of it lies from `first` to before `last`, counted from there; None where that holds nothing coding.

        Examples
        --------
        >>> found = Transcript("+", ((1, 6), (13, 18)), (2, 18)).within(4, 30)
        >>> found.exons, found.coding, found.partial, found.phase
        (((0, 2), (9, 14)), (0, 14), (True, False), 1)
        """
        clipped = [(max(start, first) - first, min(end, last) - first) for start, end in self.exons]
        exons = tuple((start, end) for start, end in clipped if start < end)
        parts = [(max(start, first), min(end, last)) for start, end in self.coding_parts]
        coding = [(start - first, end - first) for start, end in parts if start < end]
        if not coding:
            return None
        gone = sum(max(0, min(end, first) - start) for start, end in self.coding_parts)
        if self.strand == "-":
            gone = sum(max(0, end - max(start, last)) for start, end in self.coding_parts)
        return self._replace(
            exons=exons,
            coding=(coding[0][0], coding[-1][1]),
            partial=(self.partial[0] or self.coding[0] < first, self.partial[1] or self.coding[1] > last),
            phase=(self.phase - gone) % 3,
        )


def labelled(transcripts: Iterable[Transcript], length: int) -> Labels:
    """The labels of a contig.

    Parameters
    ----------
    transcripts
        At most one a position; each with a coding part whose length is a multiple of three.
    length
        Of the contig.

    Returns
    -------
    NDArray
        (length,) indices of `CLASSES`, 0 where no transcript is.

    Raises
    ------
    DataError
        Where a transcript lies beyond the contig, overlaps or touches another, or an intron has fewer than 5 letters.

    Examples
    --------
    >>> labels = labelled([Transcript("+", ((1, 6), (13, 18)), (2, 18))], 19)
    >>> labels.tolist()
    [0, 1, 3, 4, 5, 3, 10, 10, 7, 7, 7, 11, 11, 4, 5, 3, 4, 5, 0]
    """
    row = np.zeros(length, dtype=np.uint8)
    for transcript in transcripts:
        start, end = transcript.start, transcript.end
        place = f"the transcript {transcript.name} at {start}-{end}"
        if start < 0 or end > length:
            raise DataError(f"{place} lies beyond its contig of {length} letters.")
        if row[max(0, start - 1) : end + 1].any():
            raise DataError(f"{place} overlaps or touches another; at least one letter between them has no label.")
        if any(right - left < SHORTEST_INTRON for left, right in transcript.introns):
            raise DataError(f"{place} has an intron of fewer than {SHORTEST_INTRON} letters.")
        row[start:end] = _spelt(transcript)
    return row


def _spelt(transcript: Transcript) -> Labels:
    """The labels of a transcript from its first to its last position."""
    size = transcript.end - transcript.start
    forward = transcript.strand == "+"

    def turned(interval: Interval) -> slice:
        """An interval in reading order, from the 5' end of the transcript."""
        start, end = interval[0] - transcript.start, interval[1] - transcript.start
        return slice(start, end) if forward else slice(size - end, size - start)

    coding, row = turned(transcript.coding), np.empty(size, dtype=np.uint8)
    row[: coding.start] = UTR5
    row[coding.stop :] = UTR3
    done = 0
    for part in transcript.coding_parts[:: 1 if forward else -1]:
        there = turned(part)
        count = there.stop - there.start
        row[there] = CODING + (done + np.arange(count)) % 3
        done += count
    phases = {}
    for part in transcript.introns:
        there = turned(part)
        inside = coding.start < there.start and there.stop < coding.stop
        before = row[there.start - 1]
        phases[there.start] = INTRON + (before - CODING + 1) % 3 if inside else UTR_INTRON
    for part in transcript.introns:
        there = turned(part)
        row[there] = phases[there.start]
        row[there.start : there.start + SITE] = DONOR
        row[there.stop - SITE : there.stop] = ACCEPTOR
    return row if forward else row[::-1] + np.uint8(REVERSE)


def spelt_transcripts(labels: Labels) -> list[Transcript]:
    """The transcripts that labels spell, the inverse of `labelled`; masked positions are read as intergenic.

    Raises
    ------
    DataError
        Where labels follow each other that never do, with the position.

    Examples
    --------
    >>> [found] = spelt_transcripts(labelled([Transcript("-", ((1, 6), (13, 18)), (1, 17))], 19))
    >>> found.strand, found.exons, found.coding
    ('-', ((1, 6), (13, 18)), (1, 17))
    """
    return [_read(labels[start:end], start) for start, end in _runs((labels > 0) & (labels != MASKED))]


def _runs(true: NDArray[np.bool_]) -> Iterator[Interval]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    return ((int(start), int(end)) for start, end in edges.reshape(-1, 2))


def _read(row: Labels, start: int) -> Transcript:
    strand: Literal["+", "-"] = "+" if row[0] <= REVERSE else "-"
    plain = row if strand == "+" else row - np.uint8(REVERSE)
    exonic, coding = plain < INTRON, np.flatnonzero((plain >= CODING) & (plain < INTRON))
    exons = tuple((start + left, start + right) for left, right in _runs(exonic))
    if len(coding):
        found = Transcript(strand, exons, (start + int(coding[0]), start + int(coding[-1]) + 1))
        fits = exonic[0] and exonic[-1] and all(b - a >= SHORTEST_INTRON for a, b in found.introns)
        wrong = np.flatnonzero(_spelt(found) != row) if fits else np.array([0])
    else:
        wrong = np.array([0])
    if len(wrong):
        place = int(wrong[0])
        name = CLASSES[row[place]] if row[place] < len(CLASSES) else str(row[place])
        raise DataError(
            f"the labels of positions {start}-{start + len(row)} spell no transcript: {name} at {start + place}."
        )
    return found


def masked(labels: Labels, intervals: Sequence[Interval]) -> Labels:
    """A copy whose intergenic positions within the intervals are masked."""
    row = labels.copy()
    for start, end in intervals:
        part = row[max(0, start) : max(0, end)]
        part[part == 0] = MASKED
    return row


def as_text(labels: Labels) -> str:
    """One letter a position, as in `LETTERS`, and ``?`` where the label is masked.

    Examples
    --------
    >>> as_text(labelled([Transcript("-", ((1, 6), (13, 18)), (1, 17))], 19))
    '.zyxzyrrjjjddxzyxu.'
    """
    return _BYTES[labels].tobytes().decode()


def of_text(text: str) -> Labels:
    """The labels that `as_text` wrote.

    Raises
    ------
    DataError
        Where a letter stands for no label, with its place.

    Examples
    --------
    >>> of_text(".?X").tolist()
    [0, 255, 3]
    """
    letters = np.frombuffer(text.encode("ascii", "backslashreplace"), dtype=np.uint8)
    row = _CODES[letters]
    wrong = np.flatnonzero((row == MASKED) & (letters != ord(UNKNOWN)))
    if len(wrong):
        place = int(wrong[0])
        raise DataError(
            f"labels: letter {text[place]!r} at position {place + 1} stands for no label; "
            f"known are {LETTERS} and {UNKNOWN}."
        )
    return row


def on_other_strand(labels: Labels) -> Labels:
    """The labels of the reverse complement of the sequence.

    Examples
    --------
    >>> as_text(on_other_strand(of_text(".uxyz?")))
    '?ZYXU.'
    """
    turned = labels[::-1].copy()
    known = turned != MASKED
    turned[known] = OTHER_STRAND[turned[known]]
    return turned
