import logging

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError, DataError
from exapt.data.splits.predefined import PredefinedSplit


def table(target="label", **columns):
    n = len(next(iter(columns.values())))
    frame = pd.DataFrame({"id": [f"r{i}" for i in range(n)], "y": ["a", "b"] * (n // 2), **columns})
    roles = {"id": Column("id", "label"), "y": Column("target", target)}
    roles |= {"donor": Column("group", "label")} if "donor" in columns else {}
    return Table(frame, roles, "toy.csv")


def parts(split, rows):
    (fold,) = split(rows)
    return [rows.tolist() for rows in (fold.train, fold.valid, fold.test, fold.dropped)]


def test_words_in_any_case_and_rows_without_a_word():
    words = ["Train", "TRAINING", "dev", "Validation", "test", "test", None, "unused"]
    assert parts(PredefinedSplit(), table(split=words)) == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_set_and_validation_of_biotrainer():
    rows = table(SET=["train"] * 4 + ["test"] * 2, VALIDATION=["False", "False", "True", True, "", None])
    assert parts(PredefinedSplit(), rows) == [[0, 1], [2, 3], [4, 5], []]


def test_set_and_validation_of_flip():
    rows = table(set=["train"] * 4 + ["test"] * 2, validation=[np.nan, np.nan, 1.0, 1.0, np.nan, np.nan])
    assert parts(PredefinedSplit(), rows) == [[0, 1], [2, 3], [4, 5], []]


def test_booleans_say_test_unless_the_name_says_training():
    flags = [True, True, False, False, False, False]
    assert parts(PredefinedSplit("held", valid=0), table(held=flags))[2] == [0, 1]
    assert parts(PredefinedSplit("is_train", valid=0), table(is_train=flags))[0] == [0, 1]


def test_a_missing_validation_part_is_cut_from_training_and_said(caplog):
    rows = table(split=["train"] * 40 + ["test"] * 10)
    with caplog.at_level(logging.WARNING):
        train, valid, test, _ = parts(PredefinedSplit(valid=0.2), rows)
    assert (len(train), len(valid), test) == (32, 8, list(range(40, 50)))
    assert sum(i % 2 for i in valid) == 4
    assert "no validation part; 8 of 40 training rows were taken for it, stratified by 'y' (seed 0)" in caplog.text
    assert parts(PredefinedSplit(valid=0.2, seed=1), rows)[1] != valid
    assert parts(PredefinedSplit(valid=0), rows)[1] == []


def test_the_validation_part_is_cut_by_group_where_there_are_groups():
    rows = table(split=["train"] * 40 + ["test"] * 10, donor=np.arange(50) // 5)
    train, valid, _, _ = parts(PredefinedSplit(valid=0.25), rows)
    assert len(valid) == 10
    assert not {i // 5 for i in train} & {i // 5 for i in valid}


def test_what_cannot_be_read_is_refused():
    with pytest.raises(DataError, match=r"row r1, column 'split': 'foo' names no part \(1 such rows\)\. Known: train"):
        PredefinedSplit()(table(split=["train", "foo"]))
    with pytest.raises(DataError, match="Did you mean 'part'"):
        PredefinedSplit("prt")(table(part=["train", "test"]))
    with pytest.raises(DataError, match="none of the columns split, set"):
        PredefinedSplit()(table(other=["train", "test"]))
    with pytest.raises(DataError, match="the test part of the split is empty"):
        PredefinedSplit(valid=0)(table(split=["train", "train"]))
    with pytest.raises(DataError, match="the training part of the split is empty"):
        PredefinedSplit()(table(split=["test", "test"]))
    with pytest.raises(DataError, match="label 'b' of column 'y' is in the test part"):
        PredefinedSplit(valid=0)(table(split=["train", "test"]))
    with pytest.raises(ConfigError, match="valid is a share"):
        PredefinedSplit(valid=1.0)
