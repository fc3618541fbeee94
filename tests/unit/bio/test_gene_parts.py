"""The parts of gene finding: codes, frames, chains, windows, neighbours, tables, linear models, agreement."""

import numpy as np
import pytest

from exapt.bio.genes import model as models
from exapt.bio.genes.agreement import agreement, differences
from exapt.bio.genes.candidates import find_candidates
from exapt.bio.genes.chain import OVERLAP, TAIL_OVERLAP, best_chain
from exapt.bio.genes.codes import CODES, codons, digits, genetic_code, other_strand
from exapt.bio.genes.counts import coding_counts
from exapt.bio.genes.finding import chained
from exapt.bio.genes.found import from_intervals, joined, no_genes
from exapt.bio.genes.frames import EDGE, find_frames
from exapt.bio.genes.linear import conditional_logit, logistic, softmax
from exapt.bio.genes.neighbours import FAR, SAME, classes, covered, flanks
from exapt.bio.genes.neighbours import REACH as NEAR
from exapt.bio.genes.ribosomal import REACH, kmers, ribosomal_regions
from exapt.bio.genes.tables import coding_table, first_tables, stop_share
from exapt.bio.genes.windows import GAP, Strip, strips
from exapt.core.errors import ConfigError, WeightsError
from toy_genomes import toy_genome

CODE = CODES[11]
BODY = "GCTGAAAAACTG" * 8


def test_translation_agrees_with_biopython():
    Seq = pytest.importorskip("Bio.Seq").Seq
    letters = "".join(np.random.default_rng(0).choice(list("ACGTNR"), 3000))
    for table in (4, 11):
        ours = CODES[table].translate(letters, starts_at_start=False)
        theirs = str(Seq(letters.replace("R", "N")).translate(table=table))
        known = [i for i in range(len(ours)) if set(letters[3 * i : 3 * i + 3]) <= set("ACGT")]
        assert [ours[i] for i in known] == [theirs[i] for i in known]
        assert {ours[i] for i in range(len(ours))} - set("ACDEFGHIKLMNPQRSTVWY*") == {"X"}


def test_an_unknown_code_names_the_known_ones():
    with pytest.raises(ConfigError, match="11, 4"):
        genetic_code(1)


def test_lower_case_and_ambiguity_codes():
    assert digits("acgtRYn").tolist() == [0, 1, 2, 3, 4, 4, 4]
    assert codons(digits("ATGN")).tolist() == [14, 64]


def test_frames_at_the_edges():
    inner = "GCT" * 40
    both = find_frames(digits(inner), CODE)
    assert (both.kind == EDGE).all() and not both.closed.any()
    assert len(find_frames(digits(inner), CODE, open_left=False, open_right=False)) == 0
    right = find_frames(digits("TAA" + "ATG" + inner), CODE, open_left=False)
    assert right.start.tolist() == [3] and right.end.tolist() == [126] and not right.closed.any()


def test_tga_codes_in_table_4():
    letters = "TAA" + "ATG" + "GCT" * 15 + "TGA" + "GCT" * 15 + "TAA"
    frames = {table: find_frames(digits(letters), CODES[table], open_left=False, open_right=False) for table in (4, 11)}
    assert frames[4].end.tolist() == [len(letters)]
    assert 54 not in frames[4].end.tolist() and frames[11].end.tolist() == []


def test_candidates_of_the_other_strand_are_the_mirror_image():
    forward = digits(toy_genome(8)[0])
    one, other = find_candidates(forward, CODE), find_candidates(other_strand(forward), CODE)
    ends = [{(int(k), bool(r)) for k, r in zip(c.frames.end, c.reverse, strict=True)} for c in (one, other)]
    assert ends[0] == {(end, not reverse) for end, reverse in ends[1]}


def test_rows_finds_the_starts_of_genes():
    letters, places = toy_genome(12)
    candidates = find_candidates(digits(letters), CODE)
    genes = from_intervals(places)
    left, right = candidates.bounds(candidates.rows(genes))
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(a, b) for a, b, _ in sorted(places)]
    moved = from_intervals([(a, b + 1, r) for a, b, r in places])
    assert len(candidates.rows(moved)) == 0


