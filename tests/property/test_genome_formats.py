"""Genome formats on generated annotations: what is written is read; line ends, order of lines and strands agree."""

import io
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from exapt.bio.formats import bed, fastq, genbank, gff3, gtf, paf, vcf
from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part, phased
from exapt.bio.formats.paf import Alignment
from exapt.bio.formats.vcf import Variant, Variants
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import DataError

LENGTH = 300
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=10)
WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=8)
SCORE = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(0, 1000).map(float)
STRAND = st.sampled_from("+-.?")
FEW = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def spans(limit=LENGTH, most=4):
    """Intervals in order, apart."""
    cuts = st.lists(st.integers(0, limit), min_size=2, max_size=2 * most, unique=True).map(sorted)
    return cuts.map(lambda found: list(zip(found[::2], found[1::2], strict=False)))


@st.composite
def features(draw, number, contig):
    strand = draw(STRAND)
    known = draw(
        st.dictionaries(TEXT.filter(lambda name: name.strip() and name not in ("ID", "Parent")), VALUES, max_size=3)
    )
    own = [name for name in known if draw(st.booleans())]
    parts = draw(spans(LENGTH + 50 if contig.circular else LENGTH))
    several = len(parts) > 1
    made = tuple(
        Part(
            *span,
            strand,
            draw(st.sampled_from([None, 0, 1, 2])),
            draw(SCORE),
            {name: (*known[name], str(index)) for name in own} if several else {},
        )
        for index, span in enumerate(parts)
    )
    shared = {name: values for name, values in known.items() if not (several and name in own)}
    name = f"{number}{draw(TEXT)}" if several or draw(st.booleans()) else ""
    parents = tuple(draw(st.lists(TEXT.filter(bool), max_size=2, unique=True)))
    partial = draw(st.tuples(st.booleans(), st.booleans()))
    return Feature(contig.name, draw(KIND), made, name, parents, draw(SOURCE), shared, partial, 0)


NAME = TEXT.filter(lambda name: name.strip() and name not in ("ID", "Parent", "Is_circular"))
VALUES = st.lists(TEXT, min_size=1, max_size=3).map(tuple)
KIND = st.sampled_from(["gene", "CDS", "exon", "five_prime_UTR", "x%y"])
SOURCE = TEXT.filter(lambda source: source not in (".", "") or not source)


@st.composite
def annotations(draw):
    names = draw(st.lists(TEXT.filter(bool), min_size=1, max_size=3, unique=True))
    contigs = {name: Contig(name, LENGTH, draw(st.booleans())) for name in names}
    marks = [Feature(name, "region", (Part(0, LENGTH),), f"whole{i}") for i, name in enumerate(names)]
    chosen = [contigs[draw(st.sampled_from(names))] for _ in range(draw(st.integers(0, 4)))]
    found = [draw(features(number, contig)) for number, contig in enumerate(chosen)]
    return Annotation((*marks, *found), contigs, tuple(draw(st.lists(WORD.map("##".__add__), max_size=2))))


def through(module, annotation, **options):
    file = io.StringIO()
    module.dump(file, annotation)
    return module.parse(io.BytesIO(file.getvalue().encode()), "x", **options)


@FEW
@given(annotations())
def test_gff3(annotation):
    assert through(gff3, annotation) == annotation


@FEW
@given(annotations(), st.randoms(use_true_random=False))
def test_order_of_lines_does_not_matter_in_gff3(annotation, random):
    file = io.StringIO()
    gff3.dump(file, annotation)
    lines = file.getvalue().split("\n")
    random.shuffle(lines)
    again = gff3.parse(io.BytesIO("\r\n".join(lines).encode()), "x")
    assert len(again.features) == len(annotation.features)
    assert all(feature in again.features for feature in annotation.features)
    assert again.contigs == annotation.contigs


LETTERS = st.text("ACGTN", min_size=LENGTH, max_size=LENGTH)
PLAIN = st.text(
    st.characters(codec="ascii", categories=["L", "N", "P"], exclude_characters='"'), min_size=1, max_size=30
)
NOTE = st.lists(PLAIN, min_size=1, max_size=6).map(" ".join)


