"""Copies of a genome that look like other species: same genes, same proteins, other letters."""

import numpy as np
import pytest

from exapt.bio.genes.codes import CODES, digits
from exapt.bio.genes.found import from_intervals
from exapt.bio.genes.shifted import SHIFTS, Shift, shifted
from exapt.bio.sequence.alphabets import reverse_complement
from toy_genomes import toy_genome


def proteins(copy, places):
    letters = "".join("ACGTN"[digit] for digit in copy)
    genes = [reverse_complement(letters[a:b]) if reverse else letters[a:b] for a, b, reverse in places]
    return [CODES[11].translate(gene) for gene in genes]


@pytest.mark.parametrize("shift", SHIFTS)
def test_proteins_stay(shift):
    letters, places = toy_genome(30)
    genome = digits(letters)
    copy = shifted(genome, from_intervals(places), shift)
    assert proteins(copy, places) == proteins(genome, places)
    assert (copy == genome).all() == (shift == Shift())


def test_composition_moves_as_asked():
    letters, places = toy_genome(30)
    genome, genes = digits(letters), from_intervals(places)
    share = [np.isin(shifted(genome, genes, Shift(0.8, to_gc)), [1, 2]).mean() for to_gc in (False, True)]
    assert share[0] < np.isin(genome, [1, 2]).mean() - 0.05 and share[1] > np.isin(genome, [1, 2]).mean() + 0.05


def test_only_the_binding_sites_are_lost():
    letters, places = toy_genome(30)
    genome = digits(letters)
    changed = np.flatnonzero(shifted(genome, from_intervals(places), Shift(lost=1.0)) != genome)
    allowed = {
        place
        for left, right, reverse in places
        for place in (range(right + 3, right + 20) if reverse else range(left - 20, left - 3))
    }
    assert len(changed) > 100 and set(changed.tolist()) <= allowed


def test_the_same_seed_gives_the_same_copy():
    letters, places = toy_genome(10)
    one, same, other = (shifted(digits(letters), from_intervals(places), SHIFTS[2], seed=seed) for seed in (1, 1, 2))
    assert (one == same).all() and not (one == other).all()