@pytest.mark.parametrize(("shared", "chosen"), [(OVERLAP, 2), (OVERLAP + 1, 1)])
def test_neighbours_may_share_some_letters(shared, chosen):
    left, right = np.array([0, 500 - shared]), np.array([500, 1000])
    found = best_chain(left, right, np.array([False, False]), np.array([1.0, 1.0]))
    assert len(found) == chosen


@pytest.mark.parametrize(("reverse", "chosen"), [([False, True], 2), ([True, False], 1), ([False, False], 1)])
def test_tails_may_share_more(reverse, chosen):
    left, right = np.array([0, 500 - TAIL_OVERLAP]), np.array([500, 1000])
    assert len(best_chain(left, right, np.array(reverse), np.array([1.0, 1.0]))) == chosen


def test_what_loses_is_not_chosen():
    found = best_chain(np.array([0]), np.array([90]), np.array([True]), np.array([-0.1]))
    assert found.tolist() == []


def test_a_circle_is_cut_where_no_gene_is():
    genes = from_intervals([(950, 1100, False), (300, 600, True), (100, 280, False)])
    found = chained(genes, np.array([1.0, 2.0, 3.0]), circle=1000)
    assert found.left.tolist() == [100, 300, 950] and found.right.tolist() == [280, 600, 1100]


def test_gaps_cut_a_contig():
    found = strips(digits("A" * 100 + "N" * GAP + "C" * 100))
    assert [(s.offset, len(s)) for s in found] == [(0, 100), (100 + GAP, 100)]
    assert len(strips(digits("A" * 100 + "N" * (GAP - 1) + "C" * 100))) == 1
    assert strips(digits("N" * 500)) == []


def test_windows_share_the_frames_out():
    letters = digits(toy_genome(60)[0])
    whole = next(Strip(letters).windows(CODE))
    parts = list(Strip(letters).windows(CODE, 7_001))
    keys = np.concatenate([part.candidates.keys() + 2 * part.origin for part in parts])
    assert len(parts) > 3 and sorted(keys.tolist()) == sorted(whole.candidates.keys().tolist())
    assert sum(len(part.candidates.frames.start) for part in parts) == len(whole.candidates.frames.start)


def test_neighbour_classes():
    letters = digits("TAA" + "ATG" + BODY + "TAA" + "C" + "ATG" + BODY + "TAA")
    candidates = find_candidates(letters, CODE, open_left=False, open_right=False)
    first = from_intervals([(3, 3 + 6 + len(BODY), False)])
    found = classes(candidates, first)
    second = np.flatnonzero(
        (candidates.frames.start == first.right[0] + 1) & ~candidates.reverse[candidates.frames.owner]
    )
    assert SAME[found[second[0]]] == 0
    assert (classes(candidates, no_genes()) == FAR).all()


def test_covered_leaves_out_the_gene_itself():
    letters, places = toy_genome(5)
    candidates = find_candidates(digits(letters), CODE)
    genes = from_intervals(places)
    rows = candidates.rows(genes)
    best = candidates.frames.first[:-1].copy()
    best[candidates.frames.owner[rows]] = rows
    share = covered(candidates, best, genes)
    assert (share[candidates.frames.owner[rows]] == 0).all()
    inside = (share > 0.99).sum()
    assert inside > 5


def test_flanks_are_near_and_on_the_strand():
    """Four genes in a row, the third one reverse; the last is far."""
    gap = "C" * (NEAR + 1)
    gene = "ATG" + BODY + "TAA"
    back = "".join("TGCA"["ACGT".index(letter)] for letter in reversed(gene))
    letters = "CC".join([gene, gene, back, gene]) + gap + gene
    begins = [0, len(gene) + 2, 2 * len(gene) + 4, 3 * len(gene) + 6, 4 * len(gene) + 6 + len(gap)]
    genes = from_intervals([(at, at + len(gene), number == 2) for number, at in enumerate(begins)])
    candidates = find_candidates(digits(letters), CODE)
    rows = candidates.rows(genes)
    best = candidates.frames.first[:-1].copy()
    best[candidates.frames.owner[rows]] = rows
    owners = candidates.frames.owner[rows]
    before, after = (side[owners].tolist() for side in flanks(candidates, best, genes))
    assert before == [False, True, False, False, False]
    assert after == [True, False, False, False, False]
    assert not np.any(flanks(candidates, best, no_genes()))


