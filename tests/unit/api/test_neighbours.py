"""What a run remembers of its training rows, and what that says of new ones."""

import numpy as np
import pandas as pd
import pytest

from exapt.api._neighbours import FILE, read_neighbours, write_neighbours
from exapt.core.contracts import Column, Table

MOLECULE, PROTEIN = Column("input", "molecule"), Column("input", "protein")


def table(**columns):
    kinds = {"smiles": MOLECULE, "sequence": PROTEIN, "a": PROTEIN, "b": PROTEIN}
    return Table(pd.DataFrame(columns), {name: kinds[name] for name in columns}, "x.csv")


def beside(tmp_path, trained, new):
    write_neighbours(tmp_path, trained, np.arange(len(trained)))
    found = read_neighbours(tmp_path)
    return None if found is None else found.beside(pd.DataFrame({"id": range(len(new))}), new)


def test_molecules_get_their_similarity_and_band(tmp_path):
    from exapt.bio.chem.fingerprints import morgan

    one, other = morgan(["CCO", "CCCO"])[[0]].toarray()[0] > 0, morgan(["CCO", "CCCO"])[[1]].toarray()[0] > 0
    expected = (one & other).sum() / (one | other).sum()
    found = beside(tmp_path, table(smiles=["CCO", "CCO", "c1ccccc1"]), table(smiles=["OCC", "CCCO", "S"]))
    assert found["similarity"].tolist() == pytest.approx([1, expected, 0], abs=5e-4)
    assert 0.5 < expected < 0.7
    assert found["band"].tolist() == ["1", "0.5 to 0.7", "0 to 0.3"]
    assert list(found) == ["id", "similarity", "band"]


def test_pairs_get_their_class(tmp_path):
    trained = table(smiles=["CCO", "CCN"], sequence=["MKV", "MAA"])
    new = table(smiles=["OCC", "CCO", "CCC", "CCN"], sequence=["mkv", "MWW", "MWW", "MKV"])
    found = beside(tmp_path, trained, new)
    assert found["pair_class"].tolist() == ["C1", "C2", "C3", "C1"], "spelling does not matter"
    assert found["similarity"].iloc[0] == 1


def test_a_protein_is_known_on_whichever_side_it_stood(tmp_path):
    found = beside(tmp_path, table(a=["MKV"], b=["MAA"]), table(a=["MAA", "MAA"], b=["MKV", "MWW"]))
    assert found["pair_class"].tolist() == ["C1", "C2"]
    assert list(found) == ["id", "pair_class"]


def test_other_runs_keep_nothing(tmp_path):
    assert beside(tmp_path, table(sequence=["MKV"]), table(sequence=["MKV"])) is None
    assert not (tmp_path / FILE).exists()


def test_too_many_molecules_are_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr("exapt.api._neighbours.MOST", 1)
    assert beside(tmp_path, table(smiles=["CCO", "CCN"]), table(smiles=["CCO"])) is None
