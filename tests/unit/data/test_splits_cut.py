import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.core.errors import DataError
from exapt.core.registry import SPLITS
from exapt.data.splits import _deal


def table(n=200, **columns):
    frame = pd.DataFrame({"x": range(n), **columns})
    roles = {name: Column("target", "label") for name in columns if name == "y"}
    roles |= {name: Column("target", "number") for name in columns if name == "value"}
    roles |= {name: Column("group", "label") for name in columns if name == "donor"}
    return Table(frame, {"x": Column("input", "number"), **roles}, "toy.csv")


def sizes(fold):
    return len(fold.train), len(fold.valid), len(fold.test)


def test_random_shares_are_met_to_the_row():
    (fold,) = SPLITS.build("random", valid=0.15, test=0.25)(table())
    assert sizes(fold) == (120, 30, 50)


def test_stratified_keeps_the_share_of_each_label():
    y = np.repeat(["a", "b", "c"], [150, 40, 10])
    (fold,) = SPLITS.build("stratified")(table(y=y))
    assert sizes(fold) == (140, 20, 40)
    assert {label: (y[fold.test] == label).sum() for label in "abc"} == {"a": 30, "b": 8, "c": 2}
    assert {label: (y[fold.valid] == label).sum() for label in "abc"} == {"a": 15, "b": 4, "c": 1}


def test_a_label_with_one_row_goes_to_training():
    y = np.array(["a"] * 150 + ["b"] * 48 + ["once", "alone"])
    for seed in range(5):
        (fold,) = SPLITS.build("stratified", seed=seed)(table(y=y))
        assert {"once", "alone"} <= set(y[fold.train])


def test_numbers_are_stratified_by_quantile():
    value = np.random.default_rng(0).lognormal(size=500)
    (fold,) = SPLITS.build("stratified")(table(500, value=value))
    deciles = np.quantile(value, np.linspace(0, 1, 11))
    counts = np.histogram(value[fold.test], deciles)[0]
    assert counts.min() >= 9
    assert counts.max() <= 11


def test_stratified_by_a_column_without_a_role():
    (fold,) = SPLITS.build("stratified", column="batch")(table(batch=np.repeat(["p", "q"], 100)))
    assert (fold.test < 100).sum() == 20


def test_groups_stay_whole_and_shares_are_met():
    donor = np.repeat(np.arange(40), 5)
    (fold,) = SPLITS.build("group")(table(donor=donor))
    assert sizes(fold) == (140, 20, 40)
    parts = [set(donor[rows]) for rows in (fold.train, fold.valid, fold.test)]
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]


def test_few_unequal_groups_fill_every_part():
    donor = np.repeat(["a", "b", "c"], [180, 15, 5])
    for seed in range(5):
        (fold,) = SPLITS.build("group", seed=seed)(table(donor=donor))
        assert min(sizes(fold)) >= 5
        assert len(fold.train) == 180


def test_seeds_place_large_groups_differently():
    donor = np.repeat(np.arange(20), np.arange(1, 21))
    tests = {tuple(SPLITS.build("group", seed=seed)(table(210, donor=donor))[0].test) for seed in range(8)}
    assert len(tests) > 4


def test_rows_without_a_group_are_groups_of_their_own():
    donor = np.array(["a"] * 100 + [None] * 100, dtype=object)
    (fold,) = SPLITS.build("group", valid=0, test=0.5)(table(donor=donor))
    assert sizes(fold) == (100, 0, 100)
    assert set(fold.test) in ({*range(100)}, {*range(100, 200)})


@pytest.mark.parametrize("name", ["random", "stratified", "group"])
def test_each_row_is_tested_in_one_of_k_folds(name):
    columns = {"y": np.tile(["a", "b"], 100), "donor": np.arange(200) // 4}
    folds = SPLITS.build(name, folds=4, valid=0.1)(table(**columns))
    assert len(folds) == 4
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(200))
    for fold in folds:
        assert len(fold.test) == pytest.approx(50, abs=4)
        assert len(fold.valid) == pytest.approx(20, abs=4)


def test_no_validation_part_on_request():
    assert sizes(SPLITS.build("random", valid=0)(table())[0]) == (160, 0, 40)


def test_a_label_in_one_part_only_is_named_with_its_count():
    y = np.array(["a", "b"] * 98 + ["rare"] * 4)
    donor = np.array([*np.arange(196) // 4, *["last"] * 4], dtype=object)
    for seed in range(30):
        try:
            SPLITS.build("group", valid=0.3, test=0.3, seed=seed)(table(y=y, donor=donor))
        except DataError as error:
            assert "label 'rare' of column 'y'" in str(error)
            assert "(4 rows) and not in training" in str(error)
            assert "choose another split or seed" in str(error)
            break
    else:
        pytest.fail("no seed put the rare label outside training")


def test_fewer_rows_than_classes():
    with pytest.raises(DataError, match="200 labels in 200 rows; at least two rows a label"):
        SPLITS.build("stratified")(table(y=[f"c{i}" for i in range(200)]))


def test_an_empty_part_is_refused():
    with pytest.raises(DataError, match=r"toy.csv: the validation part of the split is empty \(3 rows in all\)"):
        SPLITS.build("random")(table(3))


def test_too_few_groups():
    with pytest.raises(DataError, match="'donor' has 2 groups, and 3 are needed"):
        SPLITS.build("group")(table(donor=np.repeat(["a", "b"], 100)))


@pytest.mark.parametrize("name", ["stratified", "group"])
def test_an_unknown_column_offers_the_nearest(name):
    with pytest.raises(DataError, match="Did you mean 'donor'"):
        SPLITS.build(name, column="donnor")(table(donor=np.arange(200)))
    with pytest.raises(DataError, match="needs a"):
        SPLITS.build(name)(table())


def test_a_hundred_thousand_groups_take_seconds():
    codes = np.random.default_rng(0).integers(0, 100_000, 300_000)
    codes = np.unique(codes, return_inverse=True)[1]
    parts = _deal.deal_groups(codes, [0.7, 0.1, 0.2], np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(parts) / len(parts), [0.7, 0.1, 0.2], atol=1e-3)
