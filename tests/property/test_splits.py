"""Splits of random tables: disjoint, covering, whole groups, shares kept."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exapt.core.contracts import Column, Table
from exapt.core.errors import DataError
from exapt.core.registry import SPLITS
from exapt.data.pairs import entities
from exapt.data.sampling import subsample
from exapt.data.splits._deal import deal_groups, deal_rows

shares = st.tuples(st.floats(0.05, 0.3), st.floats(0.05, 0.3))
codes = st.lists(st.integers(0, 8), min_size=30, max_size=200)


def table(y, donor):
    frame = pd.DataFrame({"seq": "ACGT", "y": [f"c{i}" for i in y], "donor": donor})
    columns = {"seq": Column("input", "dna"), "y": Column("target", "label"), "donor": Column("group", "label")}
    return Table(frame, columns, "random")


@pytest.mark.parametrize("name", ["random", "stratified", "group"])
@settings(max_examples=60, deadline=None)
@given(y=codes, donors=st.integers(3, 40), share=shares, folds=st.sampled_from([None, 2, 3]), seed=st.integers(0, 99))
def test_disjoint_covering_and_groups_whole(name, y, donors, share, folds, seed):
    donor = np.random.default_rng(seed).integers(0, donors, len(y))
    try:
        cuts = SPLITS.build(name, valid=share[0], test=share[1], folds=folds, seed=seed)(table(y, donor))
    except DataError:
        assume(False)
    for fold in cuts:
        assert sorted(np.concatenate([fold.train, fold.valid, fold.test]).tolist()) == list(range(len(y)))
        if name == "group":
            sides = [set(donor[rows]) for rows in (fold.train, fold.valid, fold.test)]
            assert sum(map(len, sides)) == len(set.union(*sides))
    if folds:
        assert sorted(np.concatenate([fold.test for fold in cuts]).tolist()) == list(range(len(y)))


@settings(max_examples=60, deadline=None)
@given(
    one=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), min_size=60, max_size=200),
    pool=st.booleans(),
    side=st.sampled_from(["a", "b", "both"]),
    folds=st.sampled_from([None, 3]),
    seed=st.integers(0, 99),
)
def test_a_cold_entity_is_never_in_training(one, pool, side, folds, seed):
    frame = pd.DataFrame(one, columns=["a", "b"]).map(lambda number: "AC" + "A" * number)
    kinds = {"a": Column("input", "protein"), "b": Column("input", "protein" if pool else "dna")}
    rows = Table(frame, kinds, "random")
    try:
        cuts = SPLITS.build("cold_entity", side=side, valid=0.2, test=0.2, folds=folds, seed=seed)(rows)
    except DataError:
        assume(False)
    first, second = entities(rows)
    cold = {"a": [first], "b": [second], "both": [first, second]}[side]
    for fold in cuts:
        parts = [fold.train, fold.valid, fold.test, fold.dropped]
        assert sorted(np.concatenate(parts).tolist()) == list(range(len(rows)))
        for rest in ([fold.train, fold.valid], [fold.train]):
            held, known = (fold.test if len(rest) == 2 else fold.valid), np.concatenate(rest)
            for side_codes in cold:
                assert not set(side_codes[held]) & ({*first[known], *second[known]})


@settings(max_examples=200, deadline=None)
@given(y=codes, share=shares, seed=st.integers(0, 99))
def test_every_class_is_dealt_to_the_nearest_row(y, share, seed):
    _, y = np.unique(y, return_inverse=True)
    wanted = np.array([1 - sum(share), *share])
    parts = deal_rows(y, wanted, np.random.default_rng(seed))
    classes = y.max() + 1
    for label in range(classes):
        counts = np.bincount(parts[y == label], minlength=3)
        assert counts[0] >= 1
        assert (counts >= np.floor(wanted * counts.sum() - 1e-6)).all()
    assert (abs(np.bincount(parts, minlength=3) - wanted * len(y)) <= classes + 1).all()


@settings(max_examples=200, deadline=None)
@given(groups=codes, share=shares, seed=st.integers(0, 99))
def test_group_shares_are_off_by_no_more_than_the_largest_group(groups, share, seed):
    _, groups = np.unique(groups, return_inverse=True)
    assume(groups.max() >= 2)
    wanted = np.array([1 - sum(share), *share])
    parts = deal_groups(groups, wanted, np.random.default_rng(seed))
    counts = np.bincount(parts, minlength=3)
    assert counts.min() > 0
    assert (abs(counts - wanted * len(groups)) <= 2 * np.bincount(groups).max()).all()


@settings(max_examples=100, deadline=None)
@given(y=codes, size=st.one_of(st.integers(1, 40), st.floats(0.01, 1.0)), seed=st.integers(0, 99))
def test_a_few_label_draw_keeps_every_label(y, size, seed):
    labels = np.array([f"c{i}" for i in y])
    rows = subsample(labels, size, seed)
    assert len(set(rows)) == len(rows)
    assert set(labels[rows]) == set(labels)
    if isinstance(size, int):
        kept = pd.Series(labels[rows]).value_counts()
        expected = pd.Series(labels).value_counts().clip(upper=size)
        assert kept.sort_index().to_dict() == expected.sort_index().to_dict()
