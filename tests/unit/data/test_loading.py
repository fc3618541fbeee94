"""Loading files: roles, modalities and units, stated or inferred; what is refused, and how."""

import gzip
import hashlib

import numpy as np
import pandas as pd
import pytest

from exapt.core.config import DataConfig
from exapt.core.contracts import Column
from exapt.core.errors import ConfigError, DataError
from exapt.data.loading import load

DNA = ["ACGTACGTAA", "GGGTACGTAC", "TTTTACGTAC", "CCCCACGTAC"]


def config(path, **stated):
    return DataConfig.model_validate({"name": str(path), **stated})


@pytest.fixture
def write(tmp_path):
    def _write(text, name="data.csv"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return _write


def rows(*lines, header="id,sequence,label"):
    return "\n".join([header, *lines]) + "\n"


GOOD = rows(*(f"s{i},{s},{'ab'[i % 2]}" for i, s in enumerate(DNA)))


def test_roles_and_modalities_are_inferred_and_said(write):
    path = write(GOOD)
    loaded = load(config(path))
    assert loaded.table.columns == {
        "id": Column("id", "label"),
        "sequence": Column("input", "dna"),
        "label": Column("target", "label"),
    }
    assert loaded.notes == [
        "id 'id': label (declared by the card or file)",
        "input 'sequence': dna (inferred: 100 % of the letters are ACGT)",
        "target 'label': label (inferred: text)",
    ]
    assert loaded.files == {str(path): hashlib.sha256(path.read_bytes()).hexdigest()}
    assert loaded.table.ids() == ["s0", "s1", "s2", "s3"]
    assert loaded.split is None
    assert loaded.report.steps == ()


@pytest.mark.parametrize(("name", "sign"), [("a.tsv", "\t"), ("a.tsv.gz", "\t"), ("a.csv.gz", ","), ("a.csv", ";")])
def test_separators_and_gzip(write, name, sign):
    assert load(config(write(GOOD.replace(",", sign), name))).table.values("sequence") == DNA


def test_parquet_equals_csv(tmp_path, write):
    frame = pd.read_csv(write(GOOD))
    frame.to_parquet(tmp_path / "a.parquet")
    loaded = load(config(tmp_path / "a.parquet"))
    assert loaded.table.values("sequence") == DNA
    assert loaded.table.columns == load(config(write(GOOD))).table.columns


def test_stated_roles_win(write):
    lines = "007,ACGTACGTAA,MKVLAAGIVG,0.5,x", "008,ACGTACGTAC,MKVLAAGIVR,0.7,z"
    text = rows(*lines, header="name,dna,prot,score,donor")
    stated = {"id": "name", "input": ["prot"], "target": "score", "group": "donor", "unit": {"score": "pKd"}}
    table = load(config(write(text), **stated)).table
    assert table.columns == {
        "name": Column("id", "label"),
        "prot": Column("input", "protein"),
        "score": Column("target", "number", "pKd"),
        "donor": Column("group", "label"),
    }
    assert table.ids() == ["007", "008"]
    assert table.frame["dna"].tolist() == ["ACGTACGTAA", "ACGTACGTAC"]


def test_modality_may_be_stated(write):
    text = rows("s0,ACGA,1", "s1,ACGC,2")
    table = load(config(write(text), modality={"sequence": "protein", "label": "number"})).table
    assert (table.columns["sequence"].modality, table.columns["label"].modality) == ("protein", "number")
    with pytest.raises(ConfigError, match="Did you mean 'protein'"):
        load(config(write(text), modality={"sequence": "proteins"}))


@pytest.mark.parametrize(
    ("values", "modality"),
    [(["0", "1", "1", "0"], "label"), (["0.1", "0.2", "0.3", "0.4"], "number"), (["yes", "no", "no", "yes"], "label")],
)
def test_kind_of_target(write, values, modality):
    text = rows(*(f"s{i},{s},{v}" for i, (s, v) in enumerate(zip(DNA, values, strict=True))))
    assert load(config(write(text))).table.columns["label"].modality == modality


@pytest.mark.parametrize(
    ("sequences", "modality"),
    [
        (["ACGUACGUAA", "GGGGCCCCUU"], "rna"),
        (["MKVLAAGIVG", "MSTNPKPQRK"], "protein"),
        (["acgtnnnnac", "ggggccccaa"], "dna"),
        (["CC(=O)Oc1ccccc1", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C"], "molecule"),
    ],
)
def test_inputs_without_a_telling_name_are_found_by_their_letters(write, sequences, modality):
    text = rows(*(f"{s},{i}.5" for i, s in enumerate(sequences)), header="thing,y")
    assert load(config(write(text))).table.columns["thing"] == Column("input", modality)


def test_pairs_of_inputs(write):
    text = rows("ACGTACGT,GGGTACGT,1", "ACGTACGA,GGGTACGA,0", header="seq_a,seq_b,label")
    assert load(config(write(text))).table.names("input") == ["seq_a", "seq_b"]


def test_the_peptide_na_is_no_missing_value(write):
    text = rows("s0,NA,0.1", "s1,NAN,0.2", "s2,MKV,NA", "s3,NULL,0.4")
    settings = {"modality": {"sequence": "protein"}, "clean": ["drop_missing_target"]}
    table = load(config(write(text), **settings)).table
    assert table.values("sequence") == ["NA", "NAN", "NULL"]
    assert table.values("label") == [0.1, 0.2, 0.4]


def test_wide_table_of_profiles(write):
    genes = [f"g{i}" for i in range(6)]
    text = rows(*(f"c{i},{','.join(str(i * j) for j in range(6))},{'ab'[i % 2]}" for i in range(1, 5)),
                header=f"sample,{','.join(genes)},label")  # fmt: skip
    loaded = load(config(write(text), id="sample", options={"matrix": "expression"}))
    matrix = loaded.table.matrices["expression"]
    assert matrix.features == tuple(genes)
    assert matrix.values.dtype == np.float32
    assert matrix.values[2].tolist() == [0, 3, 6, 9, 12, 15]
    assert loaded.table.columns["expression"] == Column("input", "expression", "UMI count")
    assert loaded.notes[1] == (
        "input 'expression': expression of 6, UMI count (declared by the card or file; "
        "unit inferred: whole numbers from 0)"
    )
    with pytest.raises(DataError, match="read the 6 numeric columns as one with options: {matrix: expression}"):
        load(config(write(text)))


@pytest.mark.parametrize("header", [",g1,g2,label", "g1,g2,label"])
def test_row_names_as_r_and_pandas_write_them(write, header):
    text = rows("c1,1.5,2,a", "c2,3,4,b", header=header)
    table = load(config(write(text), options={"matrix": "expression"})).table
    assert table.ids() == ["c1", "c2"]
    assert table.matrices["expression"].features == ("g1", "g2")


def test_a_column_of_parts_asks_for_the_predefined_split(write):
    parts = ("train", "dev", "Test", "train")
    lines = [f"{s},{i}.5,{p}" for i, (s, p) in enumerate(zip(DNA, parts, strict=True))]
    text = rows(*lines, header="sequence,target,Set")
    loaded = load(config(write(text)))
    assert loaded.split is not None
    assert loaded.split.plain() == {"name": "predefined", "column": "Set"}
    assert loaded.table.frame["Set"].tolist() == ["train", "dev", "Test", "train"]
    other = load(config(write(text.replace("Test", "blue"))))
    assert other.split is None


def test_fasta_fields_become_columns(write):
    text = "".join(f">s{i} SET={p} TARGET={i}.5 VALIDATION={v}\n{s}\n" for i, (s, p, v) in enumerate(
        zip(DNA, ("train", "train", "test", "train"), ("False", "True", "False", "False"), strict=True)))  # fmt: skip
    loaded = load(config(write(text, "a.fasta")))
    assert loaded.table.columns == {
        "id": Column("id", "label"),
        "sequence": Column("input", "dna"),
        "TARGET": Column("target", "number"),
    }
    assert loaded.split is not None
    assert loaded.split.plain() == {"name": "predefined", "column": "SET"}
    assert loaded.table.frame["line"].tolist() == [1, 3, 5, 7]


def test_fasta_identifiers_by_pattern(write):
    path = write(">sp|P12345|ABC_HUMAN x\nMKVLAAGIVG\n>odd\nMKVLAAGIVR\n", "a.fa")
    table = load(config(path, options={"pattern": r"sp\|(?P<id>\w+)\|(?P<mnemonic>\w+)_"})).table
    assert table.ids() == ["P12345", "odd"]
    assert table.frame["mnemonic"].tolist() == ["ABC", None]
    with pytest.raises(ConfigError, match="no regular expression"):
        load(config(path, options={"pattern": "("}))


def test_repeated_identifiers_are_said(write):
    loaded = load(config(write(GOOD.replace("s1,", "s0,"))))
    assert "1 identifiers stand more than once" in loaded.notes


def test_cleaning_is_reported(write):
    loaded = load(config(write(GOOD + "s9,,a\n"), clean="empty"))
    assert loaded.report.lines() == ["empty: 5 -> 4 rows (empty input), e.g. s9"]
    assert len(loaded.table) == 4


def test_messages_name_the_line_even_after_rows_were_dropped(write):
    text = GOOD.replace("s0,ACGTACGTAA", "s0,") + "s9,ACGJ,a\n"
    with pytest.raises(DataError, match=r"data\.csv:6 \(s9\): letter 'J'"):
        load(config(write(text), clean=["empty"], modality={"sequence": "dna"}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("id,sequence,label\n", "no rows, only column names"),
        (rows("s0,ACGTACGTAC,a", "s1,ACGTACGTAC,b,c,d"), "data.csv:3: 5 fields, where the lines before have 3"),
        (rows("s0,ACGTACGTAC,a", "s1,ACGTACGTAA,a"), "only one class, 'a'"),
        (rows("s0,ACGTACGTAC,a", "s1,ACGTACGTAA,"), r"target 'label' is missing in 1 of 2 rows .*:3 \(s1\)"),
        (rows("s0,ACGTACGTAC,a", "s1,,b"), r":3 \(s1\): the input is empty.*clean: \[empty\]"),
        (rows("1,2,3", "4,5,6", header="a,b,c"), "no column looks like an input"),
    ],
)
def test_files_that_cannot_be_used(write, text, message):
    with pytest.raises(DataError, match=message):
        load(config(write(text)))


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("id,sequence,label\nä,ACGTACGTAC,a\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8 text"):
        load(config(path))


def test_gzip_cut_in_the_middle(write):
    path = write(rows(*(f"s{i},{'ACGT' * 30}{i},a" for i in range(5000))), "cut.csv.gz")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"cut\.csv\.gz: the gzip file is cut in the middle"):
        load(config(path))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nothing.csv", r"nothing\.csv: no such file\. Did you mean 'nothings\.csv'"),
        ("gue_mous2", "neither a file nor a data card. Did you mean 'gue_mouse2'"),
        ("readme.docx", r"unknown kind of file '\.docx'. Known: "),
    ],
)
def test_names_that_are_nothing(write, tmp_path, monkeypatch, name, message):
    write(GOOD, "nothings.csv")
    write("x", "readme.docx")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=message):
        load(DataConfig(name=name))