@st.composite
def records(draw):
    circular = draw(st.booleans())
    found = []
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["gene", "CDS", "mRNA", "five_prime_UTR", "sequence_feature"]))
        strand = draw(st.sampled_from("+-"))
        parts = tuple(Part(*span, strand) for span in draw(spans(LENGTH + 99 if circular else LENGTH)))
        assume(parts[-1].end - parts[0].start <= LENGTH and parts[0].start < LENGTH)
        assume(not any(part.start == LENGTH or part.end == LENGTH for part in parts) or not circular)
        parts = phased(parts, draw(st.integers(0, 2))) if kind == "CDS" else parts
        known = draw(st.dictionaries(st.sampled_from(["note", "product", "ec_number"]), NOTE.map(lambda x: (x,))))
        known |= {"pseudo": ("true",)} if draw(st.booleans()) else {}
        known["locus_tag"] = (f"t{number % 2}",)
        found.append(
            Feature("c.1", kind, parts, attributes=known, partial=draw(st.tuples(st.booleans(), st.booleans())))
        )
    contigs = {"c.1": Contig("c.1", LENGTH, circular, draw(WORD))}
    return Annotation(tuple(found), contigs, letters={"c.1": draw(LETTERS)})


@FEW
@given(records())
def test_genbank(annotation):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gbk"
        genbank.write(path, annotation)
        once = genbank.read(path)
        nameless = tuple(replace(feature, id="", parents=()) for feature in once.features)
        assert replace(once, features=nameless) == annotation
        genbank.write(path, once)
        assert genbank.read(path) == once
        gff3.write(path.with_suffix(".gff3"), once)
        through_gff3 = gff3.read(path.with_suffix(".gff3"))
        landmark = 1 if once.contigs["c.1"].circular and len(through_gff3.features) > len(once.features) else 0
        assert through_gff3.features[landmark:] == once.features
        assert (through_gff3.letters, through_gff3.contigs) == (once.letters, once.contigs)


GTF_LINE = st.tuples(
    st.sampled_from(["exon", "CDS", "stop_codon", "start_codon", "UTR", "gene", "transcript"]),
    st.tuples(st.integers(1, 90), st.integers(0, 30)),
    st.sampled_from(["g1", "g2", ""]),
    st.sampled_from(["t1", "t2", "g1", ""]),
    st.sampled_from(["", 'tag "a";', 'tag "a"; tag "b;c";', "exon_number 3;"]),
    st.sampled_from(".012"),
)


@FEW
@example([(kind, (1, 0), "g2", "t1", "", ".") for kind in ("CDS", "stop_codon")], "+")
@given(st.lists(GTF_LINE, max_size=10), st.sampled_from("+-"))
def test_gtf(lines, strand):
    text = "".join(
        f"c\tx\t{kind}\t{start}\t{start + size}\t.\t{strand}\t{phase}\t"
        f'gene_id "{gene}"; transcript_id "{name}"; {more}\n'
        for kind, (start, size), gene, name, more, phase in lines
    )
    try:
        once = gtf.parse(io.BytesIO(text.encode()), "x")
    except DataError as error:
        assert "a second" in str(error)
    else:
        assert through(gtf, once) == once


@st.composite
def beds(draw):
    width = draw(st.sampled_from([3, 4, 5, 6, 7, 8, 9, 12]))
    lines = []
    for _ in range(draw(st.integers(0, 4))):
        blocks = draw(spans())
        start, end = blocks[0][0], blocks[-1][1]
        name, rgb = draw(WORD), draw(st.sampled_from(["0", "1,2,3"]))
        score = draw(st.sampled_from(["0", ".", "7", "0.125", "-1e-05"]))
        sizes = ",".join(str(b - a) for a, b in blocks)
        starts = ",".join(str(a - start) for a, _ in blocks)
        columns = [
            "c",
            start,
            end,
            name,
            score,
            draw(st.sampled_from("+-.")),
            start,
            end,
            rgb,
            len(blocks),
            sizes,
            starts,
        ]
        lines.append("\t".join(map(str, columns[:width])))
    return "\n".join(lines)


@FEW
@given(beds())
def test_bed(text):
    once = bed.parse(io.BytesIO(text.encode()), "x")
    assert through(bed, once) == once


NUCLEOTIDES = st.text("ACGT", min_size=1, max_size=6)
ALT = NUCLEOTIDES | st.sampled_from(["<DEL>", "<INV>", "*", "A[d:7[", "]d:7]A"])


