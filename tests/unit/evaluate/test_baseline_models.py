"""The models behind the baselines: penalties chosen inside, direct and sparse solutions equal, true neighbours."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge as Reference

from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError
from exapt.core.registry import BASELINES, METRICS
from exapt.evaluate.baselines import _linear
from exapt.evaluate.baselines._baseline import Problem
from exapt.evaluate.baselines._linear import STRENGTHS, LinearModel, Logistic, Ridge, folds
from exapt.evaluate.baselines._neighbours import shares, similarities


def numbers(table, seed=0):
    return Problem(table, "number", 0, False, seed)


@pytest.mark.parametrize("shape", [(80, 10), (20, 60)])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_ridge_is_that_of_scikit_learn(shape, layout):
    """Both the direct solution (tall and wide) and conjugate gradients."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=shape) + 3
    targets = rng.normal(size=(shape[0], 2)) + features[:, :1] + 100
    unit = (features**2).sum() / shape[1]
    weights, center = next(_linear._solutions(layout(features), targets, [0.1]))
    reference = Reference(alpha=0.1 * unit).fit(features, targets)
    np.testing.assert_allclose(features @ weights + center, reference.predict(features), rtol=2e-3)


def test_the_penalty_follows_the_noise():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 40)).astype(np.float32)
    clean = features[:, :3].sum(1, keepdims=True).astype(float)
    assert Ridge(0)._penalty(features, clean) < Ridge(0)._penalty(features, clean + 20 * rng.normal(size=(60, 1)))
    assert Ridge(0)._penalty(features, rng.normal(size=(60, 1))) >= 1, "noise alone is shrunk hard"


def test_the_strength_is_chosen_inside():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 20)).astype(np.float32) / np.sqrt(20)
    clear = (features[:, 0] > 0).astype(np.int64)
    assert Logistic(2, 0).fit(features, clear).strength > Logistic(2, 0).fit(features, rng.integers(0, 2, 300)).strength
    few = Logistic(2, 0).fit(features[:10], clear[:10])
    assert few.strength == _linear.USUAL_STRENGTH
    assert few.strength in STRENGTHS


def test_rare_classes_are_weighted():
    rng = np.random.default_rng(0)
    truth = (np.arange(400) < 20).astype(np.int64)
    features = (rng.normal(size=(400, 2)) + truth[:, None]).astype(np.float32)
    found = Logistic(2, 0).fit(features, truth).predict(features).argmax(1)
    assert METRICS.get("balanced_accuracy").value(truth, np.eye(2)[found]) > 0.7


def test_a_class_of_one_row_and_empty_targets():
    features = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    lonely = np.array([2] + [0] * 20 + [1] * 19)
    assert Logistic(4, 0).fit(features, lonely).predict(features).shape == (40, 4)
    nothing = Logistic(2, 0).fit(features[:0], lonely[:0]).predict(features)
    assert (nothing == 0.5).all()
    assert (Ridge(0).fit(features[:0], np.empty((0, 2))).predict(features) == 0).all()


def test_many_classes_times_many_features_are_reduced_first(monkeypatch):
    monkeypatch.setattr(_linear, "MANY_WEIGHTS", 100)
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(4), 30)
    features = sparse.csr_array((rng.random((120, 50)) < 0.1) + np.eye(4)[truth].repeat([12, 12, 13, 13], axis=1))
    model = LinearModel().fit(features, Problem(truth, "class", 4, False, 0))
    assert (model.predict(features).argmax(1) == truth).mean() > 0.95


def test_the_scale_of_features_does_not_matter():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 5)).astype(np.float32)
    targets = features @ rng.normal(size=(5, 1)) + rng.normal(size=(100, 1))
    small, large = (LinearModel().fit(features * s, numbers(targets)).predict(features * s) for s in (1, 1000))
    np.testing.assert_allclose(small, large, rtol=1e-3, atol=1e-3)


