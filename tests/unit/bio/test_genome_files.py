"""Genomes: letters from files, random access, what is no genome; and whether an annotation belongs to it."""

import gzip

import pysam
import pytest

from exapt.bio.formats import consistency, genbank, genome, gff3
from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part
from exapt.core.errors import DataError

FASTA = ">c first\nACGTacgtNN\nACGTRYACGA\nAC\n>p [topology=circular]\nACGTT\n"


@pytest.fixture
def path(tmp_path):
    (tmp_path / "a.fa").write_text(FASTA)
    return tmp_path / "a.fa"


def opened(path, **options):
    with genome.indexed(path, **options) as found:
        return found.contigs, found.fetch("c"), found.fetch("c", 8, 13), found.fetch("p", 3, 7), found.fetch("p", 5, 5)


def test_in_memory_and_in_pieces(path):
    whole = genome.read(path)
    contigs, letters, piece, around, nothing = opened(path)
    assert (
        contigs
        == whole.contigs
        == {
            "c": Contig("c", 22, description="first"),
            "p": Contig("p", 5, circular=True, description="[topology=circular]"),
        }
    )
    assert letters == whole.fetch("c") == "ACGTacgtNNACGTRYACGAAC"
    assert (piece, around, nothing) == (whole.fetch("c", 8, 13), "TTAC", "")
    assert genome.read(path, upper=True).fetch("c", 0, 8) == opened(path, upper=True)[1][:8] == "ACGTACGT"
    assert [file.name for file in path.parent.iterdir()] == ["a.fa"]


def test_packed_and_windows(path):
    packed = path.with_name("a.fa.gz")
    pysam.tabix_compress(str(path), str(packed))
    assert opened(packed) == opened(path)
    path.write_bytes(FASTA.replace("\n", "\r\n").encode())
    assert opened(path) == opened(packed)
    packed.write_bytes(gzip.compress(FASTA.encode()))
    assert genome.read(packed).fetch("c") == genome.read(path).fetch("c")
    with pytest.raises(DataError, match="an ordinary gzip cannot be read in pieces. Unpack it, or pack it with bgzip"):
        opened(packed)


@pytest.mark.parametrize(
    ("name", "start", "end", "message"),
    [
        ("d", 0, 1, r"no sequence is called 'd'. Known: c, p"),
        ("c", 3, 23, r"a.fa: c:4-23 lies beyond its 22 letters"),
        ("c", -1, 3, "lies beyond"),
        ("p", 3, 9, r"p:4-9 lies beyond its 5 letters"),
    ],
)
def test_no_letters_there(path, name, start, end, message):
    with pytest.raises(DataError, match=message):
        genome.read(path).fetch(name, start, end)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a.fa: no sequences"),
        (">c\nACGT\n>d\n>e\nA\n", r"a.fa:3: d has no letters"),
        (">c\nA\n>c\nA\n", r"a.fa:3: a second sequence is called 'c'; the first is on line 1"),
        (">c\nACGTACGT\nACXT\n", r"a.fa:3: letter 'X' of c is not in the DNA alphabet ACGTRYSWKMBDHVN"),
        (">c\nACGUACGU\n", r"a.fa:2: c is RNA \(letter U\). Write T for U"),
        (">c\nMKVLAAGGHWSRDEFPTTTY\n", r"a.fa:2: c is no DNA but looks like a protein"),
        (">c\nMKVHSRDVMKKWVVSSDDKR\n", r"a.fa:1: c is no DNA but looks like a protein"),
        ("ACGT\n", r"a.fa:1: expected a header that starts with '>'"),
    ],
)
@pytest.mark.parametrize("way", [genome.read, opened])
def test_refused(path, way, text, message):
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        way(path)


def test_uneven_lines_have_no_index(path):
    path.write_text(">c\nACGT\nAC\nACGT\n")
    assert genome.read(path).fetch("c") == "ACGTACACGT"
    with pytest.raises(DataError, match="no index can be made"):
        opened(path)
    with pytest.raises(DataError, match="no such file"):
        opened(path.with_name("b.fa"))


def test_cut_gzip(path):
    path.write_bytes(gzip.compress(FASTA.encode())[:-12])
    with pytest.raises(DataError, match="a.fa: the gzip file is cut in the middle"):
        genome.read(path)


def test_from_genbank(tmp_path):
    letters = {"c": "ACGTACGT"}
    genbank.write(tmp_path / "a.gbk", Annotation((), {"c": Contig("c", 8, circular=True)}, letters=letters))
    assert genome.read(tmp_path / "a.gbk").fetch("c", 6, 10) == "GTAC"
    with pytest.raises(DataError, match="a.gff3: no letters of c"):
        genome.of_annotation(Annotation((), {"c": Contig("c", 8)}, where="a.gff3"))


