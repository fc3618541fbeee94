"""Finding genes of RNA that have a known form: transfer RNA, and families such as ribosomal RNA.

What is found at a place depends on the letters near it alone, so that a sequence may be read in pieces of any size.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import CODES, Digits, GeneticCode, other_strand
from exapt.bio.genes.windows import Strip
from exapt.bio.rna.cloverleaf import LONGEST, Cloverleaf, Leaves, cloverleaves, separate
from exapt.bio.rna.families import UNIT, Family, Hits, hits
from exapt.bio.rna.found import Rna, best_apart
from exapt.bio.rna.model import Model

PIECE = 1 << 20  # letters at a time
CCA = (1, 1, 0)
LEAST = 0.0  # log-odds from which a candidate is a gene


def find_rnas(strip: Strip, model: Model, code: GeneticCode = CODES[11], *, piece: int = PIECE) -> list[Rna]:
    """The genes of transfer RNA and of families of a strip, from left to right.

    Parameters
    ----------
    strip
        Letters in a row.
    model
        What was learned on other genomes.
    code
        Says which amino acid an anticodon stands for.
    piece
        Letters that are read at a time; the result does not depend on it.
    """
    length = len(strip)
    over = min(max([LONGEST, *(len(family) + family.slack for family in model.families)]), length)
    forward = np.concatenate([strip.digits, strip.digits[:over]]) if strip.circular else strip.digits
    found: list[Rna] = []
    for reverse in (False, True):
        strand = other_strand(forward) if reverse else forward
        found += [_turned(rna, len(strand), reverse=reverse) for rna in _on_strand(strand, model, code, piece)]
    whole = [rna for rna in found if rna.left < length and rna.right - rna.left <= length]
    return best_apart(_no_twice(whole, length) if strip.circular else whole)


def _on_strand(strand: Digits, model: Model, code: GeneticCode, piece: int) -> Iterator[Rna]:
    leaves = leaves_in_pieces(strand, model.cloverleaf, piece)
    odds = leaf_odds(leaves, model.leaf_weights)
    kept = np.flatnonzero(odds >= LEAST)
    kept = kept[separate(leaves.take(kept), odds[kept])]
    for row in kept.tolist():
        start, end, place = int(leaves.start[row]), int(leaves.end[row]), int(leaves.anticodon[row])
        if start < 0 or end > len(strand):
            continue
        if tuple(strand[end : end + 3].tolist()) == CCA:
            end += 3
        letters = strand[place : place + 3]
        anticodon = "".join("ACGTN"[digit] for digit in letters.tolist())
        yield Rna(start, end, False, "tRNA", f"tRNA-{_amino_acid(letters, code)}", float(odds[row]), anticodon)
    for family, places in zip(model.families, hits(strand, model.families), strict=True):
        odds = family_features(family, places) @ model.family_weights
        for row in np.flatnonzero(odds >= LEAST).tolist():
            start, end = max(int(places.start[row]), 0), min(int(places.end[row]), len(strand))
            yield Rna(start, end, False, family.kind, family.product, float(odds[row]))


def leaves_in_pieces(strand: Digits, profile: Cloverleaf, piece: int = PIECE) -> Leaves:
    """The cloverleaves of a strand, which is read piece by piece."""
    parts = []
    for begin in range(0, max(len(strand), 1), piece):
        left = max(begin - LONGEST, 0)
        found = cloverleaves(strand[left : begin + piece + 2 * LONGEST], profile)
        found = Leaves(found.start + left, found.d_size, found.variable_size, found.parts)
        # the T arm says which piece a cloverleaf belongs to
        arm = found.end - 25
        parts.append(found.take((arm >= begin) & (arm < begin + piece)))
    start, d_size, variable_size, scores = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("start", "d_size", "variable_size", "parts")
    )
    return Leaves(start, d_size, variable_size, scores)


def leaf_odds(leaves: Leaves, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) log-odds, in nats, that a cloverleaf is a gene of transfer RNA."""
    odds: NDArray[np.float64] = leaf_features(leaves) @ weights
    return odds


def leaf_features(leaves: Leaves) -> NDArray[np.float64]:
    """(n, len(LEAF_FEATURES)) of cloverleaves."""
    total = leaves.parts.astype(np.float64).sum(1)
    return np.stack([np.ones(len(total)), total / 10], axis=1)


def family_features(family: Family, found: Hits) -> NDArray[np.float64]:
    """(n, len(FAMILY_FEATURES)) of hits."""
    score = found.score.astype(np.float64)
    return np.stack([np.ones(len(score)), score / family.best, score / (UNIT * 100)], axis=1)


def _amino_acid(anticodon: Digits, code: GeneticCode) -> str:
    """In three letters; Sec for the anticodon of a stop, Xaa where a letter is unknown."""
    from Bio.SeqUtils import seq3

    if (anticodon > 3).any() or len(anticodon) < 3:
        return "Xaa"
    first, second, third = other_strand(anticodon).tolist()
    letter = code.amino_acids[16 * first + 4 * second + third]
    return "Sec" if letter == "*" else str(seq3(letter))


def _turned(rna: Rna, length: int, *, reverse: bool) -> Rna:
    return rna._replace(left=length - rna.right, right=length - rna.left, reverse=True) if reverse else rna


def _no_twice(found: list[Rna], length: int) -> list[Rna]:
    """Without what a circle shows a second time, cut, behind the origin."""
    over = [rna for rna in found if rna.right > length]
    return [rna for rna in found if not any(rna.left < other.right - length and rna != other for other in over)]
