"""Molecules that are parsed once for several functions."""

import pytest

from exapt.bio.chem import _molecules
from exapt.bio.chem.counted import keys
from exapt.bio.chem.standard import canonical, neutral, parsed_once

SMILES = ["OCC", "[Na+].CC(N)C(=O)[O-]", "x", "C[C@H](N)C(=O)O", "[13CH4]", ""]


@pytest.fixture
def parsed(monkeypatch):
    """Spellings that were parsed, one an entry."""
    seen = []
    real = _molecules._read

    def counted(smiles):
        seen.append(smiles)
        return real(smiles)

    monkeypatch.setattr(_molecules, "_read", counted)
    return seen


def results():
    return canonical(SMILES), neutral(SMILES), canonical(SMILES, stereo=False), keys(SMILES).codes.tolist()


def test_the_results_are_those_of_parsing_each_time(parsed):
    wanted = results()
    assert len(parsed) == 4 * len(SMILES)
    parsed.clear()
    with parsed_once():
        assert results() == wanted
        assert results() == wanted  # nothing that a function does to a molecule is seen by the next
    assert parsed == SMILES


def test_they_are_forgotten_at_the_end(parsed):
    with pytest.raises(ZeroDivisionError), parsed_once():
        canonical(SMILES)
        raise ZeroDivisionError
    assert _molecules._parsed is None
    canonical(SMILES)
    assert parsed == SMILES * 2
