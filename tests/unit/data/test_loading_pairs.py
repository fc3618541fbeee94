"""Pair files with files of entities: what is joined, what is refused, and the same in pieces."""

import gzip

import pandas as pd
import pytest

from exapt.core.config import DataConfig
from exapt.core.errors import ConfigError, DataError
from exapt.data.loading import load, stream

PROTEINS = ">P1 OS=Yeast\nMKVLAAGIKL\n>P2 OS=Yeast\nMDDEFGHIKL\n>007 OS=Man\nMWWYVACDEF\n"
PAIRS = "protein_a\tprotein_b\tlabel\nP1\tP2\t1\n007\tP1\t0\nP2\tP2\t1\nP1\t007\t0\n"
BOTH = {"protein_a": "proteins.fasta", "protein_b": "proteins.fasta"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "proteins.fasta").write_text(PROTEINS)
    (tmp_path / "pairs.tsv").write_text(PAIRS)
    return tmp_path


def read(path, entities=BOTH, **more):
    return load(DataConfig(name=str(path), options={"entities": entities, **more}))


def test_sequences_are_joined_and_identifiers_stay(folder, monkeypatch):
    monkeypatch.chdir("/")  # the paths of entities start at the pair file
    loaded = read(folder / "pairs.tsv")
    table = loaded.table
    assert table.names("input") == ["protein_a_sequence", "protein_b_sequence"]
    assert {table.columns[name].modality for name in table.names("input")} == {"protein"}
    assert table.names("target") == ["label"]
    assert table.ids() == ["P1/P2", "007/P1", "P2/P2", "P1/007"]
    assert table.frame["protein_a"].tolist() == ["P1", "007", "P2", "P1"]
    assert table.frame["protein_b_sequence"].tolist() == ["MDDEFGHIKL", "MKVLAAGIKL", "MDDEFGHIKL", "MWWYVACDEF"]
    assert table.frame["protein_b_OS"].tolist() == ["Yeast", "Yeast", "Yeast", "Man"]
    assert {name.rpartition("/")[2] for name in loaded.files} == {"pairs.tsv", "proteins.fasta"}


def test_an_identifier_of_the_pairs_is_kept(folder):
    (folder / "pairs.tsv").write_text("id,protein_a,protein_b,label\nx1,P1,P2,1\nx2,P2,P1,0\n")
    assert read(folder / "pairs.tsv").table.ids() == ["x1", "x2"]


def test_molecules_against_proteins_without_headers(folder):
    (folder / "drugs.csv").write_text("drug,smiles,scaffold\n11,CCO,none\n12,c1ccccc1O,benzene\n")
    (folder / "kd.csv").write_text("11,P1,5.5\n12,P2,7.25\n")
    entities = {"drug": "drugs.csv", "target": {"file": "proteins.tsv", "names": ["id", "sequence"]}}
    (folder / "proteins.tsv").write_text("P1\tMKVLAAGIKL\nP2\tMDDEFGHIKL\n")
    table = load(
        DataConfig(
            name=str(folder / "kd.csv"),
            target="pkd",
            options={"names": ["drug", "target", "pkd"], "entities": entities},
        )
    ).table
    assert {name: table.columns[name].modality for name in table.names("input")} == {
        "drug_smiles": "molecule",
        "target_sequence": "protein",
    }
    assert table.frame["drug_smiles"].tolist() == ["CCO", "c1ccccc1O"]
    assert table.frame["drug"].tolist() == ["11", "12"]
    assert table.frame["drug_scaffold"].tolist() == ["none", "benzene"]
    assert table.frame["pkd"].tolist() == [5.5, 7.25]


def test_pieces_are_the_whole(folder):
    whole = read(folder / "pairs.tsv").table.frame
    with gzip.open(folder / "pairs.tsv.gz", "wt") as file:
        file.write(PAIRS)
    wanted = {"protein_a_sequence": "protein", "protein_b_sequence": "protein"}
    pieces = [
        piece.frame[list(wanted)]
        for piece in stream(str(folder / "pairs.tsv.gz"), inputs=wanted, options={"entities": BOTH}, chunk_rows=3)
    ]
    assert [len(piece) for piece in pieces] == [3, 1]
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), whole[list(wanted)])


def test_an_unknown_identifier_is_named_with_its_line_and_the_nearest(folder):
    (folder / "pairs.tsv").write_text(PAIRS + "P2\tP11\t1\nP11\tP1\t1\n")
    with pytest.raises(
        DataError, match=r"pairs.tsv:7: 'protein_a' 'P11' is not in .*proteins.fasta .1 such pairs, 1 "
    ) as e:
        read(folder / "pairs.tsv")
    assert "Did you mean 'P1'" in str(e.value)
    (folder / "pairs.tsv").write_text("protein_a\tprotein_b\tlabel\nP1\t\t1\nP2\tP1\t0\n")
    with pytest.raises(DataError, match=r"pairs.tsv:2: 'protein_b' .* is not in"):
        read(folder / "pairs.tsv")


def test_what_cannot_be_joined_is_refused(folder):
    pairs = folder / "pairs.tsv"
    with pytest.raises(DataError, match="entities: no column 'protein_c'. Did you mean 'protein_"):
        read(pairs, {"protein_c": "proteins.fasta"})
    with pytest.raises(DataError, match=r"protein.fasta: no such file. Did you mean 'proteins.fasta'"):
        read(pairs, {"protein_a": "protein.fasta"})
    with pytest.raises(ConfigError, match="'protein_a' has 5; write a file"):
        read(pairs, {"protein_a": 5})
    (folder / "proteins.fasta").write_text(PROTEINS + ">P1\nMAAAAAAAAA\n")
    with pytest.raises(DataError, match=r"proteins.fasta: identifier 'P1' stands for two entities"):
        read(pairs)
    (folder / "numbers.csv").write_text("id,mass\nP1,5\n")
    with pytest.raises(
        DataError, match=r"numbers.csv: no column of sequences or SMILES beside the identifiers in 'id'"
    ):
        read(pairs, {"protein_a": "numbers.csv"})
    (folder / "proteins.fasta").write_text(PROTEINS)
    (folder / "pairs.tsv").write_text("protein_a,protein_a_sequence,label\nP1,x,1\nP2,y,0\n")
    with pytest.raises(DataError, match="'protein_a_sequence' is there and comes from entities too"):
        read(pairs, {"protein_a": "proteins.fasta"})


def test_equal_records_of_one_identifier_are_one_entity(folder):
    (folder / "proteins.fasta").write_text(PROTEINS + PROTEINS)
    assert len(read(folder / "pairs.tsv").table) == 4
