"""What columns hold, and where a row stood."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from exapt.core.config import DataConfig
from exapt.core.contracts import Column, Matrix, Table
from exapt.data import modalities, tables
from exapt.data.formats import Hint, Raw


@pytest.mark.parametrize(
    ("letters", "modality"), [("ACGTN", "dna"), ("ACGUN", "rna"), ("ACDEFGHIKLMNPQRSTVWY", "protein")]
)
@given(data=st.data())
def test_random_sequences_are_told_apart(letters, modality, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    sequences = ["".join(rng.choice(list(letters), 40)) for _ in range(20)]
    guess = modalities.of_letters(sequences)
    assert guess is not None
    assert guess[0] == modality


def test_no_letters_no_guess():
    assert modalities.of_letters(["", ""]) is None
    assert modalities.of_letters(["123", "456"]) is None
    assert modalities.of_input("x", pd.Series([None, None], dtype=object)) is None
    assert modalities.of_input("flag", pd.Series([True, False])) is None


def test_labels_are_no_sequences():
    assert not modalities.is_sequence_column(pd.Series(["promoter", "enhancer"] * 20))
    assert not modalities.is_sequence_column(pd.Series([1.0, 2.0]))
    assert modalities.is_sequence_column(pd.Series(["CC(=O)Oc1ccccc1", "c1ccccc1CCN"]))


def test_many_whole_numbers_are_numbers():
    assert modalities.of_target(pd.Series(range(50)))[0] == "number"
    assert modalities.of_target(pd.Series([0.0, 1.0, np.nan, 1.0]))[0] == "label"
    assert modalities.of_target(pd.Series([True, False]))[0] == "label"


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        (csr_matrix(np.array([[0, 3.0], [2, 0]])), "UMI count"),
        (csr_matrix(np.array([[0, 3.5], [2, 0]])), "log1p CP10k"),
        (np.array([[0.5, 250.5]]), None),
        (np.array([[0.5, -0.5]]), None),
        (np.array([[np.nan, 0.5]]), None),
        (np.empty((0, 2)), None),
    ],
)
def test_unit_of_expression(values, unit):
    guess = modalities.unit_of_expression(Matrix(values))
    assert (guess[0] if guess else None) == unit


def test_hints_of_a_card_rule_over_names_but_not_over_statements():
    frame = pd.DataFrame(
        {"label": ["a", "b"], "kind": ["x", "y"], "fine": ["p", "q"], "s": ["ACGTACGTAA", "ACGTACGTAC"]}
    )
    hints = {"kind": Hint("target", "label"), "fine": Hint("target", "label", optional=True), "s": Hint("input", "dna")}
    raw = Raw(frame, hints=hints)

    def targets(config):
        return tables.assemble(raw, config, "x")[0].names("target")

    assert targets(DataConfig(name="x")) == ["kind"]
    assert targets(DataConfig(name="x", target="fine")) == ["fine"]
    assert targets(DataConfig(name="x", target="label")) == ["label"]
    assert targets(DataConfig(name="x", target=[])) == []


def test_a_name_that_repeats_is_no_identifier():
    frame = pd.DataFrame({"name": ["a", "a"], "sequence": ["ACGT", "ACGA"]})
    table, _ = tables.assemble(Raw(frame), DataConfig(name="x"), "x")
    assert table.names("id") == []
    assert table.ids() == ["0", "1"]


def test_columns_called_line_or_row_are_left_alone():
    frame = pd.DataFrame({"sequence": ["ACGT", "ACGA"], "row": ["p", "q"], "line": [0.1, 0.2]})
    for lines in (None, np.array([1, 3])):
        table, _ = tables.assemble(Raw(frame, lines=lines), DataConfig(name="x"), "x")
        assert table.frame["line"].tolist() == [0.1, 0.2]
        assert table.frame["row"].tolist() == ["p", "q"]


def test_missing_words_in_labels_are_missing():
    frame = pd.DataFrame({"sequence": ["ACGT", "ACGA", "ACGC"], "label": ["a", "NA", ""]})
    table, _ = tables.assemble(Raw(frame), DataConfig(name="x"), "x")
    assert table.frame["label"].isna().tolist() == [False, True, True]


def test_where_a_row_stood():
    columns = {"id": Column("id", "label")}
    frame = pd.DataFrame({"id": ["a", "b"]})
    assert tables.where(Table(frame, columns, "x.csv"), 1) == "x.csv: row 2 (b)"
    assert tables.where(Table(frame.assign(row=[5, 9]), columns, "x.csv"), 1) == "x.csv: row 9 (b)"
    assert tables.where(Table(frame.assign(line=[5, 9]), {}, "x.csv"), 0) == "x.csv:5"
