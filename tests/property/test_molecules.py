"""Whatever the way a molecule is written: one spelling, one parent, one fingerprint."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from exapt.bio.chem.fingerprints import morgan
from exapt.bio.chem.standard import canonical, neutral, readable

UNITS = [
    "C",
    "N",
    "O",
    "c1ccccc1",
    "C(=O)",
    "[C@H](F)",
    "[NH2+]",
    "C([O-])",
    "[N+](C)(C)",
    "C1CC1",
    "S",
    "/C=C/",
    "[13CH2]",
]
molecules = (
    st.lists(st.sampled_from(UNITS), min_size=1, max_size=8).map("".join).filter(lambda text: readable([text])[0])
)
mixtures = st.lists(molecules, min_size=1, max_size=3).map(".".join)


@given(smiles=mixtures, seed=st.integers(1, 1000))
@settings(max_examples=150, deadline=None)
def test_another_order_of_atoms_changes_nothing(smiles, seed):
    (other,) = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(smiles), 1, randomSeed=seed)
    assert canonical([smiles]) == canonical([other])
    assert neutral([smiles]) == neutral([other])
    assert (morgan([smiles]) != morgan([other])).nnz == 0


@given(smiles=mixtures)
@settings(max_examples=150, deadline=None)
def test_the_keys_of_a_key_are_itself(smiles):
    for key in (canonical, neutral):
        once = key([smiles])
        assert once[0]
        assert key(once) == once
    assert neutral(canonical([smiles])) == neutral([smiles])
    assert "." not in neutral([smiles])[0]
    assert not any(atom.GetIsotope() for atom in Chem.MolFromSmiles(neutral([smiles])[0]).GetAtoms())


@given(smiles=st.lists(st.text("CNOc1()=[]+-@#%.H/\\ ", max_size=12), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_molecule_or_none(smiles):
    found, parents, bits = canonical(smiles), neutral(smiles), morgan(smiles)
    assert len(found) == len(parents) == bits.shape[0] == len(smiles)
    assert [value is None for value in found] == [value is None for value in parents]
    empty = np.diff(bits.indptr) == 0
    assert empty.tolist() == [value is None for value in found]
