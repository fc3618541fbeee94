"""GTF and BED: families made from names, stop codons, blocks; and what is refused with its line."""

import io

import pytest

from exapt.bio.formats import bed, gtf
from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part
from exapt.core.errors import DataError


def names(transcript, gene="g", more=""):
    return f'gene_id "{gene}"; transcript_id "{transcript}"; {more}'


FAMILY = names("t")


def line(kind, start, end, *, strand="+", phase=".", attributes=FAMILY):
    return f"c\tx\t{kind}\t{start}\t{end}\t.\t{strand}\t{phase}\t{attributes}\n"


def parse(text):
    return gtf.parse(io.BytesIO(text.encode()), "x.gtf")


def again(annotation):
    file = io.StringIO()
    gtf.dump(file, annotation)
    return parse(file.getvalue())


BARE = (
    line("exon", 1, 10, attributes=names("t", more='exon_number 1; tag "a; b"; tag "c";'))
    + line("CDS", 4, 10, phase="0", attributes=names("t", more="exon_number 1;"))
    + line("exon", 21, 40, attributes=names("t", more="exon_number 2;"))
    + line("CDS", 21, 30, phase="2", attributes=names("t", more="exon_number 2;"))
    + line("stop_codon", 31, 33, phase="0")
)


def test_gene_and_transcript_are_made_where_they_are_not_given():
    annotation = parse("#!genome-build one\n" + BARE)
    gene, transcript, exon, cds, _, stop = annotation.features
    assert [(f.type, f.id, f.parents, f.start, f.end) for f in (gene, transcript)] == [
        ("gene", "g", (), 0, 40),
        ("transcript", "t", ("g",), 0, 40),
    ]
    assert exon.attributes["tag"] == ("a; b", "c")
    assert (cds.id, cds.parents) == ("CDS-t", ("t",))
    assert [part[:4] for part in cds.parts] == [(3, 10, "+", 0), (20, 33, "+", 2)]
    assert [part.attributes for part in cds.parts] == [{"exon_number": ("1",)}, {"exon_number": ("2",)}]
    assert (stop.start, stop.end) == (30, 33)
    assert annotation.directives == ("#!genome-build one",)
    assert again(annotation) == annotation
    assert parse(BARE.replace("\n", "\r\n")).features == annotation.features


@pytest.mark.parametrize(
    ("strand", "stop", "expected"),
    [
        ("-", (18, 20), [(17, 30)]),
        ("+", (31, 33), [(20, 33)]),
        ("+", (41, 43), [(20, 30), (40, 43)]),
        ("+", (28, 30), [(20, 30)]),
        ("-", (1, 3), [(0, 3), (20, 30)]),
    ],
)
def test_stop_codon(strand, stop, expected):
    text = line("CDS", 21, 30, strand=strand, phase="0") + line("stop_codon", *stop, strand=strand, phase="0")
    annotation = parse(text)
    assert [part[:2] for part in annotation.of("CDS")[0].parts] == expected
    assert again(annotation) == annotation


def test_a_transcript_called_as_its_gene():
    annotation = parse(line("exon", 1, 9, attributes=names("g")))
    assert [feature.id for feature in annotation.features] == ["g", "transcript-g", ""]
    assert annotation.features[2].parents == ("transcript-g",)
    assert again(annotation) == annotation


def test_from_gff3_to_gtf():
    gene = Feature("c", "gene", (Part(0, 30, "+"),), "g")
    messengers = [Feature("c", "mRNA", (Part(0, 30, "+"),), name, ("g",)) for name in ("m1", "m2")]
    exon = Feature("c", "exon", (Part(0, 30, "+"),), parents=("m1", "m2"))
    found = again(Annotation((gene, *messengers, exon), {"c": Contig("c", 30)}))
    assert [(f.type, f.value("gene_id"), f.value("transcript_id")) for f in found.features] == [
        ("gene", "g", ""),
        ("transcript", "g", "m1"),
        ("transcript", "g", "m2"),
        ("exon", "g", "m1"),
        ("exon", "g", "m2"),
    ]


def test_a_transcript_of_several_parts_has_exons():
    gene = Feature("c", "gene", (Part(0, 30, "+"),), "g")
    messenger = Feature("c", "mRNA", (Part(0, 9, "+"), Part(20, 30, "+")), "m", ("g",))
    coding = Feature("c", "CDS", (Part(0, 9, "+", 0), Part(20, 29, "+", 0)), "p", ("m",))
    found = again(Annotation((gene, messenger, coding)))
    assert [(f.type, *(part[:2] for part in f.parts)) for f in found.features] == [
        ("gene", (0, 30)),
        ("transcript", (0, 30)),
        ("exon", (0, 9)),
        ("exon", (20, 30)),
        ("CDS", (0, 9), (20, 29)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c x exon 1 9", r"x.gtf:1: found 1 columns"),
        (line("exon", 9, 1), r"x.gtf:1: the end 1 is before the start 9"),
        (
            line("exon", 1, 9, attributes="ID=x;Parent=y"),
            r"x.gtf:1: column 9 is gene_id .* found 'ID=x;Parent=y'. A GFF3",
        ),
        (line("gene", 1, 9) * 2, r"x.gtf:2: a second gene line of .*; the first is line 1"),
        (line("CDS", 1, 9, phase="x"), r"x.gtf:1: the phase"),
    ],
)
def test_refused_gtf(text, message):
    with pytest.raises(DataError, match=message):
        parse(text)