@pytest.mark.parametrize("key", ["id", "input", "target", "group"])
def test_a_wrong_column_offers_the_nearest(write, key):
    with pytest.raises(DataError, match=rf"data\.csv: {key}: no column 'sequense'\. Did you mean 'sequence'"):
        load(config(write(GOOD), **{key: "sequense"}))
    with pytest.raises(DataError, match="unit: no column 'labl'"):
        load(config(write(GOOD), unit={"labl": "x"}))


def test_a_column_has_one_role(write):
    with pytest.raises(ConfigError, match="'label' is stated as input and as target"):
        load(config(write(GOOD), input="label", target="label"))


def test_unknown_options_offer_the_nearest(write):
    with pytest.raises(ConfigError, match="Did you mean 'separator'"):
        load(config(write(GOOD), options={"seperator": ","}))


def test_text_in_a_column_of_numbers(write):
    text = rows("s0,ACGTACGTAC,0.5", "s1,ACGTACGTAA,high", "s2,ACGTACGTAT,0.7")
    with pytest.raises(DataError, match="column 'label' holds 'high' in row 2, which is no number"):
        load(config(write(text), modality={"label": "number"}))


def test_an_input_that_is_nothing_known(write):
    with pytest.raises(DataError, match="the modality of input 'sequence' cannot be told.*'!!'"):
        load(config(write(rows("s0,!!,a", "s1,??,b"))))


