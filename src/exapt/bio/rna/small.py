"""Small RNA between genes: where a terminator stands at a likely distance behind a promoter, and what its place says.

References
----------
Chen et al. (2002) A bioinformatics based approach to discover small RNA genes in the Escherichia coli genome.
doi:10.1016/S0303-2647(02)00013-8
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import UNKNOWN, Digits, other_strand
from exapt.bio.genes.finding import shared_letters
from exapt.bio.genes.found import Genes
from exapt.bio.genes.ribosomal import Intervals, K, kmers
from exapt.bio.rna.found import Rna, best_apart

PIECE = 1 << 20  # letters at a time
SHORTEST, LONGEST = 50, 350  # letters of a small RNA
LOOPS = range(3, 10)
STEM = 10  # pairs of a terminator's stem that are looked at
TAIL = 8  # letters behind a stem, mostly T
TAIL_LEAST, STEM_LEAST = 3.0, 6.0
SPACERS = range(15, 20)  # letters between the two boxes of a promoter
BOX_35, BOX_10 = "TTGACA", "TATAAT"
BOX_SHARES = ((0.69, 0.79, 0.61, 0.56, 0.54, 0.54), (0.77, 0.76, 0.60, 0.61, 0.56, 0.82))
STARTS = 4  # promoters that are looked at for each terminator
FREE = 0.6  # share of a small RNA's letters on which no other gene lies, at least
FAR = 300  # letters from which on a neighbour is far
FEATURES = (
    "one", "promoter", "stem", "tail", "log_length", "free", "gc", "gc_above", "evidence",
    "same_before", "room_before", "near_before", "ends_there", "same_behind", "room_behind", "near_behind", "leads_on",
)  # fmt: skip
BENT = tuple(name for name in FEATURES if name not in ("one", "same_before", "same_behind"))
PRODUCTS = (
    ("promoter", "stem"), ("promoter", "leads_on"), ("promoter", "ends_there"), ("promoter", "near_behind"),
    ("stem", "leads_on"), ("stem", "ends_there"),
)  # fmt: skip
LEAST = -1.1  # log-odds from which a candidate is told of

Places = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class SmallModel:
    """What is learned of small RNA.

    Attributes
    ----------
    weights
        Of the columns of `basis`; their sum is the log-odds that a candidate is a small RNA.
    cuts
        See `bends`.
    words
        Sorted k-mers of known small RNA, as numbers in base 4.
    """

    weights: Array
    cuts: Array
    words: NDArray[np.uint32]


@dataclass(frozen=True)
class Candidates:
    """n candidates on one strand, in its coordinates.

    Attributes
    ----------
    start, end
        (n,).
    promoter, stem, tail
        (n,) scores of the promoter, of the terminator's stem and of what is behind it.
    """

    start: Places
    end: Places
    promoter: Array
    stem: Array
    tail: Array

    def take(self, rows: NDArray[np.bool_] | Places) -> Candidates:
        """The given candidates."""
        return Candidates(self.start[rows], self.end[rows], self.promoter[rows], self.stem[rows], self.tail[rows])


def scanned(
    strand: Digits, genes: Genes, taken: Intervals, words: NDArray[np.uint32], *, piece: int = PIECE
) -> tuple[Candidates, Array]:
    """The candidates of a strand that lie free, and their features (n, len(FEATURES)).

    Parameters
    ----------
    strand
        Letters, read piece by piece; the result does not depend on how long a piece is.
    genes
        Genes of proteins in coordinates of this strand; `reverse` says which are on the other one.
    taken
        (r, 2) genes of RNA that are known already.
    words
        Sorted k-mers of known small RNA.
    piece
        Letters.
    """
    known = np.zeros(4**K + 1, dtype=bool)
    known[words] = True
    usual = float(((strand == 1) | (strand == 2)).mean()) if len(strand) else 0.0
    parts, rows = [], []
    for begin in range(0, max(len(strand), 1), piece):
        left = max(begin - 2 * LONGEST, 0)
        letters = strand[left : begin + piece + 2 * LONGEST]
        found = _in_piece(letters)
        found = found.take((found.end + left > begin) & (found.end + left <= begin + piece))
        within = _within(letters, found, known, usual)
        found = Candidates(found.start + left, found.end + left, found.promoter, found.stem, found.tail)
        features, free = _features(found, within, genes, taken)
        parts.append(found.take(free))
        rows.append(features[free])
    names = ("start", "end", "promoter", "stem", "tail")
    return Candidates(*(np.concatenate([getattr(p, name) for p in parts]) for name in names)), np.concatenate(rows)


def _in_piece(strand: Digits) -> Candidates:
    margin = LONGEST + 60
    x = np.pad(strand, margin, constant_values=UNKNOWN)
    place, stem, tail = _terminators(x)
    inside = (place >= margin + SHORTEST) & (place + TAIL <= margin + len(strand))
    place, stem, tail = place[inside], stem[inside], tail[inside]
    promoter = _promoters(x)
    end = place + TAIL
    begins = end[:, None] - np.arange(SHORTEST, LONGEST + 1)
    score = promoter[begins]
    peak = np.ones(score.shape, dtype=bool)  # better than the starts within five letters
    for shift in range(1, 6):
        peak[:, shift:] &= score[:, shift:] >= score[:, :-shift]
        peak[:, :-shift] &= score[:, :-shift] > score[:, shift:]
    peaks = np.where(peak, score, np.float32(-30))
    best = np.argsort(-peaks, axis=1, kind="stable")[:, :STARTS].ravel()
    rows = np.repeat(np.arange(len(end)), STARTS)
    start = begins[rows, best]
    found = Candidates(start - margin, end[rows] - margin, peaks[rows, best].astype(float), stem[rows], tail[rows])
    return found.take((start >= margin) & (peaks[rows, best] > -10))


def _terminators(x: Digits) -> tuple[Places, Array, Array]:
    """Places behind the stems of terminators, with the scores of the stem and of the letters behind it."""
    count = len(x) - TAIL + 1
    tail = np.zeros(len(x), dtype=np.float32)
    for shift in range(TAIL):
        tail[:count] += np.float32(0.9**shift) * (x[shift : shift + count] == 3)
    place = np.flatnonzero(tail >= TAIL_LEAST)
    place = place[place >= 2 * STEM + LOOPS[-1]]
    stem = np.zeros(len(place), dtype=np.float32)
    for loop in LOOPS:
        # the stem is tried at every place where its innermost pair may be, `STEM` pairs before its end at most
        outer = np.zeros(len(place), dtype=np.float32)
        for size in range(4, STEM + 1):
            one = x[place[:, None] - 2 * size - loop + np.arange(size)]
            other = x[place[:, None] - 1 - np.arange(size)]
            outer = np.maximum(outer, _PAIRS[one, other].sum(1))
        stem = np.maximum(stem, outer - np.float32(0.3 * abs(loop - 4)))
    # of places side by side the best one
    total = stem + tail[place]
    good = stem >= STEM_LEAST
    place, stem, total = place[good], stem[good], total[good]
    keep = np.ones(len(place), dtype=bool)
    for shift in range(1, 12):
        if shift >= len(place):
            break
        near = place[shift:] - place[:-shift] <= 12
        keep[shift:] &= ~(near & (total[shift:] <= total[:-shift]))
        keep[:-shift] &= ~(near & (total[:-shift] < total[shift:]))
    return place[keep], stem[keep].astype(float), tail[place[keep]].astype(float)


def _promoters(x: Digits) -> NDArray[np.float32]:
    """(len(x),) log-odds of the best promoter from which transcription begins at each place."""
    boxes = []
    for box, shares in zip((BOX_35, BOX_10), BOX_SHARES, strict=True):
        score = np.zeros(len(x), dtype=np.float32)
        for number, (letter, share) in enumerate(zip(box, shares, strict=True)):
            odds = np.full(5, np.log((1 - share) / 3 * 4), dtype=np.float32)
            odds["ACGT".index(letter)] = np.log(4 * share)
            odds[UNKNOWN] = 0.0
            score[: len(x) - 5] += odds[x[number : number + len(x) - 5]]
        boxes.append(score)
    both = np.full(len(x), -20.0, dtype=np.float32)
    for spacer in SPACERS:
        reach = 6 + spacer
        here = boxes[1][reach:] + boxes[0][:-reach] - np.float32(0.4 * abs(spacer - 17))
        both[reach:] = np.maximum(both[reach:], here)
    found = np.full(len(x), -20.0, dtype=np.float32)
    found[13:] = both[:-13]  # six letters of the box and seven behind it
    return found


def _within(letters: Digits, found: Candidates, known: NDArray[np.bool_], usual: float) -> list[Array]:
    """Three columns on the letters of each candidate: G and C, those above what is usual, and words that are known."""
    length = (found.end - found.start).astype(float)
    strong = np.concatenate([[0], np.cumsum((letters == 1) | (letters == 2))])
    gc = (strong[found.end] - strong[found.start]) / length
    met = np.concatenate([[0], np.cumsum(known[np.minimum(kmers(letters), 4**K)])])
    share = (met[np.minimum(found.end - K + 1, len(met) - 1)] - met[found.start]) / (length - K + 1)
    return [10 * (gc - 0.45), 10 * (gc - usual), 10 * np.minimum(share, 0.3)]


def _features(
    found: Candidates, within: list[Array], genes: Genes, taken: Intervals
) -> tuple[Array, NDArray[np.bool_]]:
    """(n, len(FEATURES)), and whether enough of each candidate is free."""
    length = (found.end - found.start).astype(float)
    busy = np.concatenate([np.stack([genes.left, genes.right], axis=1), taken])
    free = 1 - shared_letters(found.start, found.end, busy) / length
    apart = 1 - shared_letters(found.start, found.end, taken) / length
    columns = [
        np.ones(len(length)),
        found.promoter / 5,
        found.stem / 10,
        found.tail,
        np.log(length / 100),
        free,
        *within,
        *_neighbours(found.start, found.end, genes.right, genes.reverse),
        *_neighbours(-found.end, -found.start, -genes.left, genes.reverse),
    ]
    return np.stack(columns, axis=1).astype(np.float64), (free >= FREE) & (apart > FREE)


def _neighbours(near: Places, far: Places, ends: Places, reverse: NDArray[np.bool_]) -> list[Array]:
    """Four columns on the nearest gene that ends before, at most 30 letters within.

    Whether it is on this strand, the room between, how near it is, 0 to 1, and how near to the far end; the last two
    are 0 if it is on the other strand.
    """
    order = np.argsort(ends, kind="stable")
    ends, reverse = np.append(ends[order], 1 << 60), np.append(reverse[order], True)
    row = np.searchsorted(ends, near + 30, side="right") - 1
    gap = np.where(row >= 0, near - ends[row], 5 * FAR).astype(float)
    same = np.where(row >= 0, ~reverse[row], False)
    room = np.log1p(np.maximum(gap, 0) / 20)
    within = np.clip(1 - (gap + np.abs(far - near)) / FAR, 0, 1)
    return [same.astype(float), room, same * np.clip(1 - gap / FAR, 0, 1.2), same * within]


def bends(rows: Array) -> Array:
    """(len(BENT), 2) values of features of which a third of the candidates lie below, and above."""
    columns = [FEATURES.index(name) for name in BENT]
    found: Array = np.quantile(rows[:, columns], [1 / 3, 2 / 3], axis=0).T
    return found


def basis(rows: Array, cuts: Array) -> Array:
    """(n, ...) what is weighed: the features, how far they are above each of their `cuts`, and products of some."""
    columns = rows[:, [FEATURES.index(name) for name in BENT]]
    above = np.maximum(columns[:, :, None] - cuts, 0).reshape(len(rows), -1)
    products = [rows[:, FEATURES.index(one)] * rows[:, FEATURES.index(other)] for one, other in PRODUCTS]
    return np.column_stack([rows, above, *products])


def find_small(strip: Digits, genes: Genes, rnas: Sequence[Rna], model: SmallModel, *, piece: int = PIECE) -> list[Rna]:
    """Small RNA of both strands of a strip, from left to right.

    Parameters
    ----------
    strip
        Letters of the forward strand; one over the origin of a circle is not looked for.
    genes, rnas
        What was found on it.
    model
        What was learned on another genome.
    piece
        Letters that are read at a time; the result does not depend on it.
    """
    made = []
    length = len(strip)
    for reverse in (False, True):
        strand = other_strand(strip) if reverse else strip
        found, rows = scanned(strand, *turned(genes, rnas, length, reverse=reverse), model.words, piece=piece)
        odds = basis(rows, model.cuts) @ model.weights
        for row in np.flatnonzero(odds >= LEAST).tolist():
            start, end = int(found.start[row]), int(found.end[row])
            left, right = (length - end, length - start) if reverse else (start, end)
            made.append(Rna(left, right, reverse, "ncRNA", "small RNA", float(odds[row])))
    return best_apart(made)


def turned(genes: Genes, rnas: Sequence[Rna], length: int, *, reverse: bool) -> tuple[Genes, Intervals]:
    """Genes and genes of RNA in the coordinates of a strand."""
    taken = np.array([(rna.left, rna.right) for rna in rnas], dtype=np.int64).reshape(-1, 2)
    if not reverse:
        return genes, taken
    rest = list(vars(genes).values())[3:]
    there = Genes(length - genes.right, length - genes.left, ~genes.reverse, *rest)
    return there, length - taken[:, ::-1]


_PAIRS = np.full((5, 5), -3.0, dtype=np.float32)
for _one, _other, _score in ((1, 2, 3.0), (0, 3, 1.5), (2, 3, 0.0)):
    _PAIRS[_one, _other] = _PAIRS[_other, _one] = _score