@st.composite
def variants(draw):
    rows = []
    for _ in range(draw(st.integers(0, 4))):
        start, ref = draw(st.integers(0, 900)), draw(NUCLEOTIDES)
        alts = tuple(draw(st.lists(ALT.filter(lambda alt, ref=ref: alt != ref), max_size=3, unique=True)))
        symbolic = any(alt.startswith("<") for alt in alts)
        end = start + len(ref) + draw(st.integers(1, 50)) if symbolic else None
        info = {"SVTYPE": draw(WORD)} if draw(st.booleans()) else {}
        info |= {"CIPOS": (draw(st.integers(-9, 0)), draw(st.integers(0, 9)))} if draw(st.booleans()) else {}
        info |= {"IMPRECISE": True} if draw(st.booleans()) else {}
        calls = st.sampled_from(["0/1", "1|0", "./.", "0", "."])
        samples = {name: {"GT": draw(calls)} for name in ("s1", "s2")}
        quality = draw(st.none() | st.integers(0, 1000).map(lambda x: x / 8))
        filters = draw(st.sampled_from([(), ("PASS",), ("low",)]))
        name = draw(st.just("") | WORD.map("v".__add__))
        calls_fit = alts or all("1" not in fields["GT"] for fields in samples.values())
        assume(calls_fit)
        rows.append(Variant("c", start, ref, alts, name, quality, filters, info, samples, end))
    header = ('##FILTER=<ID=low,Description="low">',)
    return Variants(tuple(rows), {"c": Contig("c", 1000), "d": Contig("d")}, header, ("s1", "s2"))


@FEW
@given(variants(), st.booleans())
def test_vcf(found, packed):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("a.vcf.gz" if packed else "a.vcf")
        vcf.write(path, found)
        assert vcf.read(path) == found


OPERATIONS = st.lists(st.tuples(st.integers(1, 20), st.sampled_from("=XID")), min_size=1, max_size=6)


@FEW
@given(OPERATIONS, st.integers(0, 9), st.integers(0, 9), st.sampled_from("+-"))
def test_paf(operations, before, behind, strand):
    query = sum(size for size, kind in operations if kind in "=XI")
    target = sum(size for size, kind in operations if kind in "=XD")
    spelled = {"=": ":{}".format, "X": lambda n: "*ac" * n, "I": lambda n: "+" + "g" * n, "D": lambda n: "-" + "t" * n}
    differences = "".join(spelled[kind](size) for size, kind in operations)
    cigar = "".join(f"{size}{kind}" for size, kind in operations)
    tags = {"cg": ("Z", cigar), "cs": ("Z", differences), "NM": ("i", "-1")}
    total = sum(size for size, _ in operations)
    places = (query + before + behind, before, before + query)
    found = Alignment("q", *places, strand, "t", target + before, before, before + target, 0, total, 60, tags)
    with tempfile.TemporaryDirectory() as folder:
        assert paf.write(Path(folder) / "a.paf", [found]) == 1
        assert list(paf.read(Path(folder) / "a.paf")) == [found]
    assert found.cigar == operations


READS = st.lists(
    st.text("ACGTNacgt", max_size=30).flatmap(
        lambda letters: st.builds(
            fastq.Record,
            WORD,
            st.just(letters),
            st.text([chr(code) for code in range(33, 127)], min_size=len(letters), max_size=len(letters)),
            st.just("") | WORD,
            st.just(0),
        )
    ),
    max_size=6,
)


@FEW
@given(READS, st.booleans())
def test_fastq(reads, packed):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("a.fq.gz" if packed else "a.fq")
        assert fastq.write(path, reads) == len(reads)
        assert [read._replace(line=0) for read in fastq.read(path)] == reads


@given(LETTERS, spans(), st.integers(0, LENGTH - 1))
def test_strands_and_origins_agree(letters, found, shift):
    plus = Feature("c", "CDS", tuple(Part(*span, "+") for span in found))
    minus = Feature("c", "CDS", tuple(Part(*span, "-") for span in found))
    assert minus.spliced(letters) == reverse_complement(plus.spliced(letters))
    turned = letters[-shift:] + letters[:-shift] if shift else letters
    moved = replace(plus, parts=tuple(Part(part.start + shift, part.end + shift, "+") for part in plus.parts))
    assert moved.spliced(turned, circular=True) == plus.spliced(letters)


@given(spans(), st.integers(0, 2), st.sampled_from("+-"))
def test_phases_mark_the_same_codons_as_the_whole(found, first, strand):
    parts = phased((Part(*span, strand) for span in found), first)
    before = 0
    for part in Feature("c", "CDS", parts).reading_order():
        assert (before + part.phase - first) % 3 == 0
        before += part.end - part.start


@given(st.binary(max_size=200), st.sampled_from([gff3, gtf, bed]))
def test_any_bytes_are_read_or_refused(noise, module):
    try:
        module.parse(io.BytesIO(noise), "x.file")
    except DataError as error:
        assert str(error).startswith("x.file:")