def test_numbers_taken_for_sequences(write):
    with pytest.raises(DataError, match=r"input 'sequence' was taken for dna, but it holds 12 \(integer\), no text"):
        load(config(write(rows("s0,12,a", "s1,13,b")), modality={"sequence": "dna"}))


def test_categories_and_strings_of_parquet(tmp_path):
    frame = pd.DataFrame({"sequence": pd.array(DNA, dtype="string"), "label": pd.Categorical(["a", "b", "a", None])})
    frame.to_parquet(tmp_path / "a.parquet")
    table = load(config(tmp_path / "a.parquet", clean=["drop_missing_target"])).table
    assert table.values("sequence") == DNA[:3]
    assert table.values("label") == ["a", "b", "a"]


def test_inputs_that_are_categories_or_numbers(write):
    text = rows("1.5,red,a", "2.5,blue,b", header="dose,colour,label")
    stated = {"input": ["dose", "colour"], "modality": {"colour": "label"}}
    table = load(config(write(text), **stated)).table
    assert [column.modality for column in table.columns.values()] == ["number", "label", "label"]


def test_no_target_where_none_is_wanted(write):
    assert load(config(write(GOOD.replace("label", "remark")))).table.names("target") == []
    assert load(config(write(GOOD), target=[])).table.names("target") == []
