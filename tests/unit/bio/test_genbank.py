"""GenBank: locations, the origin, identifiers from loci, and what is refused with its line."""

import io

import pytest

from exapt.bio.formats import genbank, gff3
from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part
from exapt.core.errors import DataError

LETTERS = "ACGTTGCAAT" * 10
ORIGIN = f"ORIGIN\n        1 {LETTERS[:60]}\n       61 {LETTERS[60:]}\n//\n"


def record(*features, topology="linear", origin=ORIGIN):
    table = "".join(
        f"     {key:<16}{location}\n" + "".join(f"{' ' * 21}/{qualifier}\n" for qualifier in qualifiers)
        for key, location, *qualifiers in features
    )
    head = f"LOCUS       X1                       100 bp    DNA     {topology:8} BCT 01-JAN-2000\n"
    names = "DEFINITION  A test.\nACCESSION   X1\nVERSION     X1.2\n"
    return f"{head}{names}FEATURES             Location/Qualifiers\n{table}{origin}"


def parse(text):
    return genbank.parse(io.BytesIO(text.encode()), "x.gbk")


def spans(feature):
    return [part[:3] for part in feature.parts]


@pytest.mark.parametrize(
    ("location", "topology", "expected"),
    [
        ("5..9", "linear", [(4, 9, "+")]),
        ("complement(5..9)", "linear", [(4, 9, "-")]),
        ("complement(join(1..4,11..20))", "linear", [(0, 4, "-"), (10, 20, "-")]),
        ("join(complement(11..20),complement(1..4))", "linear", [(0, 4, "-"), (10, 20, "-")]),
        ("join(91..100,1..20)", "circular", [(90, 120, "+")]),
        ("complement(join(91..100,1..20))", "circular", [(90, 120, "-")]),
        ("join(81..90,95..100,1..5,11..20)", "circular", [(80, 90, "+"), (94, 105, "+"), (110, 120, "+")]),
        ("join(91..100,1..20)", "linear", [(90, 100, "+"), (0, 20, "+")]),
        ("join(complement(11..20),31..40)", "linear", [(10, 20, "-"), (30, 40, "+")]),
        ("join(5..10,10..15)", "linear", [(4, 10, "+"), (9, 15, "+")]),
        ("10^11", "linear", [(10, 10, "+")]),
    ],
)
def test_locations(location, topology, expected, tmp_path):
    annotation = parse(record(("misc_RNA", location), topology=topology))
    assert spans(annotation.features[0]) == expected
    genbank.write(tmp_path / "a.gbk", annotation)
    assert genbank.read(tmp_path / "a.gbk") == annotation


def test_gene_and_cds():
    flags = ['locus_tag="b1"', "pseudo", 'EC_number="1.1.1.1"']
    annotation = parse(
        record(
            ("source", "1..100", 'mol_type="genomic DNA"'),
            ("gene", "complement(<1..>50)", 'locus_tag="b1"'),
            ("CDS", "complement(join(<1..10,31..>50))", *flags, "codon_start=2", 'note="two   words"'),
            ("CDS", "71..79"),
            topology="circular",
        )
    )
    region, gene, cds, other = annotation.features
    assert annotation.contigs == {"X1.2": Contig("X1.2", 100, True, "A test")}
    assert annotation.letters == {"X1.2": LETTERS}
    assert (region.type, gene.id, gene.partial, gene.line) == ("region", "gene-b1", (True, True), 8)
    assert (cds.id, cds.parents, cds.partial) == ("CDS-b1", ("gene-b1",), (True, True))
    assert [part.phase for part in cds.parts] == [2, 1]
    assert cds.attributes["pseudo"] == ("true",)
    assert cds.attributes["ec_number"] == ("1.1.1.1",)
    assert (other.id, other.parents, other.phase) == ("CDS-X1.2", (), 0)
    assert "codon_start" not in cds.attributes


def test_two_transcripts_of_a_gene_have_their_own_cds():
    tag = 'gene="g"'
    annotation = parse(
        record(
            ("gene", "1..90", tag),
            ("mRNA", "join(1..30,61..90)", tag),
            ("mRNA", "join(1..30,51..90)", tag),
            ("CDS", "join(10..30,61..80)", tag),
            ("CDS", "join(10..30,51..80)", tag),
        )
    )
    assert [feature.id for feature in annotation.features] == ["gene-g", "mRNA-g", "mRNA-g-2", "CDS-g", "CDS-g-2"]
    assert [feature.parents for feature in annotation.of("CDS")] == [("mRNA-g",), ("mRNA-g-2",)]
    assert [feature.parents for feature in annotation.of("mRNA")] == [("gene-g",)] * 2


def test_through_gff3(tmp_path):
    text = record(("source", "1..100"), ("CDS", "join(91..100,<1..20)", 'locus_tag="b"', "pseudo"), topology="circular")
    annotation = parse(text)
    gff3.write(tmp_path / "a.gff3", annotation)
    assert gff3.read(tmp_path / "a.gff3") == annotation


def test_records_without_letters_and_windows_line_ends():
    assert parse(record(("gene", "1..5"), origin="ORIGIN\n//\n")).letters == {}
    text = record(("gene", "1..5"))
    assert parse(text.replace("\n", "\r\n")) == parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">c\nACGT\n", r"x.gbk: no LOCUS line"),
        ("", r"x.gbk: no LOCUS line"),
        (record(("gene", "1..5"))[:-3], r"x.gbk:1: the record does not end with //"),
        (record(("gene", "1..5"), ("gene", "5..oops")), r"x.gbk:7: no GenBank .*5\.\.oops"),
        (record(("gene", "1..5"), ("gene", "5..300")), r"x.gbk:7: position 300 is beyond the 100 letters of X1.2"),
        (record(("gene", "J00194.1:5..9")), r"x.gbk:6: a part of the feature lies on another record, J00194.1"),
        (record(("gene", "1..5"), ("CDS", "1..9", "codon_start=4")), r"x.gbk:7: /codon_start is 1, 2 or 3; found '4'"),
        (
            record(("gene", "1..5"), origin="ORIGIN\n        1 acgt\n//\n"),
            r"x.gbk:1: .*expected sequence length",
        ),
        (record() * 2, r"x.gbk:10: a second record is called 'X1.2'"),
    ],
)
def test_refused(text, message):
    with pytest.raises(DataError, match=f"(?i){message}"):
        parse(text)


def test_not_for_genbank(tmp_path):
    long = Feature("c", "transposable_element", (Part(0, 9),))
    with pytest.raises(DataError, match="type 'transposable_element' has more than 15 letters"):
        genbank.write(tmp_path / "a.gbk", Annotation((long,), {"c": Contig("c", 9)}))
    with pytest.raises(DataError, match="length of c is unknown"):
        genbank.write(tmp_path / "a.gbk", Annotation((), {"c": Contig("c")}))
