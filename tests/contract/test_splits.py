"""Every registered split: folds are disjoint, cover all rows, repeat with a seed, and keep their order of rows."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Fold, Split, Table
from exapt.core.errors import ConfigError
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
            "family": rng.integers(0, 30, N).astype(str),
            "chrom": rng.choice(["chr1", "chr2"], N),
            "start": rng.permutation(N) * 100,
            "year": rng.integers(2000, 2024, N),
        }
    )
    frame["end"] = frame["start"] + 50
    columns = {
        "id": Column("id", "label"),
        "seq": Column("input", "dna"),
        "label": Column("target", "label"),
        "donor": Column("group", "label"),
    }
    return Table(frame, columns, "toy")


@pytest.fixture
def pairs(table):
    """2,400 pairs of 30 sequences on each side."""
    rng = np.random.default_rng(1)
    pool, n = table.frame["seq"].tolist()[:60], 10 * N
    frame = pd.concat([table.frame] * 10, ignore_index=True)
    frame = frame.assign(seq=rng.choice(pool[:30], n), partner=rng.choice(pool[30:], n))
    return Table(frame, {**table.columns, "partner": Column("input", "dna")}, "toy pairs")


OF_PAIRS = {"cold_entity"}
OF_MOLECULES = {"scaffold", "butina"}


@pytest.fixture
def molecules(table):
    """The same rows with molecules: two rings of ten on a chain of one to three carbons."""
    rings = [
        "c1ccccc1",
        "C1CCCC1",
        "c1ccncc1",
        "c1ccoc1",
        "C1CCNCC1",
        "c1cc[nH]c1",
        "C1CC1",
        "C1CCOC1",
        "c1ccsc1",
        "C1CCCCCC1",
    ]
    smiles = [rings[row % 10] + "C" * (row // 100 + 1) + rings[row // 10 % 10] for row in range(N)]
    return Table(table.frame.assign(seq=smiles), {**table.columns, "seq": Column("input", "molecule")}, "toy molecules")


@pytest.fixture
def rows(name, table, pairs, molecules):
    """What the split cuts."""
    return pairs if name in OF_PAIRS else molecules if name in OF_MOLECULES else table


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
        split.valid = 0.5


def test_the_parts_are_disjoint_sorted_and_cover_all_rows(name, rows):
    folds = SPLITS.build(name)(rows)
    assert folds
    for fold in folds:
        assert isinstance(fold, Fold)
        assert sorted(np.concatenate(parts(fold)).tolist()) == list(range(len(rows)))
        for rows in parts(fold):
            assert rows.dtype.kind == "i"
            assert (np.diff(rows) > 0).all()
        assert min(len(fold.train), len(fold.valid), len(fold.test)) > 0


def test_the_same_seed_cuts_the_same(name, rows):
    seed = {"seed": 3} if "seed" in SPLITS.options(name) else {}
    for one, other in zip(SPLITS.build(name, **seed)(rows), SPLITS.build(name, **seed)(rows), strict=True):
        for a, b in zip(parts(one), parts(other), strict=True):
            assert np.array_equal(a, b)


def test_the_table_is_left_alone(name, rows):
    before = rows.frame.copy()
    SPLITS.build(name)(rows)
    pd.testing.assert_frame_equal(rows.frame, before)


def test_groups_are_whole(name, rows):
    split = SPLITS.build(name)
    groups = split.groups(rows)
    if groups is None:
        assert name in {"random", "stratified", "predefined", "time"}
        return
    assert groups.shape == (len(rows),)
    assert groups.dtype == object
    fold = split(rows)[0]
    sides = [set(groups[part]) for part in (fold.train, fold.valid, fold.test)]
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_repeats_and_nested_folds(name, rows):
    if "inner" not in SPLITS.options(name):
        pytest.skip("there is no chance in it")
    folds = SPLITS.build(name, folds=3, repeats=2, inner=2)(rows)
    assert len(folds) == 12
    tests = [fold.test for fold in folds]
    assert all(np.array_equal(one, other) for one, other in zip(tests[::2], tests[1::2], strict=True))
    for start in (0, 6):
        assert sum(map(len, tests[start : start + 6 : 2])) == len(
            np.unique(np.concatenate(tests[start : start + 6 : 2]))
        )
    assert not np.array_equal(tests[0], tests[6]), "a repeat is another draw"
    for one, other in zip(folds[::2], folds[1::2], strict=True):
        assert not set(one.valid) & set(other.valid)
        for fold in (one, other):
            assert sorted(np.concatenate(parts(fold)).tolist()) == list(range(len(rows)))
    again = SPLITS.build(name, folds=3, inner=2)(rows)
    assert all(np.array_equal(one.test, other.test) for one, other in zip(again, folds, strict=False))


@pytest.mark.parametrize(
    "options", [{"valid": 0.6, "test": 0.5}, {"valid": -0.1}, {"folds": 1}, {"folds": 2, "valid": 0.5},
                {"inner": 1}, {"repeats": 0}, {"folds": 2.5}],
)  # fmt: skip
def test_impossible_shares_are_refused(name, options):
    if not set(options) <= set(SPLITS.options(name)) or (name == "predefined" and options["valid"] == 0.6):
        pytest.skip("it has not these options")
    with pytest.raises(ConfigError, match=name):
        SPLITS.build(name, **options)


def test_it_has_a_line_for_the_list(name):
    assert SPLITS.describe()[name].endswith(".")