def test_stops_in_wrong_frames_are_those_of_the_code():
    counts = np.zeros((2, 64, 64), dtype=np.int64)
    tag, tga, gct = (int(codons(digits(codon))[0]) for codon in ("TAG", "TGA", "GCT"))
    counts[1, [tag, tga, gct], 0] = [3000, 1000, 6000]
    flat = counts.reshape(2, 4096)
    assert stop_share(flat, CODES[11]) == pytest.approx(0.4, abs=0.003)
    assert stop_share(flat, CODES[4]) == pytest.approx(0.3, abs=0.003)


def test_coding_potential_tells_genes_from_their_wrong_frames():
    letters, places = toy_genome(30)
    candidates = find_candidates(digits(letters), CODE)
    genes = from_intervals(places)
    table = coding_table(coding_counts(candidates, genes))
    sums = first_tables(table, np.array([3 / 64])).sums(candidates)
    for left, right, reverse in places[:10]:
        strand = sums[int(reverse)]
        begin, end = (len(letters) - right, len(letters) - left) if reverse else (left, right)
        right_frame, wrong = (strand[end - 6 + s] - strand[begin + s] for s in (0, 1))
        assert right_frame > 0 > wrong


def test_ribosomal_regions_of_the_other_strand():
    rng = np.random.default_rng(1)
    genome, gene = (rng.integers(0, 4, n).astype(np.uint8) for n in (3000, 600))
    known = np.unique(kmers(gene))
    genome[1000:1600] = other_strand(gene)
    ((left, right),) = ribosomal_regions(genome, known).tolist()
    assert 1000 - REACH < left <= 1000 and 1600 <= right < 1600 + REACH  # a chance hit nearby may stretch it
    assert len(ribosomal_regions(genome[:900], known)) == 0


def test_linear_models_reach_the_minimum():
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(400), rng.normal(size=400)])
    y = rng.random(400) < 1 / (1 + np.exp(-(0.5 + 2 * x[:, 1])))
    w = logistic(x, y, ridge=0.0)
    p = 1 / (1 + np.exp(-x @ w))
    assert np.abs(x.T @ (p - y)).max() < 1e-6
    first = np.arange(0, 401, 4)
    chosen = first[:-1] + rng.integers(0, 4, 100)
    w = conditional_logit(x[:, 1:], first, chosen, ridge=0.0)
    share, _ = softmax(x[:, 1:] @ w, first)
    assert abs(share @ x[:, 1] - x[chosen, 1].sum()) < 1e-6


def test_agreement_counts_ends_and_starts():
    truth = from_intervals([(0, 90, False), (30, 90, False), (200, 290, True), (400, 490, False)])
    guess = from_intervals([(30, 90, False), (200, 320, True), (600, 690, False)])
    scores = agreement(guess, truth, 1000).scores()
    assert scores == {"recall": 2 / 3, "precision": 2 / 3, "f1": 2 / 3, "exact": 1 / 3}


def test_the_difference_from_itself_is_nothing():
    truth = from_intervals([(100 * i, 100 * i + 90, i % 2 == 0) for i in range(200)])
    same = agreement(truth, truth, 20_000)
    assert set(differences(same, same).values()) == {(0.0, 0.0, 0.0)}
    half = agreement(truth.take(np.arange(0, 200, 2)), truth, 20_000)
    value, low, high = differences(half, same)["recall"]
    assert value == pytest.approx(-0.5) and low <= value <= high < 0


def test_the_model_is_written_and_read(tmp_path):
    shipped = models.load()
    shipped.save(tmp_path / "m.safetensors")
    again = models.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.starts, shipped.starts) and np.array_equal(again.ribosomal, shipped.ribosomal)
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    with pytest.raises(WeightsError, match="no weights of gene finding"):
        models.load(tmp_path / "bad.safetensors")
    with pytest.raises(WeightsError, match="no such file"):
        models.load(tmp_path / "none.safetensors")


def test_joining_nothing():
    assert len(joined([])) == 0
