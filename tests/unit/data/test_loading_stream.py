"""Streaming for prediction: pieces of bounded memory under the names that a model knows."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from exapt.bio.formats import fasta
from exapt.bio.formats.fasta import Record
from exapt.core.config import Piece
from exapt.core.contracts import Column
from exapt.core.errors import DataError
from exapt.data.loading import stream


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("ACGT"), 12)) for _ in range(25)]
    return pd.DataFrame({"name": [f"s{i}" for i in range(25)], "sequence": letters, "label": [0.5, np.nan] * 12 + [1]})


def write(frame, path):
    if path.suffix == ".fa":
        rows = frame.itertuples()
        fasta.write(path, (Record(row.name, row.sequence, f"label={row.label}") for row in rows))
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if ".tsv" in path.name else ",")
    return str(path)


@pytest.mark.parametrize("name", ["a.fa", "a.csv", "a.tsv.gz", "a.parquet"])
@pytest.mark.parametrize("rows", [1, 10, 25, 1000])
def test_pieces_together_are_the_whole(frame, tmp_path, name, rows):
    path = write(frame, tmp_path / name)
    pieces = list(stream(path, inputs={"sequence": "dna"}, chunk_rows=rows))
    assert {len(piece) for piece in pieces[:-1]} <= {rows}
    assert [value for piece in pieces for value in piece.values("sequence")] == frame["sequence"].tolist()
    assert [value for piece in pieces for value in piece.ids()] == frame["name"].tolist()
    assert all(piece.columns == pieces[0].columns for piece in pieces)
    assert pieces[0].names("target") == []


def test_without_wishes_inputs_are_inferred(frame, tmp_path):
    piece = next(stream(write(frame, tmp_path / "a.csv")))
    assert piece.names("input") == ["sequence"]


@pytest.mark.parametrize("column", ["sequence", "anything"])
def test_a_single_input_may_have_another_name(frame, tmp_path, column):
    path = write(frame.rename(columns={"sequence": column}), tmp_path / "a.csv")
    piece = next(stream(path, inputs={"promoter": ("dna", "rna")}))
    assert piece.columns["promoter"] == Column("input", "dna")
    assert piece.values("promoter") == frame["sequence"].tolist()


def test_short_proteins_are_taken_for_what_the_model_reads(frame, tmp_path):
    path = write(frame, tmp_path / "a.fa")
    assert next(stream(path, inputs={"sequence": "protein"})).columns["sequence"].modality == "protein"


def test_letters_that_the_model_does_not_read(tmp_path):
    fasta.write(tmp_path / "a.fa", [Record("a", "ACGTACGT"), Record("b", "MKVLAAGI")])
    with pytest.raises(DataError, match=r"a\.fa:3 \(b\): letter 'L'"):
        list(stream(str(tmp_path / "a.fa"), inputs={"sequence": "dna"}))


def test_row_numbers_count_from_the_start_of_the_file(frame, tmp_path):
    frame.loc[17, "sequence"] = ""
    path = write(frame.drop(columns="name"), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet: row 18: the input is empty"):
        list(stream(path, inputs={"sequence": "dna"}, chunk_rows=10))


def test_rules_apply_to_each_piece(frame, tmp_path):
    frame.loc[[3, 17], "sequence"] = ""
    path = write(frame, tmp_path / "a.csv")
    pieces = list(stream(path, inputs={"sequence": "dna"}, rules=[Piece(name="empty")], chunk_rows=10))
    assert [len(piece) for piece in pieces] == [9, 9, 5]


def test_a_missing_input_offers_the_nearest(frame, tmp_path):
    path = write(frame, tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"input column 'sequences_a' \(dna\) is missing. Did you mean 'sequence'"):
        list(stream(path, inputs={"sequence": "dna", "sequences_a": "dna"}))
    with pytest.raises(DataError, match=r"input column 'cells' \(expression\) is missing"):
        list(stream(path, inputs={"cells": "expression"}))


def test_wide_numbers(tmp_path):
    wide = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=["g1", "g2", "g3"]).assign(label=[1, 0, 1, 0])
    wide.to_csv(tmp_path / "a.csv")
    options = {"matrix": "profile", "layer": "of another format"}
    pieces = list(stream(str(tmp_path / "a.csv"), inputs={"expression": "expression"}, options=options, chunk_rows=3))
    values = np.vstack([piece.matrices["expression"].values for piece in pieces])
    np.testing.assert_array_equal(values, np.arange(12.0).reshape(4, 3))
    assert pieces[0].matrices["expression"].features == ("g1", "g2", "g3")
    assert pieces[0].ids() == ["0", "1", "2"]


def test_an_empty_file(tmp_path):
    (tmp_path / "a.fa").write_text("; nothing\n")
    with pytest.raises(DataError, match="no rows"):
        list(stream(str(tmp_path / "a.fa")))


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "many.fa"
    fasta.write(path, (Record(f"s{i}", "ACGT" * 100) for i in range(60_000)))
    next(stream(str(path), inputs={"sequence": "dna"}, chunk_rows=1000))  # imports take memory too, once
    tracemalloc.start()
    assert sum(len(piece) for piece in stream(str(path), inputs={"sequence": "dna"}, chunk_rows=1000)) == 60_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 24_000_000
    assert peak < 20_000_000
