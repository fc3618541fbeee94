"""Baselines that know the entities of pairs by name only."""

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.evaluate.baselines import defaults
from exapt.evaluate.baselines.additive import Additive
from exapt.evaluate.baselines.degree import Degree

DRUGS = ["C" * n for n in range(1, 13)]
TARGETS = ["MK" + "A" * n for n in range(1, 21)]


def pairs(first, second, modality="molecule"):
    frame = pd.DataFrame({"a": first, "b": second})
    return Table(frame, {"a": Column("input", modality), "b": Column("input", "protein")}, "toy")


@pytest.fixture
def grid():
    """All pairs with value = 3 + effect of the drug + effect of the target, and the effects."""
    rng = np.random.default_rng(0)
    a, b = (index.ravel() for index in np.indices((len(DRUGS), len(TARGETS))))
    left, right = rng.normal(size=len(DRUGS)), rng.normal(size=len(TARGETS))
    return pairs(np.array(DRUGS)[a], np.array(TARGETS)[b]), 3 + left[a] + right[b], (a, b)


def test_additive_finds_the_effects_of_a_holey_matrix(grid):
    table, values, _ = grid
    order = np.random.default_rng(1).permutation(len(values))
    train, test = order[:160], order[160:]
    guess = Additive().fit(table.take(train), values[train], "number").predict(table.take(test))
    assert np.corrcoef(guess, values[test])[0, 1] > 0.98
    assert ((guess - values[test]) ** 2).mean() < 0.05 * values[test].var()


def test_additive_solves_the_ridge_problem(grid):
    table, values, (a, b) = grid
    train = np.random.default_rng(2).permutation(len(values))[:100]
    guess = Additive().fit(table.take(train), values[train], "number").predict(table)
    design = np.zeros((100, 32))
    design[np.arange(100), a[train]] = design[np.arange(100), 12 + b[train]] = 1
    middle = values[train].mean()
    effects = np.linalg.solve(design.T @ design + np.eye(32), design.T @ (values[train] - middle))
    np.testing.assert_allclose(guess, middle + effects[a] + effects[12 + b], atol=1e-6)


def test_a_new_entity_adds_nothing(grid):
    table, values, _ = grid
    model = Additive().fit(table, values, "number")
    new = model.predict(pairs(["N", DRUGS[0]], ["MWW", "MWW"]))
    assert new[0] == pytest.approx(values.mean())
    assert new[1] != pytest.approx(values.mean(), abs=0.01)
    labels = (values > values.mean()).astype(int)
    assert Degree().fit(table, labels, "class").predict(pairs(["N"], ["MWW"]))[0] == pytest.approx(
        [1 - labels.mean(), labels.mean()]
    )


def test_targets_with_holes_are_solved_one_by_one(grid):
    table, values, _ = grid
    both = np.stack([values, -values, np.full(len(values), np.nan)], axis=1)
    both[::3, 0] = np.nan
    found = Additive().fit(table, both, "number").predict(table)
    assert found.shape == both.shape
    assert np.corrcoef(found[:, 0], values)[0, 1] > 0.98
    assert (found[:, 2] == 0).all()


def test_degree_ranks_hubs_first_on_either_side():
    first = ["MHUB"] * 6 + ["MCOLD", "MWARM", "MCOLD", "MCOLD"]
    second = [*TARGETS[:6], *TARGETS[6:9], "MWARM"]
    labels = [1] * 6 + [0, 1, 0, 0]
    model = Degree().fit(pairs(first, second, "protein"), labels, "class")
    query = pairs(["MNEW", "mhub", "MNEW", "MCOLD"], ["MHUB", "MNEW", "MNEW", "MNEW"], "protein")
    hub, turned, prior, cold = model.predict(query)[:, 1]
    assert hub == pytest.approx(turned), "a protein is the same on either side, in any case"
    assert hub > prior > cold
    assert prior == pytest.approx(0.7)


def test_degree_of_several_labels():
    table = pairs(["C"] * 8 + ["N"] * 8, TARGETS[:16])
    labels = np.stack([np.repeat([1.0, 0.0], 8), np.repeat([0.0, 1.0], 8), np.full(16, np.nan)], axis=1)
    labels[0, 0] = np.nan
    found = Degree().fit(table, labels, "multilabel").predict(pairs(["C", "N"], ["MNEW", "MNEW"]))
    assert found.shape == (2, 3)
    assert found[0, 0] > 0.8 > 0.2 > found[1, 0]
    assert found[1, 1] > 0.8 > 0.2 > found[0, 1]
    assert found[:, 2] == pytest.approx(0.5)


def test_they_run_by_default_for_pairs_and_for_nothing_else():
    assert "degree" in defaults("class", ["protein", "protein"])
    assert "degree" in defaults("multilabel", ["molecule", "protein"])
    assert "additive" in defaults("number", ["molecule", "protein"])
    for modalities in (["protein"], ["protein"] * 3, ["protein", "expression"], ["number", "number"]):
        assert not {"degree", "additive"} & set(defaults("class", modalities) + defaults("number", modalities))
