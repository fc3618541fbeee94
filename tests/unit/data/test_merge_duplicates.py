"""Copies become one row by a stated rule."""

import numpy as np
import pandas as pd
import pytest

from exapt.core.config import Piece
from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError
from exapt.data.cleaning import apply


def table(**columns):
    frame = pd.DataFrame(columns)
    roles = {name: Column("input", "molecule") if name == "s" else Column("target", "label") for name in frame}
    for name in frame:
        if frame[name].dtype == float:
            roles[name] = Column("target", "number")
        if name == "split":
            del roles[name]
    return Table(frame, roles, "x.csv")


def merged(given, **options):
    after, (step,) = apply(given, [Piece(name="merge_duplicates", **options)])
    return after, step


@pytest.mark.parametrize(("rule", "value"), [("mean", 3.0), ("median", 2.0), ("first", 1.0)])
def test_numbers(rule, value):
    given = table(s=["CC", "CO", "CC", "CC"], y=[1.0, 5.0, 2.0, 6.0])
    after, step = merged(given, numbers=rule)
    assert after.frame.values.tolist() == [["CC", value], ["CO", 5.0]]
    assert step.details == ("x.csv: row 3: a copy of x.csv: row 1", "x.csv: row 4: a copy of x.csv: row 1")


def test_numbers_that_differ_are_dropped_where_asked():
    after, step = merged(table(s=["CC", "CC", "CO", "CO"], y=[1.0, 2.0, 3.0, 3.0]), numbers="drop")
    assert after.frame.values.tolist() == [["CO", 3.0]]
    assert step.details[0] == "x.csv: row 1: its copies contradict each other"


@pytest.mark.parametrize(
    ("rule", "rows"),
    [("drop", [["CO", 0]]), ("majority", [["CC", 1], ["CO", 0]]), ("first", [["CC", 1], ["CO", 0], ["CN", 0]])],
)
def test_labels(rule, rows):
    given = table(s=["CC", "CC", "CC", "CO", "CO", "CN", "CN"], y=[1, 0, 1, 0, 0, 0, 1])
    after, _ = merged(given, labels=rule)
    assert after.frame.values.tolist() == rows
    assert after.frame["y"].dtype == given.frame["y"].dtype


def test_of_several_targets_the_contradicting_one_becomes_missing():
    given = table(s=["CC", "CC", "CO", "CO"], a=["p", "p", "p", "q"], b=["u", None, "u", "v"])
    after, step = merged(given)
    assert after.frame.values.tolist() == [["CC", "p", "u"]]
    assert step.rejected["reason"].tolist() == [
        "a copy of x.csv: row 1", "its copies contradict each other", "a copy of x.csv: row 3",
    ]  # fmt: skip
    assert len(step.rejected) == 3
    given = table(s=["CC", "CC"], a=["p", "q"], b=["u", None])
    assert merged(given)[0].frame.values.tolist() == [["CC", None, "u"]]


def test_parts_of_a_predefined_split_are_not_merged():
    given = table(s=["CC", "CC", "CC"], y=[1.0, 9.0, 3.0], split=["train", "test", "train"])
    assert merged(given)[0].frame.values.tolist() == [["CC", 2.0, "train"], ["CC", 9.0, "test"]]


def test_without_targets_the_first_stays_and_without_copies_nothing_happens():
    assert merged(table(s=["CC", "CO", "CC"]))[0].frame["s"].tolist() == ["CC", "CO"]
    given = table(s=["CC", "CO"], y=[1.0, np.nan])
    assert merged(given)[0] is given
    copies_without_values = table(s=["CC", "CC", "CO"], y=[np.nan, np.nan, 1.0])
    assert merged(copies_without_values)[0].frame["s"].tolist() == ["CC", "CO"]  # drop_missing_target's work


def test_spellings_are_one_after_canonical_smiles():
    given = table(s=["OCC", "CCO", "C(O)C"], y=[1.0, 2.0, 6.0])
    assert len(merged(given)[0]) == 3
    after, _ = apply(given, [Piece(name="canonical_smiles"), Piece(name="merge_duplicates")])
    assert after.frame.values.tolist() == [["CCO", 3.0]]


@pytest.mark.parametrize("options", [{"numbers": "sum"}, {"labels": "mean"}])
def test_an_unknown_rule_is_refused(options):
    with pytest.raises(ConfigError, match="merge_duplicates: .* found"):
        merged(table(s=["CC"], y=[1.0]), **options)