def test_folds_part_the_rows():
    for rows, number in ((50, 3), (2000, 1)):
        cuts = list(folds(rows, 0, np.arange(rows) % 2))
        assert len(cuts) == number
        for train, held in cuts:
            assert sorted([*train, *held]) == list(range(rows))
    np.testing.assert_array_equal(next(folds(50, 1))[1], next(folds(50, 1))[1])


@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
def test_similarity_is_minus_half_the_squared_distance(layout, monkeypatch):
    monkeypatch.setattr("exapt.evaluate.baselines._neighbours.ROWS", 3)
    rng = np.random.default_rng(0)
    query, train = rng.random((8, 4)), rng.random((5, 4))
    found = np.concatenate(list(similarities(layout(query), layout(train))))
    np.testing.assert_allclose(found, -0.5 * ((query[:, None] - train[None]) ** 2).sum(2), atol=1e-12)


def test_shares_order_classes_by_similarity():
    found = shares(np.array([[0.1, 0.5, -np.inf], [0.0, -0.2, 0.3]]))
    np.testing.assert_allclose(found.sum(1), 1)
    assert found.argmax(1).tolist() == [1, 2]
    assert found[0, 2] == 0


def dna(values):
    return Table(pd.DataFrame({"x": values}), {"x": Column("input", "dna")}, "toy")


def test_nearest_finds_the_copy_of_a_row():
    rng = np.random.default_rng(0)
    values = ["".join(rng.choice(list("ACGT"), 60)) for _ in range(50)]
    answers = rng.normal(size=50)
    model = BASELINES.build("nearest").fit(dna(values), answers, "number", 0)
    near = [value[:30] + ("A" if value[30] != "A" else "C") + value[31:] for value in values]
    np.testing.assert_array_equal(model.predict(dna(near)), answers)


def test_a_missing_value_comes_from_the_next_neighbour():
    table = Table(pd.DataFrame({"x": [0.0, 1.0, 5.0]}), {"x": Column("input", "number")}, "toy")
    model = BASELINES.build("nearest").fit(table, [[np.nan, 1.0], [7.0, 2.0], [9.0, 3.0]], "number", 0)
    assert model.predict(table)[0].tolist() == [7.0, 1.0]


def test_majority_is_the_prior_and_mean_the_mean():
    table = dna(["A", "C", "G", "T"])
    prior = BASELINES.build("majority").fit(table, [0, 0, 0, 2], "class").predict(table.take(np.array([0, 1])))
    assert prior.tolist() == [[0.75, 0, 0.25]] * 2
    labels = np.array([[1, np.nan], [0, np.nan], [1, np.nan], [1, np.nan]])
    assert BASELINES.build("majority").fit(table, labels, "multilabel").predict(table)[0].tolist() == [0.75, 0.5]
    values = np.array([1.0, 2.0, 6.0, np.nan])
    assert BASELINES.build("mean").fit(table, values, "number").predict(table).tolist() == [3.0] * 4


@pytest.mark.parametrize(("name", "option"), [("random_forest", "trees"), ("pca_linear", "components")])
def test_options_are_checked(name, option):
    with pytest.raises(ConfigError, match=f"{option} is 0; at least 1"):
        BASELINES.build(name, **{option: 0})


GUE = "wds-seu/DeepGene/486343e5212361d6cd7ed03c624f430ed3d5f02e/data/GUE"


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("data", "name", "at_least"),
    [
        # MCC x 100 of scikit-learn models on the same bytes: k-mers 79.3 and 67.4, one-hot 69.8
        ("mouse/2", "linear", 0.793),
        ("mouse/3", "linear", 0.67),
        ("prom/prom_core_tata", "linear_onehot", 0.698),
    ],
)
def test_linear_baselines_on_real_sequences(data, name, at_least):
    folder = Path(os.environ["EXAPT_MIRROR"]) / GUE / data
    train, test = (pd.read_csv(folder / f"{part}.csv") for part in ("train", "test"))
    model = BASELINES.build(name).fit(dna(train["sequence"]), train["label"], "class", 0)
    assert METRICS.get("mcc").value(test["label"], model.predict(dna(test["sequence"]))) >= at_least
