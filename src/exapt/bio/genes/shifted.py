"""Copies of an annotated genome that look like other species: same proteins, other composition, weaker start sites.

Weights that are learned on one genome alone trust what is strong in it. In these copies the letters before starts, the
codons, and the letters between genes are others, the places of all genes are the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exapt.bio.genes.codes import CODES, NO_CODON, UNKNOWN, Digits, GeneticCode, codons, other_strand
from exapt.bio.genes.found import Genes

BEFORE_START = (20, 3)  # letters before a start codon that hold the ribosome-binding site, from and to
NEUTRAL = (0.3, 0.2, 0.2, 0.3)  # of A, C, G, T: what a lost binding site is made of


@dataclass(frozen=True)
class Shift:
    """How a copy differs.

    Attributes
    ----------
    codons
        Share of the codons that become the synonymous codon with the most A and T, or with the most C and G.
    to_gc
        Which of both.
    lost
        Share of the genes whose ribosome-binding site becomes neutral letters.
    """

    codons: float = 0.0
    to_gc: bool = False
    lost: float = 0.0


# the genome itself counts twice, so that what is usual is not given up for what is not
SHIFTS = (Shift(), Shift(), Shift(lost=0.5), Shift(0.5, False, 0.4), Shift(0.5, True, 0.4))


def shifted(digits: Digits, genes: Genes, shift: Shift, *, code: GeneticCode = CODES[11], seed: int = 0) -> Digits:
    """A copy of a genome.

    Start and stop codons and codons that two genes share stay; half as many of the letters between genes as of the
    codons change.

    Parameters
    ----------
    digits
        Of the forward strand.
    genes
        Its annotation.
    shift
        How the copy differs.
    code
        Of the genome.
    seed
        Of all draws.

    Examples
    --------
    >>> from exapt.bio.genes.codes import digits
    >>> from exapt.bio.genes.found import from_intervals
    >>> genome, genes = digits("ATG" + 30 * "AAA" + "TAA"), from_intervals([(0, 96, False)])
    >>> copy = shifted(genome, genes, Shift(1.0, to_gc=True))
    >>> "".join("ACGT"[digit] for digit in copy[:9]), CODES[11].translate("AAG", starts_at_start=False)
    ('ATGAAGAAG', 'K')
    """
    rng = np.random.default_rng(seed)
    copy = digits.copy()
    depth = np.zeros(len(digits) + 1, dtype=np.int64)
    np.add.at(depth, genes.left, 1)
    np.add.at(depth, np.minimum(genes.right, len(digits)), -1)
    depth = depth.cumsum()[:-1]
    if shift.codons:
        _between_genes(copy, depth, shift, rng)
        for reverse in (False, True):
            _recode(copy, depth, genes.take(genes.reverse == reverse), shift, code, rng)
    _lose_sites(copy, depth, genes, shift.lost, rng)
    return copy


def _between_genes(copy: Digits, depth: np.ndarray, shift: Shift, rng: np.random.Generator) -> None:
    wanted = np.array([1, 2] if shift.to_gc else [0, 3], dtype=np.uint8)
    change = (depth == 0) & (copy != UNKNOWN) & ~np.isin(copy, wanted) & (rng.random(len(copy)) < shift.codons / 2)
    copy[change] = rng.choice(wanted, int(change.sum()))


def _recode(
    copy: Digits, depth: np.ndarray, genes: Genes, shift: Shift, code: GeneticCode, rng: np.random.Generator
) -> None:
    """Synonymous codons in the genes of one strand."""
    if not len(genes):
        return
    reverse = bool(genes.reverse[0])
    strand = other_strand(copy) if reverse else copy
    single = (depth[::-1] if reverse else depth) == 1
    begins = np.where(genes.reverse, len(copy) - genes.right, genes.left)
    ends = np.where(genes.reverse, len(copy) - genes.left, genes.right)
    place = np.concatenate([np.arange(a + 3, b - 3, 3) for a, b in zip(begins, ends, strict=True)])
    place = place[(place >= 0) & (place + 3 <= len(copy))]
    place = place[single[place] & single[place + 1] & single[place + 2] & (rng.random(len(place)) < shift.codons)]
    now = codons(strand)[place]
    place, now = place[now != NO_CODON], now[now != NO_CODON]
    choices = _synonyms(code, to_gc=shift.to_gc)
    draw = rng.random(len(now))
    new = np.array([choices[codon][int(x * len(choices[codon]))] for codon, x in zip(now, draw, strict=True)])
    for offset, divisor in enumerate((16, 4, 1)):
        strand[place + offset] = new // divisor % 4
    if reverse:
        copy[:] = other_strand(strand)


def _synonyms(code: GeneticCode, *, to_gc: bool) -> list[list[int]]:
    """Of each codon, the synonymous ones with the most of the letters wanted."""
    letters = np.arange(64)[:, None] // np.array([16, 4, 1]) % 4
    strong = ((letters == 1) | (letters == 2)).sum(1)
    rank = strong if to_gc else 3 - strong
    found = []
    for codon in range(64):
        same = [other for other in range(64) if code.amino_acids[other] == code.amino_acids[codon]]
        best = max(rank[other] for other in same)
        found.append([other for other in same if rank[other] == best])
    return found


def _lose_sites(copy: Digits, depth: np.ndarray, genes: Genes, share: float, rng: np.random.Generator) -> None:
    """Neutral letters where the binding sites of some genes were, unless another gene lies there."""
    far, near = BEFORE_START
    for left, right, reverse in zip(genes.left, genes.right, genes.reverse, strict=True):
        if rng.random() >= share:
            continue
        place = np.arange(right + near, right + far) if reverse else np.arange(left - far, left - near)
        place = place[(place >= 0) & (place < len(copy))]
        place = place[depth[place] == 0]
        copy[place] = rng.choice(4, len(place), p=NEUTRAL).astype(np.uint8)
