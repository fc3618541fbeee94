"""Atoms and bonds as integers: what each level means, in both schemes, for ordinary and for odd molecules."""

import numpy as np
import pytest
from rdkit import Chem

from exapt.bio.chem import graphs as room
from exapt.bio.chem.graphs import SCHEMES, graphs

ODD = {
    "a single atom": "[He]",
    "a wildcard": "*CC",
    "a metal": "[Fe+2]",
    "a complex with dative bonds": "N->[Pt](<-N)(Cl)Cl",
    "three fragments": "CCO.[Na+].[Cl-]",
    "a deuterium that stays an atom": "[2H]C",
    "hydrogen": "[H][H]",
    "the heaviest element": "[Og]",
    "a large charge": "[Zr+4]",
    "a macrocycle of 200 atoms": "C1" + "C" * 198 + "C1",
    "a cage": "C12C3C4C1C5C2C3C45",
}


def column(scheme, kind, name):
    return list(getattr(SCHEMES[scheme], kind)).index(name)


def atom_feature(smiles, name, scheme="full"):
    return graphs([smiles], scheme)[0][0][:, column(scheme, "atom", name)].tolist()


def bond_feature(smiles, name, scheme="full"):
    return graphs([smiles], scheme)[0][1][::2, 2 + column(scheme, "bond", name)].tolist()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("smiles", ODD.values(), ids=ODD)
def test_odd_molecules_stay_below_their_levels(smiles, scheme):
    atoms, bonds = graphs([smiles], scheme)[0]
    molecule = Chem.MolFromSmiles(smiles)
    assert len(atoms) == molecule.GetNumAtoms()
    assert len(bonds) == 2 * molecule.GetNumBonds()
    assert (atoms < list(SCHEMES[scheme].atom.values())).all()
    assert (atoms[:, 0] != room.MASKED).all()
    assert (bonds[:, 2:] < list(SCHEMES[scheme].bond.values())).all()
    assert (bonds >= 0).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_bonds_stand_in_both_directions_one_after_the_other(scheme):
    smiles = "C/C=C/c1ccncc1O"
    bonds = graphs([smiles], scheme)[0][1]
    expected = [(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in Chem.MolFromSmiles(smiles).GetBonds()]
    assert bonds[::2, :2].tolist() == [list(pair) for pair in expected]
    assert np.array_equal(bonds[::2, [1, 0]], bonds[1::2, :2])
    assert np.array_equal(bonds[::2, 2:], bonds[1::2, 2:])


@pytest.mark.parametrize(
    ("smiles", "name", "expected"),
    [
        ("CO", "atomic number", [6, 8]),
        ("*C", "atomic number", [0, 6]),
        ("CC(C)(C)C", "neighbours", [1, 4, 1, 1, 1]),
        ("[NH4+].[O-2]", "charge", [4, 1]),
        ("[Zr+4]", "charge", [7]),
        ("CC=O", "hydrogens", [3, 1, 0]),
        ("C#CC=CC", "hybridisation", [2, 2, 3, 3, 4]),
        ("c1ccccc1C", "aromatic", [1, 1, 1, 1, 1, 1, 0]),
        ("C1CC1C", "smallest ring", [1, 1, 1, 0]),
        ("C1CCC2CC2C1", "smallest ring", [4, 4, 4, 1, 1, 1, 4]),
        ("C1" + "C" * 30 + "C1", "smallest ring", [7] * 32),
        ("N[C@@H](C)C(=O)O", "stereo", [0, 2, 0, 0, 0, 0]),
        ("N[C@H](C)C(=O)O", "stereo", [0, 1, 0, 0, 0, 0]),
        ("C[C@H]1CC[C@@H](C)CC1", "stereo", [0, 3, 0, 0, 3, 0, 0, 0]),
    ],
)
def test_atoms_of_the_full_scheme(smiles, name, expected):
    assert atom_feature(smiles, name) == expected


@pytest.mark.parametrize(
    ("smiles", "name", "expected"),
    [
        ("CC=CC#N", "type", [0, 1, 0, 2]),
        ("c1cc[nH]c1", "type", [3, 3, 3, 3, 3]),
        ("N->[Pt]", "type", [4]),
        ("C=CC=CC", "conjugated", [1, 1, 1, 0]),
        ("C1CC1C", "in a ring", [1, 1, 0, 1]),
        ("C/C=C/C", "stereo", [0, 2, 0]),
        ("C/C=C\\C", "stereo", [0, 1, 0]),
        ("CC=CC", "stereo", [0, 0, 0]),
    ],
)
def test_bonds_of_the_full_scheme(smiles, name, expected):
    assert bond_feature(smiles, name) == expected


def test_the_published_scheme():
    assert atom_feature("[H]O[Og]", "atomic number", "hu") == [7, 117]
    assert atom_feature("*C", "atomic number", "hu") == [118, 5]
    assert atom_feature("N[C@@H](C)O", "chirality", "hu") == [0, 1, 0, 0]
    assert atom_feature("N[C@H](C)O", "chirality", "hu") == [0, 2, 0, 0]
    assert bond_feature("CC=CC#Cc1ccccc1", "type", "hu") == [0, 1, 0, 2, 0, *[3] * 6]
    assert bond_feature("N->[Pt]", "type", "hu") == [5]
    assert bond_feature("C/C=C\\C", "direction", "hu") == [1, 0, 2]


def test_unreadable_molecules_have_no_atom_and_shift_nothing():
    found = graphs(["CO", "C(C", "", "CN(C)(C)C", "N"])
    assert len(found) == 5
    assert [len(found[i][0]) for i in range(5)] == [2, 0, 0, 0, 1]
    assert np.array_equal(found[4][0], graphs(["N"])[0][0])
    assert len(graphs([])) == 0
    assert graphs([]).atoms.shape == (0, len(SCHEMES["full"].atom))


def test_a_molecule_beyond_the_range_of_atom_numbers_has_no_atom(monkeypatch):
    monkeypatch.setattr(room, "MOST_ATOMS", 3)
    assert [len(graphs(["CCC", "CCCC"])[i][0]) for i in range(2)] == [3, 0]


def test_several_processes_give_what_one_gives(monkeypatch):
    smiles = ["CCO", "x", "c1ccccc1[C@H](N)C", "C/C=C/C"] * 150
    one = graphs(smiles)
    monkeypatch.setattr(room, "LEAST", 1)
    many = graphs(smiles)
    assert all(np.array_equal(getattr(one, key), getattr(many, key)) for key in vars(one))
