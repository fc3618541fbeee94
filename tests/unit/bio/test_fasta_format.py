"""FASTA read and written."""

import gzip
import io

import pytest

from exapt.bio.formats import fasta
from exapt.bio.formats.fasta import Record
from exapt.core.errors import DataError


def parse(text: str | bytes) -> list[Record]:
    return list(fasta.parse(io.BytesIO(text.encode() if isinstance(text, str) else text), "x.fa"))


def test_wrapped_lines_case_comments_and_fields():
    records = parse(
        ";made by hand\n\n>a first TARGET=0.5 SET=train\nACgt\nNN\n; in the middle\nAC\n\n>b\tof tabs\nMKV * \n>c\n"
    )
    assert [record.sequence for record in records] == ["ACgtNNAC", "MKV*", ""]
    assert [record.id for record in records] == ["a", "b", "c"]
    assert [record.line for record in records] == [3, 9, 11]
    assert records[0].fields == {"TARGET": "0.5", "SET": "train"}
    assert records[1].description == "of tabs"
    assert records[1].fields == {}


def test_comment_line_between_records():
    assert parse(">a\nAC\n; note > here\n>b\nGT\n") == [Record("a", "AC", "", 1), Record("b", "GT", "", 4)]


def test_windows_line_ends_and_byte_order_mark():
    assert parse(b"\xef\xbb\xbf>a x\r\nAC\r\nGT\r\n>b\r\nA") == [Record("a", "ACGT", "x", 1), Record("b", "A", "", 4)]


def test_uniprot_values_hold_blanks():
    description = "Putative factor 001R OS=Frog virus 3 (isolate Goorha) OX=654924 GN=FV3-001R PE=4 SV=1"
    fields = Record("Q6GZX4", "M", description).fields
    assert fields == {"OS": "Frog virus 3 (isolate Goorha)", "OX": "654924", "GN": "FV3-001R", "PE": "4", "SV": "1"}


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_records_do_not_depend_on_the_size_of_a_block(monkeypatch, block):
    text = ";c\n>a d\nACGT\nAC\n>b\n\n>c\n;x\nGG\n>>d\nTT"
    whole = parse(text)
    monkeypatch.setattr(fasta, "BLOCK", block)
    assert parse(text) == whole
    assert [record.id for record in whole] == ["a", "b", "c", ">d"]


def test_empty_file_has_no_records():
    assert parse("") == []
    assert parse(";only a comment\n") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nACGT\n>a\n", r"x\.fa:2: expected a header that starts with '>', found 'ACGT'"),
        (">a\nAC\n> b\nGT\n", r"x\.fa:3: the header has no identifier"),
        (b">a\nAC\n>b\n\xff\xfe\n", r"x\.fa:4: not text \(byte 0xff\)"),
        (b"PK\x03\x04zip", r"x\.fa:1: expected a header"),
    ],
)
def test_errors_name_the_line(text, message):
    with pytest.raises(DataError, match=message):
        parse(text)


def test_gzip_is_told_by_its_bytes_not_its_name(tmp_path):
    path = tmp_path / "plain.fa"
    path.write_bytes(gzip.compress(b">a\nACGT\n"))
    assert next(fasta.read(path)) == Record("a", "ACGT", "", 1)


def test_gzip_cut_in_the_middle_names_the_file(tmp_path):
    path = tmp_path / "cut.fa.gz"
    whole = gzip.compress("".join(f">s{i}\n{'ACGT' * 50}{i}\n" for i in range(2000)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.fa\.gz: the gzip file is cut in the middle"):
        list(fasta.read(path))


def test_gzip_with_damaged_bytes(tmp_path):
    path = tmp_path / "bad.fa.gz"
    whole = bytearray(gzip.compress(b">a\n" + b"ACGT" * 1000))
    whole[-6] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(DataError, match="damaged"):
        list(fasta.read(path))


@pytest.mark.parametrize("name", ["missing.fa", "."])
def test_missing_file_and_folder(tmp_path, name):
    with pytest.raises(DataError, match="no such file|is a folder"):
        list(fasta.read(tmp_path / name))


@pytest.mark.parametrize("name", ["a.fa", "a.fa.gz"])
def test_written_records_are_read_again(tmp_path, name):
    records = [Record("a", "ACGT" * 40, "some words x=1"), Record("b", ""), Record("c", "acgt")]
    path = tmp_path / name
    assert fasta.write(path, iter(records), width=60) == 3
    assert [record._replace(line=0) for record in fasta.read(path)] == records
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_the_same_records_give_the_same_gzip_bytes(tmp_path):
    for name in ("a.fa.gz", "b.fa.gz"):
        fasta.write(tmp_path / name, [Record("a", "ACGT")])
    assert (tmp_path / "a.fa.gz").read_bytes() == (tmp_path / "b.fa.gz").read_bytes()


def test_width_of_lines(tmp_path):
    fasta.write(tmp_path / "a.fa", [Record("a", "ACGTA")], width=2)
    assert (tmp_path / "a.fa").read_text() == ">a\nAC\nGT\nA\n"
    fasta.write(tmp_path / "b.fa", [Record("a", "ACGTA")], width=0)
    assert (tmp_path / "b.fa").read_text() == ">a\nACGTA\n"


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def records():
        yield Record("a", "ACGT")
        raise DataError("no more")

    with pytest.raises(DataError):
        fasta.write(tmp_path / "a.fa", records())
    assert list(tmp_path.iterdir()) == []


def test_reading_takes_bounded_memory(tmp_path):
    import tracemalloc

    path = tmp_path / "many.fa"
    fasta.write(path, (Record(f"s{i}", "ACGT" * 50) for i in range(50_000)))
    tracemalloc.start()
    assert sum(1 for _ in fasta.read(path)) == 50_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 10_000_000
    assert peak < 8_000_000
