"""Fingerprints and descriptors against RDKit's own."""

import itertools

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Descriptors
from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

from exapt.bio.chem import _molecules, fingerprints
from exapt.bio.chem.fingerprints import DESCRIPTORS, descriptors, features, morgan

SMILES = [
    "CC(=O)Oc1ccccc1C(=O)O",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "[Na+].[Cl-]",
    "x",
    "C",
    "CC(C)Cc1ccc(C(C)C(O)=O)cc1",
]


@pytest.mark.parametrize(("radius", "bits"), [(2, 2048), (3, 512), (0, 64)])
def test_folded_bits_are_those_of_rdkit(radius, bits):
    found = morgan(SMILES, radius=radius, bits=bits)
    assert found.shape == (len(SMILES), bits)
    assert found.dtype == np.float32
    generator = GetMorganGenerator(radius=radius, fpSize=bits)
    for row, text in zip(found.toarray(), SMILES, strict=True):
        molecule = Chem.MolFromSmiles(text)
        expected = [] if molecule is None else list(generator.GetFingerprint(molecule).GetOnBits())
        assert np.flatnonzero(row).tolist() == expected
        assert set(row) <= {0.0, 1.0}


def test_hashes_are_sorted_and_each_once():
    indptr, codes = features(SMILES)
    assert (indptr.dtype, codes.dtype) == (np.int64, np.uint64)
    assert indptr[0] == 0
    assert indptr[-1] == len(codes)
    for start, stop in itertools.pairwise(indptr):
        assert (np.diff(codes[start:stop].astype(np.int64)) > 0).all()
    assert indptr[3] == indptr[4], "an unreadable molecule has none"


def test_descriptors_are_those_of_rdkit():
    found = descriptors(SMILES)
    known = dict(Descriptors.descList)
    assert set(DESCRIPTORS) == set(known) - {"Ipc", "qed"}
    molecule = Chem.MolFromSmiles(SMILES[0])
    np.testing.assert_allclose(found[0], [known[name](molecule) for name in DESCRIPTORS], rtol=1e-5)
    assert np.isfinite(found).all()
    assert np.abs(found).max() <= fingerprints.FURTHEST
    assert not found[3].any()


def test_nothing_in_nothing_out():
    assert morgan([]).shape == (0, 2048)
    assert descriptors([]).shape == (0, len(DESCRIPTORS))
    assert [part.tolist() for part in features([])] == [[0], []]


def test_processes_give_what_one_process_gives(monkeypatch):
    smiles = SMILES * 100
    alone = morgan(smiles), descriptors(smiles)
    monkeypatch.setattr(fingerprints, "LEAST", 1)
    monkeypatch.setattr(_molecules, "_processors", lambda: 2)
    assert (morgan(smiles) != alone[0]).nnz == 0
    np.testing.assert_array_equal(descriptors(smiles), alone[1])


@pytest.mark.parametrize("smiles", ["*", "*.*", "[H][H]", "[He]", "[Pt]", "[H+]"])
def test_molecules_without_heavy_atoms_have_descriptors(smiles):
    assert np.isfinite(descriptors([smiles])).all()