def test_not_for_gtf():
    odd = Feature("c", "gene", (Part(0, 9),), "g", attributes={"Note": ('5" long',)})
    with pytest.raises(DataError, match="GTF cannot write the attribute Note of gene g at c:1"):
        again(Annotation((odd,)))


def read_bed(text):
    return bed.parse(io.BytesIO(text.encode()), "x.bed")


@pytest.mark.parametrize(
    "text",
    [
        "c\t0\t9\nd\t5\t5\n",
        "c\t0\t9\tx y\n",
        "c\t0\t9\tx\t7\n",
        "track name=a\nc\t0\t9\t.\t0\t-\n",
        "c\t0\t9\tx\t0.5\t+\t2\t4\n",
        "c\t0\t9\tx\t0\t+\t2\t4\t255,0,0\n",
        "c\t2\t9\tx\t0\t-\t2\t9\t0\t2\t3,2\t0,5\n",
        "c\t2\t9\tx\t0\t-\t2\t9\t0\t1\t7\t0\nc\t2\t9\tx\t0\t-\t2\t2\t0\t2\t3,2\t0,5\n",
    ],
)
def test_bed_is_written_as_it_was_read(text, tmp_path):
    annotation = read_bed(text)
    bed.write(tmp_path / "a.bed", annotation)
    assert (tmp_path / "a.bed").read_text() == text
    assert bed.read(tmp_path / "a.bed") == annotation


def test_bed_columns():
    [feature] = read_bed("c 2 9 x 5 - 2 4 1,2,3 2 3,2, 0,5,\r\n").features
    assert [part[:3] for part in feature.parts] == [(2, 5, "-"), (7, 9, "-")]
    assert (feature.score, feature.type) == (5.0, "region")
    assert feature.attributes == {"Name": ("x",), "thickStart": ("2",), "thickEnd": ("4",), "itemRgb": ("1,2,3",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c\t1\n", r"x.bed:1: 2 columns; BED has 3 to 9, or 12"),
        ("c\t1\t9\t.\t0\t+\t1\t9\t0\t1\n", r"x.bed:1: 10 columns"),
        ("c\t1\t9\nc\t1\t9\tx\n", r"x.bed:2: 4 columns, but the lines before have 3"),
        ("c\t-1\t9\n", r"x.bed:1: chromStart is a whole number from 0; found '-1'"),
        ("c\t9\t1\n", r"x.bed:1: the end 1 is before the start 9"),
        ("c\t1\t9\tx\tinf\n", r"x.bed:1: the score \(column 5\)"),
        ("c\t1\t9\tx\t0\tR\n", r"x.bed:1: the strand \(column 6\) .* found 'R'"),
        ("c\t2\t9\tx\t0\t-\t2\t9\t0\t3\t3,2\t0,5\n", r"x.bed:1: blockCount is 3, with 2 sizes and 2 starts"),
        ("c\t2\t9\tx\t0\t-\t2\t9\t0\t2\t3,2\t0,4\n", r"x.bed:1: blocks are in order, apart"),
    ],
)
def test_refused_bed(text, message):
    with pytest.raises(DataError, match=message):
        read_bed(text)


def test_over_the_origin_there_are_two_lines(tmp_path):
    feature = Feature("c", "region", (Part(50, 95), Part(97, 105), Part(110, 120)), attributes={"Name": ("x",)})
    bed.write(tmp_path / "a.bed", Annotation((feature,), {"c": Contig("c", 100, circular=True)}), sort=True)
    found = bed.read(tmp_path / "a.bed").features
    assert [[part[:2] for part in one.parts] for one in found] == [[(0, 5), (10, 20)], [(50, 95), (97, 100)]]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((Part(0, 5, "+"), Part(4, 9, "+")), "parts in order on one strand"),
        ((Part(0, 5, "+"), Part(6, 9, "-")), "parts in order on one strand"),
        ((Part(5, 15, "+"),), "goes beyond its contig of 9 letters"),
    ],
)
def test_not_for_bed(parts, message, tmp_path):
    annotation = Annotation((Feature("c", "gene", parts, "g"),), {"c": Contig("c", 9)})
    with pytest.raises(DataError, match=message):
        bed.write(tmp_path / "a.bed", annotation)
