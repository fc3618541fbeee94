"""Baselines of molecules: each molecule is computed once, missing labels have no vote, neighbours are true ones."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError
from exapt.core.registry import BASELINES
from exapt.evaluate.baselines import _forest, _molecules, defaults
from exapt.evaluate.baselines._baseline import Problem
from exapt.evaluate.baselines._forest import Forest
from exapt.evaluate.baselines._molecules import Descriptors, Fingerprints, Memory

ACIDS = [f"{'C' * n}C(=O)O" for n in range(1, 31)]
AMINES = [f"{'C' * n}CN" for n in range(1, 31)]


def table(smiles, **more):
    frame = pd.DataFrame({"m": smiles, **more})
    return Table(frame, {name: Column("input", "molecule") for name in frame}, "toy.csv")


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_each_molecule_is_computed_once(layout):
    asked = []

    def lengths(smiles):
        asked.extend(smiles)
        return layout(np.array([[len(value), 1.0] for value in smiles]).reshape(-1, 2))

    memory = Memory(lengths)
    for smiles in (["CC", "C", "CC"], ["C", "CCC"], [], ["CCC", "CC"]):
        found = memory(smiles)
        found = found.toarray() if sparse.issparse(found) else found
        assert found[:, 0].tolist() == [len(value) for value in smiles]
    assert asked == ["CC", "C", "CCC"]


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(_molecules, "REMEMBERED", 3)
    memory = Memory(lambda smiles: np.array([[len(value)] for value in smiles]))
    for smiles in (["C", "CC"], ["CCC", "CCCC"], ["C", "CC", "CCC", "CCCC", "C"]):
        assert memory(smiles)[:, 0].tolist() == [len(value) for value in smiles]
        assert len(memory._places) <= 3


def test_rows_have_length_one_on_average():
    smiles = ACIDS + AMINES
    for block in (Fingerprints(), Descriptors()):
        features = block.fit_transform(smiles)
        features = features.toarray() if sparse.issparse(features) else features
        assert (features**2).sum(1).mean() <= 1.01
        known = block.transform(smiles[:3])
        known = known.toarray() if sparse.issparse(known) else known
        np.testing.assert_allclose(known, features[:3], rtol=1e-6)


def test_the_nearest_molecule_answers():
    rows = table(["c1ccccc1CCO", "CCCCCCN", "C1CCCCC1C"])
    model = BASELINES.build("tanimoto").fit(rows, [1.0, 2.0, 3.0], "number")
    assert model.predict(table(["C1CCCCC1CC", "c1ccccc1CO", "CCCCCN"])).tolist() == [3, 1, 2]
    classes = BASELINES.build("tanimoto").fit(rows, [0, 1, 1], "class").predict(table(["c1ccccc1CO", "CCCCN"]))
    assert classes.argmax(1).tolist() == [0, 1]
    assert model.predict(table(["not a molecule"])).tolist() == [1.0], "without any similarity the first row answers"


def test_two_molecules_in_a_row():
    rows = table(["CCO", "CCO", "CCN"], other=["c1ccccc1", "C1CCCCC1", "c1ccccc1"])
    model = BASELINES.build("tanimoto").fit(rows, [0.0, 1.0, 2.0], "number")
    assert model.predict(rows).tolist() == [0, 1, 2]


def test_missing_labels_have_no_vote():
    """Two columns with the same truth; of one half the labels are missing, all of them negative: it must not matter."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400).astype(float)
    features = (truth[:, None] + 0.5 * rng.normal(size=(400, 12))).astype(np.float32)
    holes = np.stack([truth, np.where((truth == 0) & (rng.random(400) < 0.9), np.nan, truth)], axis=1)
    forest = Forest(50, "x").fit(features, Problem(holes, "multilabel", 0, False, 0))
    full, gaps = forest.predict(features).T
    assert gaps[truth == 0].mean() < 0.5, "an average in place of missing labels would raise it to 0.83"
    assert np.corrcoef(full, gaps)[0, 1] > 0.7


def test_leaves_agree_with_the_forest_where_nothing_is_missing():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(200, 8)).astype(np.float32)
    values = np.stack([features[:, 0] + rng.normal(size=200), features[:, 1]], axis=1)
    forest = Forest(20, "x").fit(features, Problem(values, "number", 0, False, 0))
    plain = forest.predict(features)
    forest._leaves = _forest._known_means(forest._forest, features, values)
    np.testing.assert_allclose(forest.predict(features), plain, rtol=1e-9)


def test_large_data_are_sampled_and_predicted_in_blocks(monkeypatch):
    monkeypatch.setattr(_forest, "ROWS_IN_ALL", 50)
    monkeypatch.setattr(_forest, "BLOCK", 7)
    rng = np.random.default_rng(2)
    features = sparse.csr_array((rng.random((120, 6)) < 0.3).astype(np.float32))
    truth = np.asarray(features[:, [0]].toarray()[:, 0], dtype=np.int64)
    forest = Forest(20, "x").fit(features, Problem(truth, "class", 2, False, 0))
    assert (forest.predict(features).argmax(1) == truth).all()


def test_pairs_of_a_molecule_and_a_protein():
    names = defaults("number", ["molecule", "protein"])
    assert names == ["additive", "composition", "mean"], "the others run where they are asked for"
    assert not {"ecfp_linear", "descriptor_linear"} & set(defaults("number", ["protein"]))
    frame = pd.DataFrame({"m": ACIDS, "p": ["MKV" * (1 + n % 3) for n in range(30)]})
    pairs = Table(frame, {"m": Column("input", "molecule"), "p": Column("input", "protein")}, "toy")
    target = np.arange(30) % 3 * 1.0
    found = BASELINES.build("ecfp_linear").fit(pairs, target, "number").predict(pairs)
    assert np.corrcoef(found, target)[0, 1] > 0.9, "the protein tells it"


@pytest.mark.parametrize("name", ["ecfp_forest", "descriptor_forest", "random_forest"])
def test_a_forest_needs_trees(name):
    with pytest.raises(ConfigError, match=f"{name}: trees is 0"):
        BASELINES.build(name, trees=0)
