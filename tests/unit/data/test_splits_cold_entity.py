"""The split cold_entity: which entities of a test pair are new, what is dropped, and what is refused."""

import logging

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import SPLITS
from exapt.data.pairs import entities, pair_classes

PROTEINS = ["MK" + "A" * n for n in range(40)]
GENES = ["ACG" + "T" * n for n in range(30)]


def pairs(kind="dna", n=1500, seed=0):
    rng = np.random.default_rng(seed)
    pool = GENES if kind == "dna" else PROTEINS
    frame = pd.DataFrame({"a": rng.choice(pool, n), "b": rng.choice(PROTEINS, n)})
    frame["family_a"] = frame["a"].str.len() // 3
    frame["family_b"] = frame["b"].str.len() // 3
    return Table(frame, {"a": Column("input", kind), "b": Column("input", "protein")}, "toy.tsv")


def cut(table, **options):
    return SPLITS.build("cold_entity", **options)(table)


def used(table, rows, sides=(0, 1)):
    codes = entities(table)
    return {entity for side in sides for entity in codes[side][rows]}


@pytest.mark.parametrize("side", ["a", "b"])
def test_one_side_is_new_and_nothing_is_dropped(side):
    table = pairs()
    (fold,) = cut(table, side=side)
    at = ["ab".index(side)]
    parts = [used(table, rows, at) for rows in (fold.train, fold.valid, fold.test)]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert set(pair_classes(table, fold)) == {"C2"}
    assert len(fold.dropped) == 0
    assert len(fold.test) == pytest.approx(300, abs=60)


@pytest.mark.parametrize("kind", ["dna", "protein"])
def test_both_sides_are_new_and_mixed_pairs_are_counted(kind, caplog):
    table = pairs(kind)
    with caplog.at_level(logging.WARNING):
        (fold,) = cut(table)
    parts = [used(table, rows) for rows in (fold.train, fold.valid, fold.test)]
    assert sum(map(len, parts)) == len(set.union(*parts))
    assert set(pair_classes(table, fold)) == {"C3"}
    assert f"{len(fold.dropped)} of 1500 pairs join entities of different parts" in caplog.text
    assert len(fold.dropped) > 500


@pytest.mark.parametrize("side", ["a", "b"])
def test_in_one_pool_the_cold_entity_stands_nowhere_in_training(side):
    table = pairs("protein")
    (fold,) = cut(table, side=side)
    cold = used(table, fold.test, ["ab".index(side)])
    assert not cold & used(table, np.concatenate([fold.train, fold.valid]))
    assert set(pair_classes(table, fold)) == {"C2", "C3"}


@pytest.mark.parametrize("kind", ["dna", "protein"])
def test_relatives_stay_together(kind):
    table = pairs(kind)
    (fold,) = cut(table, groups_of={"a": "family_a", "b": "family_b"})
    for column in ("family_a", "family_b"):
        parts = [set(table.frame[column].iloc[rows]) for rows in (fold.train, fold.valid, fold.test)]
        assert sum(map(len, parts)) == len(set.union(*parts))


def test_every_entity_is_held_out_once_in_a_cross_validation():
    table = pairs()
    folds = cut(table, side="b", folds=4)
    tests = [used(table, fold.test, [1]) for fold in folds]
    assert sum(map(len, tests)) == len(set.union(*tests)) == len(PROTEINS)
    both = cut(table, folds=4, valid=0)
    assert all(set(pair_classes(table, fold)) == {"C3"} for fold in both)
    assert sum(len(fold.test) for fold in both) < len(table)


def test_what_cannot_be_cut_is_refused():
    table = pairs()
    with pytest.raises(ConfigError, match="no input 'c'. Known: a, b, both"):
        cut(table, side="c")
    with pytest.raises(ConfigError, match="no input 'family_a'. Known: a, b."):
        cut(table, groups_of={"family_a": "a"})
    with pytest.raises(DataError, match="'familia'.*Did you mean 'family_a'"):
        cut(table, groups_of={"a": "familia"})
    with pytest.raises(
        DataError, match=r"toy.tsv: row \d+: an entity of this pair is in group '\d' here and '\d' else"
    ):
        table.frame["wrong"] = np.arange(len(table)) % 5
        cut(table, groups_of={"a": "wrong"})
    with pytest.raises(DataError, match="input 'a' has 2 groups, and 3 are needed"):
        cut(table.take(np.flatnonzero(table.frame["a"].isin(GENES[:2]))))
    single = Table(table.frame, {"a": Column("input", "dna")}, "toy.tsv")
    with pytest.raises(DataError, match="pairs need two inputs"):
        cut(single)
