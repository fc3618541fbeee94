"""FASTQ and PAF: what is read, and what is refused with its line."""

import gzip
import io

import pytest

from exapt.bio.formats import fastq, paf
from exapt.bio.formats.paf import Alignment
from exapt.core.errors import DataError

READS = "@r1 first\nACgN\n+r1\n!I~5\n@r2\n\n+\n\n"
LINE = "q\t20\t2\t12\t-\tt\t30\t5\t15\t9\t11\t60"


def test_reads(tmp_path):
    found = list(fastq.parse(io.BytesIO(READS.encode()), "x.fq"))
    assert found == list(fastq.parse(io.BytesIO(READS.replace("\n", "\r\n").encode()), "x.fq"))
    assert (found[0].description, found[0].line, found[1].line) == ("first", 1, 5)
    assert found[0].phred.tolist() == [0, 40, 93, 20]
    for name in ("a.fq", "a.fq.gz"):
        assert fastq.write(tmp_path / name, found) == 2
        assert [read[:4] for read in fastq.read(tmp_path / name)] == [read[:4] for read in found]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">r\nA\n", r"x.fq:1: expected a header '@name', found '>r'"),
        ("@ r\nA\n+\nI\n", r"x.fq:1: expected a header"),
        ("@r\nA\n+\nI\n@s\nAC\n", r"x.fq:5: the record has 2 of its 4 lines. The file is cut short"),
        ("@r\nA\nC\n+\nII\n", r"x.fq:3: expected '\+', found 'C'"),
        ("@r\nAC\n+\nI\n", r"x.fq:4: 1 qualities for 2 letters"),
        ("@r\nAC\n+\nI \n", r"x.fq:4: a quality is a character from '!' to '~'"),
    ],
)
def test_refused_reads(text, message):
    with pytest.raises(DataError, match=message):
        list(fastq.parse(io.BytesIO(text.encode()), "x.fq"))


def test_cut_gzip(tmp_path):
    (tmp_path / "a.fq.gz").write_bytes(gzip.compress(READS.encode() * 50)[:-20])
    with pytest.raises(DataError, match="cut in the middle"):
        list(fastq.read(tmp_path / "a.fq.gz"))


def alignments(text):
    return list(paf.parse(io.BytesIO(text.encode()), "x.paf"))


def test_alignment(tmp_path):
    text = f"{LINE}\ttp:A:P\tde:f:0.0100\tcg:Z:4=1X1I4=1D\tcs:Z::4*ac+g:4-t\n"
    [found] = alignments(text)
    assert (found.query_start, found.target_end, found.strand, found.matches, found.quality) == (2, 15, "-", 9, 60)
    assert found.cigar == [(4, "="), (1, "X"), (1, "I"), (4, "="), (1, "D")]
    assert found.differences == [(":", "4"), ("*", "ac"), ("+", "g"), (":", "4"), ("-", "t")]
    assert found.identity == pytest.approx(9 / 11)
    assert (found.tag("tp"), found.tag("zz", "none")) == ("P", "none")
    paf.write(tmp_path / "a.paf", [found])
    assert (tmp_path / "a.paf").read_text() == text
    assert list(paf.read(tmp_path / "a.paf")) == [found]


def test_introns_and_equal_letters():
    line = "q\t20\t0\t4\t+\tt\t30\t0\t14\t4\t4\t60\tcs:Z:=AC~gt10ag=GT\tcg:Z:2M10N2M\n"
    assert alignments(line)[0].differences == [("=", "AC"), ("~", "gt10ag"), ("=", "GT")]


def test_no_alignment_has_no_identity():
    assert Alignment("q", 1, 0, 0, "+", "t", 1, 0, 0, 0, 0).identity == 0.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q\t20\t2\n", r"x.paf:1: found 3 columns; an alignment has at least 12"),
        (LINE.replace("\t9\t", "\tnine\t"), r"x.paf:1: columns 2-4 and 7-12 are whole numbers; found 'nine'"),
        (LINE.replace("\t-\t", "\t.\t"), r"x.paf:1: the strand \(column 5\) is \+ or -; found '.'"),
        (LINE.replace("\t12\t", "\t22\t"), r"x.paf:1: 2-22 is no interval of a query of 20 letters"),
        (f"{LINE}\tcg=4M", r"x.paf:1: a tag is NAME:TYPE:VALUE; found 'cg=4M'"),
        (
            f"{LINE}\n{LINE}\tcg:Z:9=",
            r"x.paf:2: the tag cg covers \(9, 9\) letters of query and target, not \(10, 10\)",
        ),
        (f"{LINE}\tcg:Z:10=?", r"x.paf:1: the tag cg cannot be read"),
        (f"{LINE}\tcs:Z::9*ac+g", r"x.paf:1: the tag cs covers \(11, 10\)"),
    ],
)
def test_refused_alignments(text, message):
    with pytest.raises(DataError, match=message):
        alignments(text)
