"""Substitutions, indels and large changes against a simulator that knows them, and as htslib and bcftools see them."""

import shutil
import subprocess
from collections import Counter

import pytest

from exapt.bio.compare import alignment, simulate, structure, variants
from exapt.bio.compare.blocks import of_cigar
from exapt.bio.compare.identity import identity
from exapt.bio.formats import bed, fasta, vcf
from exapt.bio.formats.annotation import Annotation, Contig
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import DataError

ANCESTOR = simulate.random_genome(150_000, seed=3)
EVENTS = dict.fromkeys(simulate.KINDS, 2)


@pytest.fixture(scope="module", params=[0.01, 0.05])
def case(request):
    rate = request.param
    evolved = simulate.evolve(ANCESTOR, divergence=rate, indels=rate / 10, events=EVENTS, sizes=(600, 4000), seed=4)
    return evolved, alignment.align({"q": evolved.letters}, {"t": ANCESTOR})


def leftmost(one):
    """An indel as far to the left as the reference alone allows; our own, from its definition."""
    if len(one.ref) == len(one.alt):
        return one.start, one.ref, one.alt
    ref, alt, start = one.ref, one.alt, one.start
    while ref[-1] == alt[-1]:
        ref, alt, start = ANCESTOR[start - 1] + ref[:-1], ANCESTOR[start - 1] + alt[:-1], start - 1
    return start, ref, alt


def applied(found, start, end):
    """Letters of the target from `start` to `end` with differences put in."""
    parts, at = [], start
    for one in sorted(found, key=lambda one: (one.start + (not one.is_substitution), one.start)):
        first = one.start if one.is_substitution else one.start + 1
        if start <= first and first + len(one.ref) - (not one.is_substitution) <= end:
            parts += [ANCESTOR[at:first], one.alt if one.is_substitution else one.alt[1:]]
            at = one.start + len(one.ref)
    return "".join([*parts, ANCESTOR[at:end]])


def test_precision_and_recall(case):
    evolved, found = case
    called = {one[1:] for one in variants.differences(found.blocks, found.query, found.target)}
    truth = {leftmost(one) for one in evolved.small}
    for least, chosen in (
        (0.99, lambda one: len(one[1]) == len(one[2])),
        (0.95, lambda one: len(one[1]) != len(one[2])),
    ):
        known, told = set(filter(chosen, truth)), set(filter(chosen, called))
        assert len(known & told) >= least * len(told)
        assert len(known & told) >= least * len(known)


def test_applied_together_they_give_the_other_genome(case):
    _, found = case
    for block in found.blocks:
        own = variants.differences([block], found.query, found.target)
        letters = found.query["q"][block.query_start : block.query_end]
        letters = reverse_complement(letters) if block.strand == "-" else letters
        assert applied(own, block.target_start, block.target_end) == letters


def test_events_are_those_that_happened(case):
    evolved, found = case
    told = structure.events(found)
    assert Counter(one.kind for one in told) == EVENTS
    for event in evolved.events:
        near = min(
            (one for one in told if one.kind == event.kind),
            key=lambda one: abs(one.start - event.start) + abs(one.end - event.end),
        )
        assert abs(near.start - event.start) <= 10, (event, near)
        assert abs(near.end - event.end) <= 10, (event, near)
        assert abs(near.length - event.length) <= 40


def test_the_other_way_round_is_the_mirror_image(case):
    _, found = case
    back = alignment.align(found.target, found.query)
    mirrored = {"insertion": "deletion", "deletion": "insertion", "duplication": "lost_copy"}
    told = Counter(mirrored.get(one.kind, one.kind) for one in structure.events(found))
    assert Counter(one.kind for one in structure.events(back)) == told
    one, other = identity(found), identity(back)
    assert (one.same, one.other, one.gaps) == (other.same, other.other, other.gaps)
    assert (one.query_aligned, one.target_aligned) == (other.target_aligned, other.query_aligned)
    counts = [
        Counter((len(d.ref) > 1) + 2 * (len(d.alt) > 1) for d in variants.differences(f.blocks, f.query, f.target))
        for f in (found, back)
    ]
    assert (counts[0][0], counts[0][1], counts[0][2]) == (counts[1][0], counts[1][2], counts[1][1])


def test_files_are_sound(case, tmp_path):
    _, found = case
    small = variants.differences(found.blocks, found.query, found.target)
    variants.check_reference(small, found.target)
    large = structure.events(found)
    contigs = {"t": Contig("t", len(ANCESTOR))}
    known = {"b": variants.covered(found.blocks, found.target)}
    rows = variants.as_vcf({"b": small}, known, contigs, {})
    rows += [one.as_vcf(ANCESTOR, "b") for one in large if one.kind != "unaligned"]
    rows.sort(key=lambda row: row.start)
    path = tmp_path / "v.vcf.gz"
    vcf.write(path, vcf.Variants(tuple(rows), contigs, structure.HEADER, ("b",)))
    again = vcf.read(path)
    assert [(row.start, row.ref, row.alts, row.stop) for row in again.rows] == [
        (row.start, row.ref, row.alts, row.stop) for row in rows
    ]
    assert all(row.samples["b"]["GT"] == "1" for row in again.rows)
    features = Annotation(tuple(one.as_feature("b") for one in large), contigs)
    bed.write(tmp_path / "s.bed", features)
    spans = [(one.start, one.end) for one in bed.read(tmp_path / "s.bed").features]
    assert spans == [(one.start, one.end) for one in large]


