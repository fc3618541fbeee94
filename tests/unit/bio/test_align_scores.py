"""Alignment scores of proteins against a panel, by hand and by their symmetries."""

import numpy as np
import pytest

from exapt.bio.align.scores import normalised_scores

RNG = np.random.default_rng(0)
PROTEINS = ["".join(RNG.choice(list("ACDEFGHIKLMNPQRSTVWY"), n)) for n in (40, 25, 60)]


def test_by_hand():
    """BLOSUM62: W:W 11, W:F 1, F:F 6, A:A 4. WWWW against WWWF: 3 * 11 + 1 of sqrt(44 * 39)."""
    found = normalised_scores(["WWWW"], ["WWWF", "WWWW", "AAAA"])
    assert found[0] == pytest.approx([34 / np.sqrt(44 * 39), 1, 0])


def test_a_gap_costs_eleven():
    """Ten W, a gap of one residue, ten W: 20 * 11 - 11 of sqrt(220 * (220 + 4))."""
    found = normalised_scores(["W" * 20], ["W" * 10 + "A" + "W" * 10])
    assert found[0, 0] == pytest.approx((220 - 11) / np.sqrt(220 * 224))


def test_symmetric_with_ones_on_the_diagonal():
    found = normalised_scores(PROTEINS, PROTEINS)
    assert found == pytest.approx(found.T)
    assert np.diag(found) == pytest.approx(1)
    assert ((found >= 0) & (found <= 1)).all()


def test_letters_that_are_none_and_empty_proteins():
    odd = normalised_scores(["mkvUW", "", "XXXX"], ["MKVXW", "MKVJW"])
    assert odd[0] == pytest.approx([1, 1])
    assert (odd[1:] == 0).all()
    assert normalised_scores([], PROTEINS).shape == (0, 3)
