"""Operon-like transcripts and the tracks beside genes."""

import numpy as np
import pytest

from exapt.bio.formats import bed
from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part
from exapt.bio.formats.genome import of_letters
from exapt.bio.genes.annotated import annotation
from exapt.bio.genes.codes import CODES
from exapt.bio.genes.finding import shared_letters
from exapt.bio.genes.found import from_intervals, no_genes
from exapt.bio.genes.operons import BOUNDS, TOGETHER, Place, classes, distances, operons, together
from exapt.bio.genes.tracks import noncoding, transcripts
from exapt.bio.rna.found import Rna

CODE = CODES[11]


def made_up(operon_count=150, size=3, within=12, between=160, seed=0):
    """Operons on strands drawn anew, and which neighbours share one."""
    rng = np.random.default_rng(seed)
    places, same, left = [], [], 0
    for _ in range(operon_count):
        reverse = bool(rng.integers(2))
        for number in range(size):
            left += int(rng.normal(within, 6)) if number else int(rng.normal(between, 25))
            if places:
                same.append(number > 0)
            places.append((left, left + 600, reverse))
            left += 600
    return places, np.array(same)


@pytest.mark.parametrize("between", [90, 160, 300])
def test_the_genome_says_how_near_neighbours_of_one_transcript_lie(between):
    places, same = made_up(between=between)
    probability = together([from_intervals(places)])
    found = operons([Place(*place) for place in places], probability)
    joined = {(one, other) for operon in found for one, other in zip(operon.members, operon.members[1:], strict=False)}
    true = {(n, n + 1) for n in np.flatnonzero(same)}
    assert len(joined & true) >= 0.97 * len(true) and len(joined - true) <= 0.1 * len(true)
    assert all(operon.probability >= TOGETHER for operon in found)


def test_probabilities_fall_with_distance():
    probability = together([from_intervals(made_up()[0])])
    assert probability.shape == (len(BOUNDS) + 1,)
    assert (np.diff(probability) <= 0).all() and 0 < probability.min() < probability.max() < 1


def test_distances_of_three_kinds():
    genes = from_intervals([(0, 90, False), (100, 190, False), (220, 310, True), (350, 440, True), (500, 590, False)])
    same, ends, starts = distances([genes, no_genes()])
    assert same.tolist() == [10, 40] and ends.tolist() == [30] and starts.tolist() == [60]
    assert classes(np.array([-50, -40, 499, 500])).tolist() == [0, 1, len(BOUNDS) - 1, len(BOUNDS)]


def test_operons_go_on_over_the_origin_of_a_circle():
    places = [Place(20, 600, False), Place(900, 1500, True), Place(3000, 3990, False)]
    probability = together([])
    assert operons(places, probability) == []
    (found,) = operons(places, probability, circle=4000)
    assert found.members == (2, 0)


def test_spacers_of_ribosomal_rna_are_longer():
    places = [Place(0, 1500, True, "rRNA"), Place(1800, 1876, True, "tRNA"), Place(2100, 5000, True, "rRNA")]
    (found,) = operons([*places, Place(5300, 6000, True)], together([]))
    assert found.members == (0, 1, 2)


def test_shared_letters_are_those_counted_one_by_one():
    rng = np.random.default_rng(0)
    regions = np.sort(rng.integers(-50, 400, (12, 2)), axis=1)
    left = rng.integers(-80, 400, 60)
    right = left + rng.integers(1, 150, 60)
    on = {letter for a, b in regions.tolist() for letter in range(a, b)}
    counted = [sum(letter in on for letter in range(a, b)) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    assert shared_letters(left, right, regions).tolist() == counted
    assert shared_letters(left, right, np.empty((0, 2), dtype=np.int64)).tolist() == [0] * 60


@pytest.fixture(scope="module")
def circle():
    """Genes, one of them over the origin, in an operon with the one behind; a transfer RNA."""
    genome = of_letters({"c": "ACGT" * 1000}, circular=["c"])
    genes = from_intervals([(210, 800, False), (1000, 1600, True), (3700, 4200, False)])
    rnas = {"c": [Rna(2000, 2076, True, "tRNA", "tRNA-Ala", 3.0, "TGC")]}
    return genome, annotation(genome, {"c": genes}, CODE, rnas), rnas


def test_members_have_their_operon_as_parent(circle):
    _, found, _ = circle
    (operon,) = found.of("operon")
    members = found.children(operon)
    assert (operon.start, operon.end) == (3700, 4800) and [m.type for m in members] == ["gene", "gene"]
    assert sorted((m.start, m.end) for m in members) == [(210, 800), (3700, 4200)]
    (rna,) = found.of("tRNA")
    assert rna.value("product") == "tRNA-Ala" and rna.value("anticodon") == "UGC" and rna.parents == ()


def test_what_is_no_gene_is_intergenic(circle):
    genome, found, rnas = circle
    track = noncoding(genome, found, {"c": [rnas["c"][0]._replace(left=3000, right=3100, kind="ncRNA", score=0.0)]})
    rows = [(f.value("Name"), f.start, f.end, f.strand, f.score) for f in track.features]
    assert rows == [
        ("intergenic", 200, 210, ".", None),
        ("intergenic", 800, 1000, ".", None),
        ("intergenic", 1600, 2000, ".", None),
        ("tRNA-Ala", 2000, 2076, "-", 953.0),
        ("intergenic", 2076, 3700, ".", None),
        ("small_RNA_candidate", 3000, 3100, "-", 500.0),
    ]


def test_transcripts_have_their_genes_as_blocks(circle, tmp_path):
    _, found, _ = circle
    (transcript,) = transcripts(found).features
    assert [(p.start, p.end) for p in transcript.parts] == [(3700, 4200), (4210, 4800)]
    bed.write(tmp_path / "o.bed", transcripts(found))
    lines = (tmp_path / "o.bed").read_text().splitlines()
    assert [line.split("\t")[:3] for line in lines] == [["c", "3700", "4000"], ["c", "0", "800"]]
    assert all(len(line.split("\t")) == 12 for line in lines)


def test_genes_that_overlap_are_one_block():
    operon = Feature("c", "operon", (Part(0, 900, "-", score=0.9),), "o")
    genes = [Feature("c", "gene", (Part(a, b, "-"),), f"g{a}", ("o",)) for a, b in ((0, 500), (496, 900))]
    (transcript,) = transcripts(Annotation((operon, *genes), {"c": Contig("c", 900)})).features
    assert [(p.start, p.end, p.score) for p in transcript.parts] == [(0, 900, 900.0)]
