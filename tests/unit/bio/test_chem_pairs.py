"""Matched and similar pairs, and structures with coloured atoms."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from exapt.bio.chem.atoms_drawing import atoms_of_tokens, colour, draw_atoms, legend, sheet, symbols
from exapt.bio.chem.pairs import matched_pairs, similar_pairs
from exapt.core.errors import DataError
from exapt.data.encoders.letters import SMILES


def test_one_exchanged_group_is_a_matched_pair():
    core = "c1ccc(cc1)C(=O)NC"
    smiles = [f"F{core}", f"Cl{core}", f"O{core}", core, "CCO", f"Cl{core}".replace("NC", "NCCCl")]
    found = {tuple(pair) for pair in matched_pairs(smiles).tolist()}
    assert {(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)} <= found
    assert not any(4 in pair for pair in found)
    assert (0, 5) not in found  # two groups differ
    assert (1, 5) in found


def test_what_is_no_matched_pair():
    alike = ["C[C@H](N)c1ccccc1CC", "C[C@@H](N)c1ccccc1CC", "CC(N)c1ccccc1CC"]
    assert not len(matched_pairs(alike))  # nothing is exchanged
    assert not len(matched_pairs(["CO", "CN"]))  # the shared part is too small
    assert not len(matched_pairs(["Clc1ccc(cc1)C(=O)NC.Cl", "Fc1ccc(cc1)C(=O)NC.Cl", "x"]))
    large = "C(C(C)(C)C)" * 3
    assert not len(matched_pairs([f"c1ccc(cc1)c1ccccc1{large}", "c1ccc(cc1)c1ccccc1O"]))  # groups of 15 and 1


def test_similar_pairs_are_those_of_all_pairs():
    from exapt.bio.chem.fingerprints import morgan
    from exapt.bio.chem.similarity import tanimoto

    smiles = ["CCCCCCO", "CCCCCCCO", "c1ccccc1O", "Oc1ccccc1", "CCCCCCN", "CC(C)O", "x"]
    whole = tanimoto(morgan(smiles), morgan(smiles))
    pairs, found = similar_pairs(smiles, at_least=0.5)
    expected = {(a, b): whole[a, b] for a in range(7) for b in range(a + 1, 7) if whole[a, b] >= 0.5}
    assert dict(zip(map(tuple, pairs.tolist()), found.tolist(), strict=True)) == pytest.approx(expected)


def discs(svg):
    return len(re.findall("<ellipse", svg))


def test_discs_for_what_has_a_value():
    svg = draw_atoms("CC(=O)[O-].[Na+]", [1.0, 0.0, -1.0, 0.001, 0.5])
    assert discs(svg) == 3  # neither zero nor a fiftieth of the largest
    assert discs(draw_atoms("CCO")) == discs(draw_atoms("CCO", [0.0, 0.0, 0.0])) == 0
    ElementTree.fromstring(svg)


def test_the_limit_decides_the_depth_of_colour():
    deep, pale = (draw_atoms("C=C", [1.0, 0.0], limit=limit) for limit in (1.0, 10.0))
    shades = [re.search(r"<ellipse[^>]*fill:#(\w{6})", svg)[1] for svg in (deep, pale)]
    assert shades[0] < shades[1]
    assert colour(1.0)[0] > colour(1.0)[2]  # orange
    assert colour(-1.0)[2] > colour(-1.0)[0]  # blue
    assert colour(0.5)[2] > colour(1.0)[2]


def test_bad_molecules_and_lengths_are_refused():
    with pytest.raises(DataError, match="3 atoms, but"):
        draw_atoms("CCO", [1.0])
    for text in ("", "C(C", "nonsense"):
        with pytest.raises(DataError, match="cannot read"):
            draw_atoms(text)


@pytest.mark.parametrize(
    "smiles", ["O", "[Na+]", "*c1ccccc1", "[Fe+2]", "[2H]O[2H]", "C" * 200, "C1" + "C" * 199 + "1"]
)
def test_odd_molecules_are_drawn(smiles):
    svg = draw_atoms(smiles, np.linspace(-1, 1, len(symbols(smiles))))
    ElementTree.fromstring(svg)


@pytest.mark.parametrize(
    "smiles", ["CC(=O)Nc1ccc(O)cc1", "[H]C([H])(Cl)Br", "C[C@H](N)C(=O)[O-]", "*C%10CCCC%10", "[2H]C"]
)
def test_tokens_find_their_atoms(smiles):
    tokens = SMILES.findall(smiles)
    places = atoms_of_tokens(smiles, tokens)
    names = symbols(smiles)
    assert sorted(places[places >= 0].tolist()) == list(range(len(names)))
    for token, place in zip(tokens, places, strict=True):
        if place >= 0:
            assert names[place].lower() in token.lower()
        elif token[0] != "[":
            assert not token[0].isalpha()


def test_a_sheet_holds_all_drawings_and_escapes_names():
    page = sheet([(draw_atoms("CCO"), "<a> & b"), (draw_atoms("CCN"), "x" * 80)] * 3, legend(None, "log-odds & more"))
    root = ElementTree.fromstring(page)
    assert len(root.findall("{http://www.w3.org/2000/svg}svg")) == 7
    assert "&lt;a&gt; &amp; b" in page
    assert "x" * 47 not in page
