"""Activity cliffs of small sets whose pairs are known."""

import numpy as np
import pytest

from exapt.evaluate.cliffs import across_cliffs, activity_cliffs

SMILES = ["CCCCCCO", "CCCCCCN", "c1ccccc1C(=O)NC", "Clc1ccccc1C(=O)NC", "CC(C)(C)C"]


def test_pairs_need_a_test_molecule_and_come_steepest_first():
    targets = [0.0, 3.0, 1.0, 1.5, 9.0]
    found = activity_cliffs(SMILES, targets, np.array([0, 3]), np.array([1, 2, 4]), kind="number")
    assert found.pairs.tolist() == [[0, 1], [3, 2]]
    assert found.difference.tolist() == [3.0, 0.5]
    assert found.steep.tolist() == [True, False]
    assert np.isnan(found.tanimoto).all()  # matched pairs below 0.9
    assert not len(activity_cliffs(SMILES, targets, np.array([4]), np.array([0, 1, 2, 3]), kind="number").pairs)


def test_equal_molecules_and_unknown_targets_are_no_pair():
    smiles = ["CCCCCCO", "OCCCCCC", "CCCCCCN"]
    found = activity_cliffs(smiles, [0.0, 5.0, np.nan], np.array([0]), np.array([1, 2]), kind="number")
    assert not len(found.pairs)
    found = activity_cliffs(
        ["C[C@H](F)CCCCO", "C[C@@H](F)CCCCO"], [0.0, 5.0], np.array([0]), np.array([1]), kind="number"
    )
    assert found.pairs.tolist() == [[0, 1]]  # stereoisomers are
    assert found.tanimoto.tolist() == [1.0]


def test_classes_are_a_cliff_where_they_differ():
    found = activity_cliffs(SMILES, [0, 1, 1, 1, -1], np.array([0, 2, 4]), np.array([1, 3]), kind="class")
    assert found.pairs.tolist() == [[0, 1], [2, 3]]
    assert found.steep.tolist() == [True, False]


def test_rmse_at_the_cliff_and_elsewhere():
    rng = np.random.default_rng(0)
    chains = [f"{'C' * n}c1ccccc1C(=O)N{'C' * n}" for n in range(1, 13)]
    smiles = [text for chain in chains for text in (chain, chain.replace("c1ccccc1", "c1ccc(Cl)cc1"))]
    smiles += [f"{'C' * n}(F)(F)F" for n in range(3, 23)]
    targets = np.concatenate([np.tile([0.0, 4.0], 12), rng.normal(size=20, scale=0.1)])
    test = np.concatenate([np.arange(0, 24, 2), np.arange(24, 44)])
    train = np.arange(1, 24, 2)
    found = activity_cliffs(smiles, targets, test, train, kind="number", least=3.0)
    assert set(found.pairs[found.steep][:, 0].tolist()) == set(range(0, 24, 2))
    guess = targets[test] + np.where(test < 24, 2.0, 0.5)
    said = across_cliffs(found, test, targets[test], guess, kind="number")
    assert said["n_cliff"] == 12
    assert said["n_other"] == 20
    assert said["cliff"]["value"] == pytest.approx(2.0)
    assert said["other"]["value"] == pytest.approx(0.5)
    few = across_cliffs(found, test[:9], targets[test[:9]], guess[:9], kind="number")
    assert few["cliff"] is None
