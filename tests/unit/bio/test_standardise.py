"""Steps of standardisation: what changes, what stays, and that nothing unreadable is lost."""

import pytest

from exapt.bio.chem.blocks import structures
from exapt.bio.chem.standard import canonical, neutral
from exapt.bio.chem.standardise import (
    from_inchi,
    largest_fragment,
    neutralise,
    problem_of_inchi,
    without_isotopes,
    without_stereo,
)

STEPS = (largest_fragment, neutralise, without_isotopes, without_stereo)


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        (largest_fragment, "CC(=O)[O-].[Na+]", "CC(=O)[O-]"),
        (largest_fragment, "[Fe+3].[Cl-].CO", "CO"),
        (largest_fragment, "C[C@H](N)C(=O)O.Cl", "C[C@H](N)C(=O)O"),
        (neutralise, "CC(=O)[O-]", "CC(=O)O"),
        (neutralise, "C[C@H]([NH3+])C(=O)[O-]", "C[C@H](N)C(=O)O"),
        (neutralise, "C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]"),
        (neutralise, "c1ccccc1[N+](=O)[O-]", "c1ccccc1[N+](=O)[O-]"),
        (without_isotopes, "[2H]C([2H])([2H])O", "CO"),
        (without_isotopes, "[13C@@H](F)(Cl)Br", "F[C@H](Cl)Br"),
        (without_stereo, "C/C=C\\C", "CC=CC"),
        (without_stereo, "C[C@@H](O)F", "CC(O)F"),
    ],
)
def test_what_changes(step, before, after):
    (found,) = step([before])
    assert canonical([found]) == canonical([after])


@pytest.mark.parametrize("step", STEPS)
def test_what_has_nothing_keeps_its_spelling_and_what_is_unreadable_stays(step):
    for text in ["OCC", "C1=CC=CC=C1", "C(C", "", "CN(C)(C)C.Cl", "[Zz+]", "x@/[2"]:
        assert step([text]) == [text]


def test_all_steps_together_give_the_neutral_key_but_for_inner_salts():
    molecules = ["C[C@H]([NH3+])C(=O)[O-].Cl", "[13CH3]/C=C/C(=O)[O-].[K+]", "OCC", "C[N+](=O)[O-]", "CN.CN"]
    found = molecules
    for step in STEPS:
        found = step(found)
    assert canonical(found) == neutral(molecules)
    betaine = ["C[N+](C)(C)CC(=O)[O-]"]
    assert neutralise(betaine) == betaine
    assert neutral(betaine) == ["C[N+](C)(C)CC(=O)O"]


def test_many_molecules_in_several_processes_keep_their_order():
    molecules = [f"{'C' * (1 + n % 40)}[NH3+].Cl{'.O' * (n // 40)}" for n in range(2400)]
    assert largest_fragment(molecules) == [f"{'C' * (1 + n % 40)}[NH3+]" for n in range(2400)]


def test_inchi():
    alanine = "InChI=1S/C3H7NO2/c1-2(4)3(5)6/h2H,4H2,1H3,(H,5,6)/t2-/m0/s1"
    assert from_inchi([alanine, "CCO", "InChI=rubbish"]) == ["C[C@H](N)C(=O)O", "CCO", None]
    assert problem_of_inchi("InChI=rubbish")


def test_log_of_rdkit_is_quiet(capfd):
    largest_fragment(["C(C.O"])
    from_inchi(["InChI=rubbish"])
    problem_of_inchi("InChI=rubbish")
    structures(["x\n\n\nrubbish\nM  END\n"])
    assert capfd.readouterr() == ("", "")