@pytest.mark.skipif(not shutil.which("bcftools"), reason="bcftools is not installed")
def test_bcftools_checks_the_reference_and_moves_next_to_nothing(case, tmp_path):
    _, found = case
    small = variants.differences(found.blocks, found.query, found.target)
    fasta.write(tmp_path / "t.fa", [fasta.Record("t", ANCESTOR)])
    contigs = {"t": Contig("t", len(ANCESTOR))}
    known = {"b": variants.covered(found.blocks, found.target)}
    path = tmp_path / "v.vcf"
    vcf.write(path, vcf.Variants(tuple(variants.as_vcf({"b": small}, known, contigs, {})), contigs, (), ("b",)))
    words = ["bcftools", "norm", "--check-ref", "e", "-f", str(tmp_path / "t.fa"), str(path), "-o", "/dev/null"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    total, _, _, realigned, *_ = (int(n) for n in done.stderr.split(":")[-1].strip().split("/"))
    assert total == len(small)
    assert realigned <= 0.001 * total  # those that stand behind a substitution, over which nothing is moved


def test_two_genomes_in_one_file():
    contigs = {"t": Contig("t", 8)}
    one, other = variants.Difference("t", 2, "A", "C"), variants.Difference("t", 5, "GT", "G")
    known = {"x": {"t": [True] * 8}, "y": {"t": [True] * 4 + [False] * 4}}
    rows = variants.as_vcf({"x": [one, other], "y": [one]}, known, contigs, {one: {"EFFECT": "missense"}})
    assert [(row.start, {name: call["GT"] for name, call in row.samples.items()}) for row in rows] == [
        (2, {"x": "1", "y": "1"}),
        (5, {"x": "1", "y": "."}),
    ]
    assert rows[0].info == {"EFFECT": "missense"}


@pytest.mark.parametrize(
    ("query", "target", "cigar", "strand", "expected"),
    [
        ("ACGAAT", "ACGAAAT", "5=1D1=", "+", [("GA", "G", 2)]),  # the first of three A
        ("ACGCGCGT", "ACGCGT", "5=2I1=", "+", [("A", "ACG", 0)]),  # a repeat of two letters
        ("ATTCGT", "ACGAAAT", "5=1D1=", "-", [("GA", "G", 2)]),  # the other strand
        ("ANGT", "ACGT", "1=1X2=", "+", []),  # an unknown letter says nothing
        ("ACNNGT", "ACGT", "2=2I2=", "+", [("C", "CNN", 1)]),
        ("ACTTGT", "ACGGGT", "2=2D2I2=", "+", [("CGG", "CTT", 1)]),  # two gaps that touch
        ("ATCT", "AGCCT", "1=1X1D2=", "+", [("G", "T", 1), ("GC", "G", 1)]),  # not moved over a substitution
    ],
)
def test_normal_forms(query, target, cigar, strand, expected):
    block = of_cigar("q", 0, strand, "t", 0, cigar)
    found = variants.differences([block], {"q": query}, {"t": target})
    assert [(one.ref, one.alt, one.start) for one in found] == expected


def test_a_wrong_reference_is_refused():
    with pytest.raises(DataError, match="t:3: REF is 'C', but the reference has 'G'"):
        variants.check_reference([variants.Difference("t", 2, "C", "A")], {"t": "ACGT"})


def test_a_circular_genome_that_begins_elsewhere():
    turned = simulate.evolve(ANCESTOR[:60_000], divergence=0.01, seed=5).letters
    turned = turned[25_000:] + turned[:25_000]
    found = alignment.align({"q": turned}, {"t": ANCESTOR[:60_000]})
    assert [one.kind for one in structure.events(found)] == ["translocation"]
    assert structure.events(found, circular=["q", "t"]) == []


def test_contigs_of_a_draft_are_no_rearrangement():
    pieces = {"c1": ANCESTOR[30_000:60_000], "c2": reverse_complement(ANCESTOR[:29_000])}
    found = alignment.align(pieces, {"t": ANCESTOR[:60_000]})
    assert [(one.kind, one.start, one.end) for one in structure.events(found)] == [("unaligned", 29_000, 30_000)]


def test_ambiguous_letters_are_no_differences():
    texts = [ANCESTOR[:20_000], simulate.evolve(ANCESTOR[:20_000], divergence=0.02, indels=0.002, seed=6).letters]
    known = identity(alignment.align({"q": texts[1]}, {"t": texts[0]}))
    unclear = [
        "".join("RNW"[at % 3] if at % 97 == 13 * row else c for at, c in enumerate(t)) for row, t in enumerate(texts)
    ]
    unclear = [text[:5000] + "N" * 30 + text[5030:] for text in unclear]  # in both genomes at the same place
    found = alignment.align({"q": unclear[1]}, {"t": unclear[0]})
    told = identity(found)
    assert abs(told.ani - known.ani) < 0.001
    assert told.same < known.same - 30
    small = variants.differences(found.blocks, found.query, found.target)
    variants.check_reference(small, found.target)
    assert sum(one.is_substitution for one in small) == told.other
    assert set("".join(one.ref + one.alt for one in small)) <= set("ACGTN")
