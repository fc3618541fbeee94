"""How well predicted genes agree with annotated ones: coding bases, exons, introns and genes, by segment of the genome.

References
----------
Burset M, Guigó R (1996) Evaluation of gene structure prediction programs. doi:10.1006/geno.1996.0298.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from exapt.bio.transcripts.labels import Interval, Transcript

LEVELS = ("base", "exon", "intron", "gene")
SEGMENT = 50_000  # letters
Counts = NDArray[np.int64]
_Item = tuple[str, tuple[Interval, ...]]  # a strand and intervals: equal only where both ends of all are


@dataclass(frozen=True)
class Agreement:
    """Counts by segment and level, (S, 4) each; the columns are `LEVELS`.

    Attributes
    ----------
    annotated, predicted
        How many there are.
    found
        How many are in both: coding bases on the same strand; coding exons and introns between them with both ends;
        genes with all their coding exons.
    """

    annotated: Counts
    predicted: Counts
    found: Counts

    def scores(self, segments: Sequence[int] | None = None) -> dict[str, dict[str, float]]:
        """Sensitivity (recall), precision and F1 of each level.

        Parameters
        ----------
        segments
            The segments that count, each as often as it is named (a bootstrap draw); None: all of them once.

        Returns
        -------
        dict
            Level -> ``sensitivity``, ``precision``, ``f1``; NaN where nothing is annotated, or predicted.
        """
        rows = slice(None) if segments is None else np.asarray(segments, dtype=np.int64)
        known, called, both = (counts[rows].sum(0) for counts in (self.annotated, self.predicted, self.found))
        return {
            level: {
                "sensitivity": _ratio(both[column], known[column]),
                "precision": _ratio(both[column], called[column]),
                "f1": _ratio(2 * both[column], known[column] + called[column]),
            }
            for column, level in enumerate(LEVELS)
        }


def _ratio(part: int, whole: int) -> float:
    return float(part / whole) if whole else float("nan")


def agreement(
    annotated: Mapping[str, Iterable[Transcript]],
    predicted: Mapping[str, Iterable[Transcript]],
    lengths: Mapping[str, int],
    *,
    ignored: Mapping[str, Sequence[Interval]] | None = None,
    segment: int = SEGMENT,
) -> Agreement:
    """Compare coding parts; UTR plays no role.

    Parameters
    ----------
    annotated, predicted
        Contig -> transcripts, one a gene.
    lengths
        Contig -> letters. The contigs are cut into segments in this order; an exon, intron or gene counts in the
        segment of its first letter.
    ignored
        Contig -> intervals whose annotation is unsound: what overlaps them counts on neither side.
    segment
        Letters.

    Examples
    --------
    >>> true = Transcript("+", ((0, 9), (20, 29)), (0, 29))
    >>> wrong = Transcript("+", ((0, 9), (20, 32)), (0, 32))
    >>> scores = agreement({"c": [true]}, {"c": [wrong]}, {"c": 40}).scores()
    >>> [round(scores[level]["f1"], 3) for level in LEVELS]
    [0.923, 0.5, 1.0, 0.0]
    """
    tables: list[Counts] = []
    for contig, length in lengths.items():
        table = np.zeros((3, max(1, -(-length // segment)), len(LEVELS)), dtype=np.int64)
        skip = np.zeros(length, dtype=np.bool_)
        for start, end in (ignored or {}).get(contig, ()):
            skip[max(0, start) : max(0, end)] = True
        sides = [list(found.get(contig, ())) for found in (annotated, predicted)]
        rows = [_bases(side, length, skip) for side in sides]
        items = [{level: _items(side, level, skip) for level in LEVELS[1:]} for side in sides]
        for index, row in enumerate((*(row > 0 for row in rows), (rows[0] == rows[1]) & (rows[0] > 0))):
            table[index, :, 0] = np.add.reduceat(row, np.arange(0, max(1, length), segment), dtype=np.int64)
        for column, level in enumerate(LEVELS[1:], 1):
            known, called = items[0][level], items[1][level]
            for index, chosen in enumerate((known, called, known & called)):
                places = [intervals[0][0] // segment for _, intervals in chosen]
                np.add.at(table[index, :, column], places, 1)
        tables.append(table)
    return Agreement(*np.concatenate(tables, axis=1))


def _bases(transcripts: Sequence[Transcript], length: int, skip: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Bit 1: coding on the forward strand; bit 2: on the reverse one."""
    row = np.zeros(length, dtype=np.uint8)
    for transcript in transcripts:
        for start, end in transcript.coding_parts:
            row[max(0, start) : end] |= 1 if transcript.strand == "+" else 2
    row[skip] = 0
    return row


def _items(transcripts: Sequence[Transcript], level: str, skip: NDArray[np.bool_]) -> set[_Item]:
    found = (
        (transcript.strand, intervals) for transcript in transcripts for intervals in _intervals(transcript, level)
    )
    return {(strand, items) for strand, items in found if not skip[max(0, items[0][0]) : items[-1][1]].any()}


def _intervals(transcript: Transcript, level: str) -> Iterator[tuple[Interval, ...]]:
    parts = transcript.coding_parts
    if level == "gene":
        yield parts
    elif level == "exon":
        yield from ((part,) for part in parts)
    else:
        yield from (((left[1], right[0]),) for left, right in pairwise(parts))