def annotated(tmp_path, *lines):
    (tmp_path / "a.gff3").write_text("".join(f"{line}\n" for line in lines))
    return gff3.read(tmp_path / "a.gff3")


def test_names_on_both_sides(tmp_path, path):
    annotation = annotated(tmp_path, "chrc\t.\tgene\t1\t9\t.\t+\t.\tID=g", "p\t.\tgene\t1\t2\t.\t+\t.\tID=h")
    with pytest.raises(DataError) as error:
        consistency.reconcile(annotation, genome.read(path))
    text = str(error.value).replace(f"{tmp_path}/", "")
    assert text == (
        "a.gff3 and a.fa name their sequences differently.\n  only in a.gff3: chrc\n  only in a.fa: c\n"
        "They agree once 'chr' is taken from the names of a.gff3."
    )


@pytest.mark.parametrize(
    ("used", "known", "advice"),
    [
        (["1"], ["chr1"], "once 'chr' is put before"),
        (["NC_1.2"], ["NC_1.3"], "They differ in the version"),
        (["a"], ["b"], "or rename the sequences"),
        ([f"s{i}" for i in range(20)], ["b"], "s7 and 12 more"),
    ],
)
def test_advice_on_names(used, known, advice):
    with pytest.raises(DataError, match=advice):
        consistency.check_names(used, known, "a.gff3", "a.fa")


def test_another_length(tmp_path, path):
    with pytest.raises(DataError, match="c has 30 letters, but 22 in"):
        consistency.reconcile(annotated(tmp_path, "##sequence-region c 1 30"), genome.read(path))


def test_beyond_the_contig(tmp_path, path):
    annotation = annotated(
        tmp_path,
        "c\t.\tgene\t1\t40\t.\t+\t.\tID=g",
        "c\t.\tmRNA\t1\t20\t.\t+\t.\tID=m;Parent=g",
        "c\t.\tgene\t1\t20\t.\t+\t.\tID=h",
        "p\t.\tgene\t4\t7\t.\t+\t.\tID=around",
    )
    with pytest.raises(
        DataError, match=r"a.gff3:1: gene g goes to 1-40, beyond the 22 letters of c\nIs .*a.fa the seq"
    ):
        consistency.reconcile(annotation, genome.read(path))
    left, problems = consistency.reconcile(annotation, genome.read(path), outside="leave_out")
    assert [feature.id for feature in left.features] == ["h", "around"]
    assert [(problem.kind, problem.feature.id) for problem in problems] == [("outside", "g")]
    assert left.contigs["p"].circular


def test_reported_and_not_fatal(tmp_path, path):
    annotation = annotated(
        tmp_path,
        "c\t.\tCDS\t1\t10\t.\t+\t0\tID=a",
        "c\t.\tCDS\t1\t10\t.\t+\t1\tID=fits",
        "c\t.\tCDS\t1\t4\t.\t+\t0\tID=b",
        "c\t.\tCDS\t7\t11\t.\t+\t0\tID=b",
        "c\t.\tCDS\t1\t9\t.\t+\t.\tID=d;Parent=none",
        "c\t.\tCDS\t1\t10\t.\t+\t0\tID=e;pseudo=true",
        "c\t.\tCDS\t2\t11\t.\t+\t0\tID=f;partial=true;end_range=11,.",
        "p\t.\tCDS\t1\t3\t.\t+\t0\tID=a",
        "c\t.\tmRNA\t1\t20\t.\t+\t.\tID=m",
        "c\t.\tCDS\t1\t4\t.\t+\t0\tParent=m",
        "c\t.\tCDS\t7\t12\t.\t+\t2\tParent=m",
    )
    _, problems = consistency.reconcile(annotation, genome.read(path))
    assert [(problem.kind, problem.feature.id or "of m") for problem in problems] == [
        ("parent", "d"),
        ("id", "a"),
        ("length", "a"),
        ("phase", "b"),
        ("phase", "d"),
        ("length", "of m"),
    ]
    assert problems[2].text.endswith("a.gff3:1: CDS a has 10 letters from phase 0, no multiple of three")


def test_whole_annotation_of_a_contig_without_features(path):
    found, problems = consistency.reconcile(Annotation((Feature("c", "gene", (Part(0, 9),)),)), genome.read(path))
    assert [*found.contigs] == ["c", "p"]
    assert problems == []
