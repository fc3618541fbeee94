"""SDF and SMILES files, as records."""

import gzip
import io

import pytest

from exapt.bio.formats import sdf, smi
from exapt.core.errors import DataError

TWO = "a\n\n\n  1  0\nM  END\n>  <logP>\n1.5\n\n> 25 <note> (7)\nx\ny\n\n$$$$\n\n\n\n  1  0\nM  END\n$$$$\n"


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_sdf_records(ends):
    first, second = sdf.parse(io.BytesIO(TWO.replace("\n", ends).encode()))
    assert (first.title, first.properties) == ("a", {"logP": "1.5", "note": "x\ny"})
    assert first.block == "a\n\n\n  1  0\nM  END\n"
    assert (second.title, second.properties, second.number, second.line) == ("", {}, 2, 14)


def test_sdf_without_its_last_line_and_with_another():
    whole = TWO.removesuffix("$$$$\n")
    assert len(list(sdf.parse(io.BytesIO(whole.encode())))) == 2
    assert len(list(sdf.parse(io.BytesIO(f"{TWO}\n\n".encode())))) == 2
    assert list(sdf.parse(io.BytesIO(b""))) == []


def test_sdf_of_an_older_program_is_latin_1():
    (record,) = sdf.parse(io.BytesIO("é\n\n\nM  END\n".encode("latin-1")))
    assert record.title == "é"


def test_a_cut_structure_keeps_its_properties_apart():
    (record,) = sdf.parse(io.BytesIO(b"a\n\n\n  2  1\n>  <y>\n3\n"))
    assert record.block == "a\n\n\n  2  1\n"
    assert record.properties == {"y": "3"}


def molecules(text):
    return [(line.smiles, line.fields, line.number) for line in smi.parse(io.BytesIO(text.encode()), "x.smi")]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_smiles_files(ends):
    text = "# made by hand\n\nCCO ethyl alcohol\nC=C\tethene\nCC\n".replace("\n", ends)
    assert molecules(text) == [("CCO", ("ethyl alcohol",), 3), ("C=C", ("ethene",), 4), ("CC", (None,), 5)]


def test_a_header_names_columns():
    text = "smiles\tzinc_id\tlogP\nCCO\tZ 1\t-0.3\nCC\tZ2\n"
    assert molecules(text) == [("CCO", ("Z 1", "-0.3"), 2), ("CC", ("Z2", None), 3)]
    assert molecules("SMILES name\nCC a b\n") == [("CC", ("a b",), 2)]


def test_an_empty_molecule_and_an_extension():
    assert molecules("\tnothing\nCC\tx\n") == [("", ("nothing",), 1), ("CC", ("x",), 2)]
    assert molecules("C[C@H](F)O |&1:1| mixture\n") == [("C[C@H](F)O |&1:1|", ("mixture",), 1)]


def test_what_is_no_text_is_named(tmp_path):
    path = tmp_path / "x.smi"
    path.write_bytes(b"CC a\nCCO \xe9\n")
    with pytest.raises(DataError, match=r"x.smi:2: not UTF-8 text \(byte 0xe9\)"):
        list(smi.read(path)[1])


@pytest.mark.parametrize("read", [lambda path: list(sdf.read(path)), lambda path: list(smi.read(path)[1])])
def test_a_gzip_that_was_cut(tmp_path, read):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"CCCO name\n" * 50_000 + bytes(range(65, 90)) * 400)[:-60])
    with pytest.raises(DataError, match="cut in the middle"):
        read(path)
