"""GFF3: what each column and attribute becomes, and what is refused with its line."""

import gzip
import io

import pytest

from exapt.bio.formats import gff3
from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part
from exapt.core.errors import DataError

HIERARCHY = """##gff-version 3.1.26
#!genome-build one
##sequence-region c 1 100
# a comment
c\tx\tgene\t1\t90\t.\t-\t.\tID=g;Name=a%2Cb;Note=one,two;
c\tx\tmRNA\t1\t90\t0.5\t-\t.\tID=m;Parent=g
c\tx\tCDS\t61\t90\t.\t-\t0\tID=p;Parent=m;product=%CE%B1
###
c\tx\tCDS\t1\t31\t.\t-\t0\tID=p;Parent=m;product=%CE%B1
"""


def parse(text, encoding="utf-8"):
    return gff3.parse(io.BytesIO(text.encode(encoding)), "x.gff3")


def again(annotation):
    file = io.StringIO()
    gff3.dump(file, annotation)
    return parse(file.getvalue())


def test_hierarchy():
    annotation = parse(HIERARCHY)
    gene, messenger, cds = annotation.features
    assert (gene.start, gene.end, gene.strand, gene.line) == (0, 90, "-", 5)
    assert gene.attributes == {"Name": ("a,b",), "Note": ("one", "two")}
    assert messenger.score == 0.5
    assert cds.parts == (Part(0, 31, "-", 0), Part(60, 90, "-", 0))
    assert cds.attributes == {"product": ("α",)}
    assert annotation.children(gene) == [messenger]
    assert annotation.coding(messenger) == [cds]
    assert annotation.contigs == {"c": Contig("c", 100)}
    assert annotation.directives == ("#!genome-build one",)
    assert again(annotation) == annotation
    assert parse(HIERARCHY.replace("\n", "\r\n")) == annotation


def test_parts_keep_what_is_their_own():
    text = "c\t.\tmatch\t1\t9\t5\t+\t.\tID=a;Target=q 1 9;k=v\nc\t.\tmatch\t21\t29\t7\t+\t.\tID=a;Target=q 10 18;k=v\n"
    [match] = parse(text).features
    assert match.attributes == {"k": ("v",)}
    assert [(p.score, p.attributes) for p in match.parts] == [
        (5.0, {"Target": ("q 1 9",)}),
        (7.0, {"Target": ("q 10 18",)}),
    ]
    assert again(parse(text)) == parse(text)


def test_one_id_on_two_sequences_are_two_features():
    assert len(parse("a\t.\tgene\t1\t9\t.\t+\t.\tID=g\nb\t.\tgene\t1\t9\t.\t+\t.\tID=g\n").features) == 2


def test_over_the_origin_of_a_circular_sequence():
    landmark = "##sequence-region c 1 100\nc\t.\tregion\t1\t100\t.\t+\t.\tIs_circular=true\n"
    text = f"{landmark}c\t.\tgene\t91\t110\t.\t+\t.\tID=g\n"
    annotation = parse(text)
    assert annotation.contigs["c"] == Contig("c", 100, circular=True)
    assert (annotation.features[1].start, annotation.features[1].end) == (90, 110)
    assert again(annotation) == annotation


def test_a_circular_contig_without_landmark_gets_one():
    landmark = again(Annotation((), {"c": Contig("c", 9, circular=True)}))
    assert landmark.contigs["c"].circular
    assert [feature.type for feature in landmark.features] == ["region"]


def test_partial():
    [gene] = parse("c\t.\tgene\t5\t9\t.\t+\t.\tpartial=true;start_range=.,5;end_range=9,.\n").features
    assert (gene.partial, gene.attributes) == ((True, True), {})
    [other] = parse("c\t.\tgene\t5\t9\t.\t+\t.\tpartial=true;start_range=.,4\n").features
    assert (other.partial, other.attributes) == ((False, False), {"partial": ("true",), "start_range": (".", "4")})


@pytest.mark.parametrize("marker", ["##FASTA\n", ""])
def test_letters(marker):
    annotation = parse(f"##sequence-region c 1 4\n{marker}>c first\nACgt\n>d\nA\n")
    assert annotation.letters == {"c": "ACgt", "d": "A"}
    assert annotation.contigs["c"] == Contig("c", 4, description="first")
    assert again(annotation) == annotation


