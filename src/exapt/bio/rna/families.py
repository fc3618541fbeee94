"""Families of RNA: where a genome shares words with one, and the best alignment of its profile there.

A profile has one column a letter of its reference sequence, and goes on from end to end; scores are whole numbers, so
that nothing depends on the order in which they are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import UNKNOWN, Digits
from exapt.bio.genes.ribosomal import K, kmers

UNIT = 8  # scores are counted in eighths of a nat
GAP = 20  # what a letter more or less costs, in these units
BLOCK = 1 << 20  # letters at a time
TOGETHER = 1 << 22  # cells of one row of alignments that are made at once
_POINTER = 1 << 14  # an alignment is a score and, in the digits below this, where it begins

Places = NDArray[np.int64]
Scores = NDArray[np.int64]


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes
    ----------
    name
        Such as ``16S``.
    kind
        Term of the Sequence Ontology.
    product
        In words.
    profile
        (columns, 5) log-odds of A, C, G, T and an unknown letter, in 1/UNIT nats.
    words
        (w, 2) k-mers as numbers in base 4, sorted, and the column where each begins: those of the reference, and those
        that several of its sequences share.
    """

    name: str
    kind: str
    product: str
    profile: Scores
    words: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.profile)

    @property
    def slack(self) -> int:
        """How many letters longer or shorter than the reference a part of a sequence may be."""
        return min(20 + len(self) // 12, 200)

    @property
    def fewest(self) -> int:
        """Words that a place shares with the family before it is looked at."""
        return 3 if len(self) < 1000 else 12

    @property
    def best(self) -> int:
        """Score of the sequence that fits best."""
        return int(self.profile[:, :4].max(1).sum())


@dataclass(frozen=True)
class Hits:
    """n places on one strand, in its coordinates: where the profile begins and ends, and its score."""

    start: Places
    end: Places
    score: Scores


def hits(strand: Digits, families: Sequence[Family]) -> list[Hits]:
    """Of each family, the places of one strand that look like it, each with the best alignment of its profile.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gene, rest = rng.integers(0, 4, 200).astype(np.uint8), rng.integers(0, 4, 900).astype(np.uint8)
    >>> family = of_sequence("toy", "ncRNA", "toy", gene)
    >>> (found,) = hits(np.concatenate([rest[:500], gene, rest[500:]]), [family])
    >>> found.start.tolist(), found.end.tolist(), found.score.tolist() == [family.best]
    ([500], [700], True)
    """
    return [_hits(strand, family, begins) for family, begins in zip(families, _begins(strand, families), strict=True)]


def _hits(strand: Digits, family: Family, begins: Places) -> Hits:
    width = len(family) + 2 * family.slack
    padded = np.pad(strand, (family.slack + width, width), constant_values=UNKNOWN)
    parts = []
    step = max(TOGETHER // width, 1)
    for first in range(0, len(begins), step):
        places = begins[first : first + step]
        letters = padded[(places + width)[:, None] + np.arange(width)]
        score, start, end = aligned(letters, family.profile)
        parts.append((start + places - family.slack, end + places - family.slack, score))
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return Hits(none, none, none)
    start, end, score = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    keep = _best_of_overlapping(start, end, score)
    return Hits(start[keep], end[keep], score[keep])


def _begins(strand: Digits, families: Sequence[Family]) -> list[Places]:
    """Where each family may begin: places that several shared words agree on."""
    table = np.zeros(4**K + 1, dtype=np.uint32)  # a bit a family; the last row is that of words with unknown letters
    for number, family in enumerate(families):
        table[family.words[:, 0]] |= np.uint32(1 << number)
    implied: list[list[Places]] = [[] for _ in families]
    for begin in range(0, len(strand), BLOCK):
        codes = np.minimum(kmers(strand[begin : begin + BLOCK + K - 1]), 4**K)
        bits = table[codes]
        at = np.flatnonzero(bits)
        for number, family in enumerate(families):
            here = at[bits[at] >> np.uint32(number) & np.uint32(1) > 0]
            low = np.searchsorted(family.words[:, 0], codes[here], side="left")
            count = np.searchsorted(family.words[:, 0], codes[here], side="right") - low
            row = np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())
            implied[number].append(np.repeat(begin + here, count) - family.words[row, 1])
    return [
        _agreed(np.concatenate(places or [np.empty(0, dtype=np.int64)]), family)
        for places, family in zip(implied, families, strict=True)
    ]


def _agreed(implied: Places, family: Family) -> Places:
    """The places that several words imply."""
    found = np.sort(implied)
    if not len(found):
        return found
    breaks = np.flatnonzero(np.diff(found) > max(8, family.slack // 2)) + 1
    first, last = np.concatenate([[0], breaks]), np.concatenate([breaks, [len(found)]])
    enough = last - first >= family.fewest
    middle: Places = np.unique(found[(first[enough] + last[enough]) // 2])
    return middle


def aligned(letters: Digits, profile: Scores) -> tuple[Scores, Places, Places]:
    """The best alignment of a whole profile within each row of letters (n, width).

    Returns
    -------
    tuple
        Its score, where it begins and where it ends, (n,) each.
    """
    count, width = letters.shape
    gap, place = GAP * _POINTER, np.arange(width + 1)
    # best[:, j] is that of the columns so far which ends before letter j; at first it begins there
    best = np.broadcast_to(place, (count, width + 1)).astype(np.int64)
    for column in profile * _POINTER:
        moved = best - gap
        np.maximum(moved[:, 1:], best[:, :-1] + column[letters], out=moved[:, 1:])
        moved += gap * place
        np.maximum.accumulate(moved, axis=1, out=moved)
        best = moved - gap * place
    end = best.argmax(1)
    top = best[np.arange(count), end]
    return top // _POINTER, top % _POINTER, end


def _best_of_overlapping(start: Places, end: Places, score: Scores) -> NDArray[np.bool_]:
    """(n,) whether no place that shares letters has a greater score; the first of equals stays."""
    keep = np.ones(len(start), dtype=bool)
    by_start = np.argsort(start, kind="stable")
    starts, longest = start[by_start], int((end - start).max(initial=0))
    for row in np.lexsort((start, -score)):
        if keep[row]:
            low, high = np.searchsorted(starts, [start[row] - longest, end[row]])
            near = by_start[low:high]
            keep[near[(end[near] > start[row]) & (near != row)]] = False
    return keep


# Making families ---------------------------------------------------------------------------------
SHARED = 3  # sequences of a family from which on a word is one of the family
SURE = 4.0  # sequences of a family that count as much as what is taken for granted
KEPT_LETTER = 0.62  # share of a letter of the reference that is kept in other species, before anything is counted


def of_sequence(name: str, kind: str, product: str, reference: Digits) -> Family:
    """A family of which one sequence is known."""
    return of_sequences(name, kind, product, reference, [])


def of_sequences(name: str, kind: str, product: str, reference: Digits, others: Sequence[Digits]) -> Family:
    """A family of sequences, each aligned with the reference; copies count once.

    Letters of the others that have no partner in the reference are left out.
    """
    counts = np.zeros((len(reference), 5))
    rows: list[NDArray[np.int64]] = []
    distinct = {member.tobytes(): member for member in [reference, *others]}
    for member in distinct.values():
        columns = partners(member, reference)
        paired = columns >= 0
        np.add.at(counts, (columns[paired], member[paired]), 1.0)
        codes = kmers(member).astype(np.int64)
        # a word that begins in an insertion is placed where the next partner is
        place = np.where(paired, columns, -1)
        behind = np.minimum.accumulate(np.where(place < 0, len(reference), place)[::-1])[::-1][: len(codes)]
        good = (codes < 4**K) & (behind < len(reference))
        rows.append(np.stack([codes[good], behind[good]], axis=1))
    prior = np.full((len(reference), 5), (1 - KEPT_LETTER) / 3)
    prior[np.arange(len(reference)), reference] = KEPT_LETTER
    share = counts[:, :4] + SURE * prior[:, :4] / prior[:, :4].sum(1, keepdims=True)
    odds = np.log(4 * share / share.sum(1, keepdims=True))
    profile = np.pad(np.round(UNIT * odds).astype(np.int64), ((0, 0), (0, 1)))
    words, times = np.unique(np.concatenate(rows), axis=0, return_counts=True)
    shared = (times >= min(SHARED, len(distinct))) | np.isin(words[:, 0], kmers(reference))
    return Family(name, kind, product, profile, words[shared])


def partners(member: Digits, reference: Digits) -> Places:
    """(len(member),) the letter of the reference that each letter is aligned with; -1 where there is none."""
    import parasail

    texts = ["".join("ACGTN"[digit] for digit in letters.tolist()) for letters in (member, reference)]
    found = parasail.sg_trace_striped_sat(*texts, 4, 1, parasail.matrix_create("ACGT", 2, -2))
    columns = np.full(len(member), -1, dtype=np.int64)
    one = other = 0
    for packed in found.cigar.seq:
        length, step = packed >> 4, "MIDNSHP=XB"[packed & 15]
        if step in "M=X":
            columns[one : one + length] = np.arange(other, other + length)
        one += length if step in "M=XI" else 0
        other += length if step in "M=XD" else 0
    return columns
