"""Spellings of molecules: what is one and what is not, and the same in one process or many."""

import multiprocessing

import pytest

from exapt.bio.chem import _molecules, standard
from exapt.bio.chem.scaffolds import murcko
from exapt.bio.chem.standard import canonical, neutral, problem, readable


def same(*smiles):
    return len(set(neutral(smiles))) == 1


def test_salts_charges_isotopes_and_stereo_are_one_parent():
    assert same("CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)[O-].[Na+]", "CC(=O)Oc1ccccc1C(O)=O.O.O")
    assert same("C[C@H](F)Cl", "C[C@@H](F)Cl", "CC(F)Cl")
    assert same("F/C=C/F", "F/C=C\\F")
    assert same("C[NH3+].[Cl-]", "CN.Cl", "CN")
    assert same("[2H]C([2H])([2H])O", "[13CH3]O", "[CH3:7]O", "CO")
    assert same("NCC(=O)O", "[NH3+]CC(=O)[O-]")
    assert same("C1=CC=CC=C1O", "c1ccccc1O", "[O-]c1ccccc1")


def test_charges_that_no_proton_removes_stay():
    assert neutral(["C[N+](C)(C)C.[Cl-]"]) == ["C[N+](C)(C)C"]
    assert neutral(["C[N+](=O)[O-]", "CN(=O)=O"]) == ["C[N+](=O)[O-]"] * 2
    assert neutral(["F[B-](F)(F)F.CCCC[N+](C)(C)C"]) == ["CCCC[N+](C)(C)C"]
    assert neutral(["F[B-](F)(F)F", "F[P-](F)(F)(F)(F)F"]) == ["F[B-](F)(F)F", "F[P-](F)(F)(F)(F)F"]


def test_different_parents_stay_different():
    assert not same("CCO", "CCN")
    assert not same("CC(=O)C", "CC(O)=C"), "tautomers are told apart"
    assert not same("c1ccccc1", "C1CCCCC1")


def test_the_largest_organic_fragment_is_the_parent():
    assert neutral(["O=[W](=O)(=O)=O.CCO", "CCO.CCCO", "OS(=O)(=O)O.CN"]) == ["CCO", "CCCO", "CN"]
    assert neutral(["[Na+].[Cl-]"])[0] in {"Cl", "[Na+]"}, "without carbon the largest of all"
    assert neutral(["CCN.CCO"]) == neutral(["CCO.CCN"]), "equally large: whatever the order"


def test_canonical_keeps_what_neutral_leaves_out():
    forms = ["C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "C[C@H]([NH3+])C(=O)[O-]", "C[C@H](N)C(=O)O.Cl"]
    assert len(set(canonical(forms))) == 4
    assert len(set(canonical(forms, stereo=False))) == 3
    assert canonical(["OC(=O)[C@@H](N)C"]) == canonical(forms[:1])


@pytest.mark.parametrize("text", ["", "C(C", "c1cccc1", "CN(C)(C)C", "hello", "C1CC"])
def test_what_cannot_be_read_is_none_and_has_a_reason(text, capfd):
    assert canonical([text]) == neutral([text]) == murcko([text]) == [None]
    assert not readable([text])[0]
    assert problem(text)
    assert capfd.readouterr().err == "", "RDKit's own messages are not shown"


def test_reasons():
    assert problem("CCO") is None
    assert problem("") == "no atom"
    assert problem("c1cccc1").startswith("Can't kekulize")
    assert problem("O=CO[AlH3](OC=O)OC=O") == "Explicit valence for atom # 3 Al, 6, is greater than permitted"


def test_processes_give_what_one_process_gives(monkeypatch):
    smiles = ["C" * (1 + i % 30) + "[NH3+]" if i % 7 else "x" for i in range(1300)]
    alone = neutral(smiles), canonical(smiles), readable(smiles).tolist()
    monkeypatch.setattr(standard, "LEAST", 1)
    monkeypatch.setattr(_molecules, "_processors", lambda: 2)
    assert (neutral(smiles), canonical(smiles), readable(smiles).tolist()) == alone
    assert neutral([]) == canonical([]) == []


def test_a_worker_starts_no_workers(monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "_config", {"daemon": True})
    assert _molecules._processors() == 1


def test_scaffolds():
    assert murcko(["Cc1ccc(CC2CCNC2)cc1", "CCCC", "O=C1CCCC1C"]) == ["c1ccc(CC2CCNC2)cc1", "", "O=C1CCCC1"]
    chiral = "O=C1C[C@@H](c2ccccc2)N1"
    assert "@" in murcko([chiral], chirality=True)[0]
    assert "@" not in murcko([chiral])[0]