def test_group_of_version_1():
    [exon] = parse("c\tx\tinitial-exon\t4\t9\t.\t-\t.\tCG14748.1\n\n").features
    assert exon.attributes == {"group": ("CG14748.1",)}


def test_names_and_values_are_escaped():
    odd = Feature("c d>", "gene", (Part(0, 1),), "a;b=%&,\t\n", ("p,q",), "s%", {"k;": ("1,2", "%41", "ä +")})
    assert again(Annotation((odd,), {"c d>": Contig("c d>")})).features == (odd,)


def test_an_escape_that_is_no_utf_8_stays():
    assert parse("c\t.\tgene\t1\t2\t.\t+\t.\tk=%E9 100% x\n").features[0].value("k") == "%E9 100% x"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("c . gene 1 2 . + . ID=x", r"x.gff3:2: found 1 columns; a feature has 9, separated by tabs"),
        ("c\t.\tgene\t0\t2\t.\t+\t.\t.", r"x.gff3:2: start and end are whole numbers from 1; found '0' and '2'"),
        ("c\t.\tgene\t1.0\t2\t.\t+\t.\t.", r"found '1.0' and '2'"),
        (
            "c\t.\tgene\t9\t2\t.\t+\t.\t.",
            r"x.gff3:2: the end 2 is before the start 9. Over the origin .* add",
        ),
        ("c\t.\tgene\t1\t2\tnan\t+\t.\t.", r"x.gff3:2: the score \(column 6\) .* found 'nan'"),
        ("c\t.\tgene\t1\t2\t1_0\t+\t.\t.", r"found '1_0'"),
        ("c\t.\tgene\t1\t2\t.\tC\t.\t.", r"the strand \(column 7\) is one of \+ - \. \?; found 'C'"),
        ("c\t.\tCDS\t1\t2\t.\t+\t3\t.", r"the phase \(column 8\) is one of 0 1 2 and '.'; found '3'"),
        ("c\t.\tgene\t1\t2\t.\t+\t.\tID=x;two words", r"column 9 is name=value;.* found 'two words' without '='"),
        ('c\t.\tgene\t1\t2\t.\t+\t.\tgene_id "x"; a "y"', r"column 9 is that of a GTF file"),
        ("\t.\tgene\t1\t2\t.\t+\t.\t.", r"x.gff3:2: the sequence \(column 1\) or the type \(column 3\) is empty"),
        ("##sequence-region c 1", r"x.gff3:2: expected '##sequence-region NAME 1 LENGTH'"),
        ("##gff-version 2", r"x.gff3:2: GFF version 2; this reads version 3"),
        ("##sequence-region c 1 9\n##FASTA\n>c\nACGT", r"x.gff3:4: c has 4 letters, but its ##sequence-region says 9"),
        ("##FASTA\n>c\nA\n>c\nA", r"x.gff3:5: a second sequence is called 'c'"),
        ("##FASTA\nACGT", r"x.gff3:3: expected a header that starts with '>'"),
    ],
)
def test_refused(line, message):
    with pytest.raises(DataError, match=message):
        parse(f"##gff-version 3\n{line}\n")


def test_not_text():
    with pytest.raises(DataError, match=r"x.gff3:1: not UTF-8 text \(byte 0xe9\)"):
        parse("é", "latin-1")


def test_cut_gzip(tmp_path):
    whole = gzip.compress(HIERARCHY.encode() * 99)
    (tmp_path / "a.gff3.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a.gff3.gz: the gzip file is cut in the middle"):
        gff3.read(tmp_path / "a.gff3.gz")


def test_files(tmp_path):
    annotation = parse(HIERARCHY)
    for name in ("a.gff3", "a.gff3.gz"):
        gff3.write(tmp_path / name, annotation)
        assert gff3.read(tmp_path / name) == annotation
    with pytest.raises(DataError, match=r"GFF3 cannot write a gene of no letters \(c:5\)"):
        gff3.write(tmp_path / "b.gff3", Annotation((Feature("c", "gene", (Part(5, 5),)),)))
    assert not (tmp_path / "b.gff3").exists()
