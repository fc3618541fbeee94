"""Every registered split: folds are disjoint, cover all rows, repeat with a seed, and keep their order of rows."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Fold, Split, Table
from exapt.core.registry import SPLITS

N = 240


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "id": [f"s{i}" for i in range(N)],
            "seq": ["".join(row) for row in rng.choice(list("ACGT"), (N, 12))],
            "label": np.tile(["a", "b", "c"], N // 3),
            "donor": rng.integers(0, 30, N).astype(str),
            "split": np.repeat(["train", "dev", "test"], [160, 40, 40]),
        }
    )
    columns = {
        "id": Column("id", "label"),
        "seq": Column("input", "dna"),
        "label": Column("target", "label"),
        "donor": Column("group", "label"),
    }
    return Table(frame, columns, "toy")


def parts(fold):
    return [fold.train, fold.valid, fold.test, fold.dropped]


@pytest.fixture(params=SPLITS.names())
def name(request):
    return request.param


def test_it_is_a_frozen_dataclass_whose_options_all_have_defaults(name):
    split = SPLITS.build(name)
    assert isinstance(split, Split)
    assert dataclasses.is_dataclass(split)
    with pytest.raises(dataclasses.FrozenInstanceError):
        split.seed = 1


def test_the_parts_are_disjoint_sorted_and_cover_all_rows(name, table):
    folds = SPLITS.build(name)(table)
    assert folds
    for fold in folds:
        assert isinstance(fold, Fold)
        assert sorted(np.concatenate(parts(fold)).tolist()) == list(range(N))
        for rows in parts(fold):
            assert rows.dtype.kind == "i"
            assert (np.diff(rows) > 0).all()
        assert min(len(fold.train), len(fold.valid), len(fold.test)) > 0


def test_the_same_seed_cuts_the_same(name, table):
    for one, other in zip(SPLITS.build(name, seed=3)(table), SPLITS.build(name, seed=3)(table), strict=True):
        for a, b in zip(parts(one), parts(other), strict=True):
            assert np.array_equal(a, b)


def test_the_table_is_left_alone(name, table):
    before = table.frame.copy()
    SPLITS.build(name)(table)
    pd.testing.assert_frame_equal(table.frame, before)


def test_it_has_a_line_for_the_list(name):
    assert SPLITS.describe()[name].endswith(".")
