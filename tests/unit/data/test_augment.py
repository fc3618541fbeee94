"""Pseudo-cells: sums of one type at the depth that was asked for."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from exapt.core.contracts import Column, Matrix, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import AUGMENTATIONS


def cells(values, labels):
    columns = {
        "id": Column("id", "label"),
        "expression": Column("input", "expression", "UMI count"),
        "type": Column("target", "label"),
    }
    frame = pd.DataFrame({"id": [f"c{i}" for i in range(len(labels))], "type": labels})
    names = tuple(f"g{i}" for i in range(values.shape[1]))
    return Table(frame, columns, "toy", {"expression": Matrix(sparse.csr_matrix(values), names)})


def test_depth_and_type():
    rng = np.random.default_rng(0)
    values = rng.poisson(3.0, (40, 50)).astype(float)
    values[:20, :25] = 0  # type a uses the upper half of the genes only
    table = cells(values, ["a"] * 20 + ["b"] * 20)
    made = AUGMENTATIONS.build("pseudocells", low=400, high=400, copies=3, most=20)(table, seed=1)
    counts = made.matrices["expression"].values.toarray()
    assert counts.shape == (120, 50)
    assert np.array_equal(counts, np.rint(counts))
    assert abs(counts.sum(1).mean() - 400) < 10
    assert not counts[made.frame["type"] == "a", :25].any()
    assert made.frame["id"].is_unique


def test_a_shallow_goal_thins_one_cell():
    values = np.full((4, 10), 20.0)
    made = AUGMENTATIONS.build("pseudocells", low=50, high=50, copies=1)(cells(values, list("aabb")), seed=0)
    assert 30 < made.matrices["expression"].values.sum(1).mean() < 70


def test_same_seed_same_cells():
    table = cells(np.random.default_rng(0).poisson(2.0, (10, 8)).astype(float), list("aaaaabbbbb"))
    make = AUGMENTATIONS.build("pseudocells", low=10, high=90)
    first, second = (make(table, seed=3).matrices["expression"].values.toarray() for _ in range(2))
    assert np.array_equal(first, second)


def test_logarithms_are_refused():
    with pytest.raises(DataError, match="whole counts"):
        AUGMENTATIONS.build("pseudocells")(cells(np.full((2, 2), 0.5), ["a", "b"]), seed=0)


def test_bad_options():
    with pytest.raises(ConfigError, match="low <= high"):
        AUGMENTATIONS.build("pseudocells", low=10, high=1)
