"""Cleaning rules, their report, and the checks that stop."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from exapt.core.config import Piece
from exapt.core.contracts import Column, Matrix, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import CLEANERS
from exapt.data.cleaning import apply, check, clean

WITHOUT_OPTIONS = [
    name for name in CLEANERS.names() if all(p.default is not p.empty for p in CLEANERS.options(name).values())
]


def dna(sequences, labels=None, **more):
    frame = pd.DataFrame({"id": [f"s{i}" for i in range(len(sequences))], "s": sequences, **more})
    columns = {"id": Column("id", "label"), "s": Column("input", "dna")}
    if labels is not None:
        frame["y"] = labels
        columns["y"] = Column("target", "number" if isinstance(labels[0], float) else "label")
    return Table(frame, columns, "x.fa")


def cells(values, labels):
    frame = pd.DataFrame({"y": labels})
    columns = {"expression": Column("input", "expression"), "y": Column("target", "label")}
    return Table(frame, columns, "cells.h5ad", {"expression": Matrix(values, ("a", "b"))})


def kept(name, table, **options):
    keep, changed = CLEANERS.build(name, **options)(table)
    assert len(changed) == len(table) == len(keep)
    return keep.tolist()


@pytest.mark.parametrize("name", WITHOUT_OPTIONS)
def test_every_rule_keeps_a_good_table_as_it_is(name):
    table = dna(["ACGT", "GGCC", "TTAA"], ["p", "q", "p"])
    keep, after = CLEANERS.build(name)(table)
    assert keep.all()
    pd.testing.assert_frame_equal(after.frame, table.frame)


@pytest.mark.parametrize("name", WITHOUT_OPTIONS)
def test_every_rule_works_on_wide_inputs_and_without_targets(name):
    table = cells(csr_matrix(np.array([[1.0, 0.0], [0.0, 2.0]])), ["p", "q"])
    assert kept(name, table) == [True, True]
    assert kept(name, dna(["ACGT", "AC"])) == [True, True]


def test_empty_inputs():
    assert kept("empty", dna(["", "A"])) == [False, True]
    for values in (np.array([[0.0, 0.0], [0.0, 1.0]]), csr_matrix(np.array([[0.0, 0.0], [0.0, -1.0]]))):
        assert kept("empty", cells(values, ["p", "q"])) == [False, True]


def test_bad_letters_dropped_replaced_or_refused():
    table = dna(["ACGT", "ACJT", "ac-n"], line=[1, 3, 5])
    assert kept("bad_letters", table) == [True, False, False]
    keep, after = CLEANERS.build("bad_letters", on_unknown="replace")(table)
    assert keep.all()
    assert after.frame["s"].tolist() == ["ACGT", "ACNT", "acNn"]
    with pytest.raises(DataError, match=r"x\.fa:3 \(s1\): letter 'J' of 's' is not in the DNA alphabet .*2 such rows"):
        CLEANERS.build("bad_letters", on_unknown="error")(table)
    with pytest.raises(ConfigError, match="on_unknown is drop, replace or error"):
        CLEANERS.build("bad_letters", on_unknown="ignore")


def test_duplicates_need_equal_inputs_and_targets():
    assert kept("duplicated", dna(["AC", "AC", "AC"], ["p", "q", "p"])) == [True, True, False]


def test_duplicates_of_wide_inputs_are_told_by_their_values():
    dense = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    explicit_zero = csr_matrix((np.array([1.0, 1.0, 0.0, 1.0]), [0, 0, 1, 1], [0, 1, 3, 4]), shape=(3, 2))
    for values in (dense, csr_matrix(dense), explicit_zero):
        assert kept("duplicated", cells(values, ["p", "p", "p"])) == [True, False, True]


def test_contradictions():
    table = dna(["AC", "AC", "AC", "GG", "GG", "TT"], ["p", "p", "q", "p", "q", "q"])
    assert kept("contradicting", table) == [False] * 5 + [True]
    assert kept("contradicting", table, keep="majority") == [True, True, False, False, False, True]
    assert kept("contradicting", dna(["AC", "AC"], [0.1, 0.2])) == [True, True]


def test_missing_targets():
    assert kept("drop_missing_target", dna(["A", "C"], [0.5, np.nan])) == [True, False]


def test_upper_case_and_strip_change_sequences_only():
    _, after = CLEANERS.build("uppercase")(dna(["acgT"], ["p"]))
    assert after.frame["s"].tolist() == ["ACGT"]
    _, after = CLEANERS.build("strip")(dna(["  -AC-GT*"], ["p"]))
    assert after.frame["s"].tolist() == ["AC-GT"]


def test_the_report_counts_rows_and_names_examples():
    table = dna(["acgt", "ACGT", "", "ACGT"], ["p", "q", "p", "q"])
    after, report = clean(table, [Piece(name="uppercase"), Piece(name="empty")])
    assert report.lines() == [
        "uppercase: 4 -> 4 rows (lower-case letters; 1 changed), e.g. s0",
        "empty: 4 -> 3 rows (empty input), e.g. s2",
        "contradicting: 3 of 3 rows have the input of another row with a different label "
        "(kept; clean: [contradicting] drops them), e.g. s0, s1, s3",
        "duplicated: 1 of 3 rows have the inputs and targets of an earlier row "
        "(kept; clean: [duplicated] drops them), e.g. s3",
    ]
    assert len(after) == 3
    first = report.as_list()[1]
    assert (first["rows_in"], first["rows_out"], first["examples"]) == (4, 3, ["s2"])


def test_a_rule_that_was_asked_for_is_not_reported_again():
    after, report = clean(dna(["AC", "AC"], ["p", "p"]), [Piece(name="duplicated")])
    assert [step.rule for step in report.steps] == ["duplicated"]
    assert len(after) == 1


def test_rules_apply_in_order():
    table = dna(["ACGT*", "ACGT"])
    assert len(apply(table, [Piece(name="bad_letters"), Piece(name="strip")])[0]) == 1
    assert len(apply(table, [Piece(name="strip"), Piece(name="bad_letters")])[0]) == 2


def test_no_row_left_says_which_rule():
    with pytest.raises(DataError, match="no row is left: empty: 2 -> 0 rows"):
        clean(dna(["", ""]), [Piece(name="empty"), Piece(name="uppercase")])


def test_unknown_rule_and_option():
    with pytest.raises(ConfigError, match="Did you mean 'duplicated'"):
        clean(dna(["A"]), [Piece(name="duplicate")])
    with pytest.raises(ConfigError, match="no option 'keeep'"):
        clean(dna(["A"]), [Piece.model_validate({"name": "contradicting", "keeep": "none"})])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (dna([]), "no rows"),
        (dna(["A", "", ""]), r"x\.fa: row 2 \(s1\): the input is empty \(2 such rows\).*clean: \[empty\]"),
        (dna(["A", "J"]), r"letter 'J'.*on_unknown: replace"),
        (dna(["A", "C"], ["p", "p"]), "target 'y' has only one class, 'p', in all 2 rows"),
        (dna(["A", "C"], [0.5, 0.5]), "target 'y' has only one value, 0.5"),
        (
            dna(["A", "C", "G", "T", "AA"], [0.5, np.nan, np.nan, np.nan, np.nan]),
            r"target 'y' is missing in 4 of 5 rows \(x\.fa: row 2 \(s1\); .*\(s2\); .*\(s3\)\).*drop_missing_target",
        ),
    ],
)
def test_what_cannot_be_learned_from_stops(table, message):
    with pytest.raises(DataError, match=message):
        check(table)


def test_one_known_target_of_several_is_enough():
    table = dna(["A", "C"], [0.5, np.nan], z=[0.1, 0.2])
    several = Table(table.frame, {**table.columns, "z": Column("target", "number")}, "x.fa")
    with pytest.raises(DataError, match="only one value"):
        check(several)
    frame = several.frame.assign(y=[0.5, 0.7])
    check(Table(frame, several.columns, "x.fa"))
