"""What is known about the molecules of public sets: copies, contradictions, leaks, and the sizes of published splits.

Sizes of the splits and numbers of duplicates: the catalogue that came with the files, measured there with RDKit 2026.9
by other code. Overlaps with `chembl_5thresh` there are by canonical SMILES without stereo; all fragments and charges as
written (with stereo they would be 33 of 204 for BBBP, 67 of 783 for Tox21). Numbers by the neutral key were first
measured here.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from exapt.bio.chem.fingerprints import morgan
from exapt.bio.chem.similarity import nearest
from exapt.bio.chem.standard import canonical, neutral
from exapt.core.config import DataConfig
from exapt.core.registry import SPLITS
from exapt.data.loading import load

pytestmark = pytest.mark.mirror

SPLIT_SIZES = {
    "bbbp": (1631, 204, 204),
    "clintox": (1182, 148, 148),
    "bace": (1210, 151, 152),
    "tox21": (6258, 782, 783),
    "sider": (1141, 143, 143),
    "lipo": (3360, 420, 420),
    "esol": (902, 113, 113),
    "freesolv": (513, 64, 65),
}


@cache
def loaded(name):
    return load(DataConfig(name=name))


@cache
def fold(name):
    wish = loaded(name).split
    return SPLITS.build(wish.name, **wish.options)(loaded(name).table)[0]


def smiles(name, rows=None):
    table = loaded(name).table
    values = table.frame[table.names("input")[0]]
    return (values if rows is None else values.iloc[rows]).tolist()


@cache
def corpus(key):
    return KEYS[key](smiles("chembl_5thresh"))


KEYS = {
    "canonical": canonical,
    "without stereo": lambda values: canonical(values, stereo=False),
    "neutral": neutral,
}


def copies(name, key):
    """Rows that repeat a molecule, groups of more than one row, and those whose rows differ in their targets."""
    table = loaded(name).table
    labels = table.frame[table.names("target")].apply(tuple, axis=1)
    grouped = pd.DataFrame({"key": KEYS[key](smiles(name)), "labels": labels}).groupby("key")["labels"]
    sizes = grouped.size()
    return len(table) - len(sizes), int((sizes > 1).sum()), int((grouped.nunique() > 1).sum())


@pytest.mark.parametrize(("name", "sizes"), SPLIT_SIZES.items())
def test_the_split_of_hu_et_al_is_that_of_the_papers(name, sizes):
    parts = fold(name)
    assert (len(parts.train), len(parts.valid), len(parts.test)) == sizes


def test_unreadable_molecules_of_tox21_are_listed():
    (step,) = [step for step in loaded("tox21").report.steps if step.rule == "readable_smiles"]
    assert (step.rows_in, step.rows_out, len(step.details)) == (7831, 7823, 8)
    assert step.details[0].startswith("tox21: row 1323: Explicit valence for atom # 8 Al, 6, is greater than permitted")


@pytest.mark.parametrize(
    ("name", "key", "repeated", "groups", "contradicting"),
    [
        ("bbbp", "canonical", 64, 60, 10),
        ("bbbp", "neutral", 97, 88, 14),
        ("clintox", "canonical", 19, 19, 19),
        ("clintox", "neutral", 85, 76, 50),
        ("bace", "canonical", 0, 0, 0),
        ("esol", "canonical", 11, 11, 6),
    ],
)
def test_copies_and_contradictions(name, key, repeated, groups, contradicting):
    assert copies(name, key) == (repeated, groups, contradicting)


@pytest.mark.parametrize(
    ("name", "without_stereo", "by_neutral"),
    [("bbbp", 41, 44), ("bace", 2, 7), ("clintox", 10, 34), ("sider", 16, 19), ("tox21", 81, 88), ("lipo", 47, 47)],
)
def test_test_molecules_in_the_chembl_corpus(name, without_stereo, by_neutral):
    held = smiles(name, fold(name).test)
    found = {key: np.isin(np.array(KEYS[key](held)), corpus(key)).sum() for key in ("without stereo", "neutral")}
    assert found == {"without stereo": without_stereo, "neutral": by_neutral}


def test_charge_variants_of_bace_carry_its_labels_in_the_corpus():
    """Five test molecules stand in the corpus with another charge only, each with a potency at BACE1 (CHEMBL4822)."""
    held = smiles("bace", fold("bace").test)
    potent = loaded("chembl_5thresh").table.frame["CHEMBL4822"].notna().to_numpy()
    labelled = np.array(corpus("neutral"))[potent]
    plain = np.isin(np.array(KEYS["without stereo"](held)), corpus("without stereo"))
    hidden = np.isin(np.array(neutral(held)), labelled) & ~plain
    assert hidden.sum() == 5
    assert np.isin(labelled, np.array(neutral(held))[hidden]).sum() == 6, "rows of the corpus with these labels"


def test_a_random_nearest_neighbour_is_that_of_rdkit():
    """Ten test molecules of BBBP against its training part, by RDKit's own fingerprints and Tanimoto."""
    from rdkit import Chem, DataStructs
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    parts = fold("bbbp")
    held, train = smiles("bbbp", parts.test[:10]), smiles("bbbp", parts.train)
    _, found = nearest(morgan(held), morgan(train))
    generator = GetMorganGenerator(radius=2, fpSize=2048)
    own, others = ([generator.GetFingerprint(Chem.MolFromSmiles(s)) for s in part] for part in (held, train))
    best = [max(DataStructs.BulkTanimotoSimilarity(one, others)) for one in own]
    np.testing.assert_allclose(found, best, rtol=1e-6)
