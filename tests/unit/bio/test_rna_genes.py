"""Genes of RNA: cloverleaves, families, small RNA, and what their search does not depend on."""

from dataclasses import replace

import numpy as np
import pytest

from exapt.bio.formats.genome import of_letters
from exapt.bio.genes.codes import CODES, digits, other_strand
from exapt.bio.genes.found import from_intervals, no_genes
from exapt.bio.genes.windows import Strip
from exapt.bio.rna import model as models
from exapt.bio.rna.cloverleaf import PARTS, cloverleaves, counted_profile, first_profile, separate
from exapt.bio.rna.families import Family, aligned, hits, of_sequences, partners
from exapt.bio.rna.finding import find_rnas, leaves_in_pieces
from exapt.bio.rna.found import Rna, best_apart
from exapt.bio.rna.genome import genome_rnas, genome_small
from exapt.bio.rna.small import BENT, FEATURES, FREE, basis, bends, find_small, scanned
from exapt.bio.rna.training import Known, train
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import WeightsError

CODE = CODES[11]
# transfer RNA of E. coli (phenylalanine, leucine with a long variable loop) and of yeast (phenylalanine)
PHE = "GCCCGGATAGCTCAGTCGGTAGAGCAGGGGATTGAAAATCCCCGTGTCCTTGGTTCGATTCCGAGTCCGGGCACCA"
LEU = "GCGAAGGTGGCGGAATTGGTAGACGCGCTAGCTTCAGGTGTTAGTGTCCTTACGGACGTGGGGGTTCAAGTCCCCCCCCTCGCACCA"
YEAST = "GCGGATTTAGCTCAGTTGGGAGAGCGCCAGACTGAAGATCTGGAGGTCCTGTGTTCGATCCACAGAATTCGCACCA"


def noise(length, seed=0):
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


@pytest.fixture(scope="module")
def shipped():
    return models.load()


@pytest.fixture(scope="module")
def strip(shipped):
    """A made-up genome with genes of RNA on both strands."""
    consensus = {f.name: "".join("ACGT"[i] for i in f.profile[:, :4].argmax(1)) for f in shipped.families}
    parts = [noise(3000, 1), PHE, noise(700, 2), reverse_complement(LEU), noise(900, 3), consensus["5S"]]
    parts += [noise(800, 4), reverse_complement(consensus["RNase P"]), noise(2500, 5), consensus["16S"], noise(900, 6)]
    return "".join(parts)


@pytest.mark.parametrize(
    ("letters", "product", "anticodon"), [(PHE, "Phe", "GAA"), (LEU, "Leu", "CAG"), (YEAST, "Phe", "GAA")]
)
def test_transfer_rna_is_found_on_both_strands(letters, product, anticodon, shipped):
    if product == "Leu":
        anticodon = letters[34:37]
    before, behind = noise(500, 8), noise(400, 9)
    for reverse in (False, True):
        placed = before + (reverse_complement(letters) if reverse else letters) + behind
        (found,) = [rna for rna in find_rnas(Strip(digits(placed)), shipped) if rna.kind == "tRNA"]
        assert (found.left, found.right, found.reverse) == (500, 500 + len(letters), reverse)
        assert found.product == f"tRNA-{product}" and found.anticodon == anticodon


def test_a_stem_that_no_longer_pairs_costs_much(shipped):
    broken = PHE[:48] + "AAAAA" + PHE[53:]
    totals = [
        cloverleaves(digits(noise(99, 3) + letters + noise(99, 4)), shipped.cloverleaf).parts.sum(1).max(initial=0)
        for letters in (PHE, broken)
    ]
    assert totals[0] > totals[1] + 10


def test_shuffled_letters_have_no_genes_of_rna(shipped):
    assert find_rnas(Strip(digits(noise(300_000, 11))), shipped) == []


@pytest.mark.parametrize("piece", [501, 4_096, 10_007])
def test_the_size_of_a_piece_changes_nothing(strip, shipped, piece, monkeypatch):
    whole = find_rnas(Strip(digits(strip)), shipped)
    assert sorted({rna.product.split("-")[0] for rna in whole}) == [
        "16S ribosomal RNA", "5S ribosomal RNA", "RNA component of RNase P", "tRNA",
    ]  # fmt: skip
    monkeypatch.setattr("exapt.bio.rna.families.BLOCK", piece)
    assert find_rnas(Strip(digits(strip)), shipped, piece=piece) == whole


def test_both_strands_are_alike(strip, shipped):
    one = find_rnas(Strip(digits(strip)), shipped)
    other = find_rnas(Strip(other_strand(digits(strip))), shipped)
    length = len(strip)
    turned = sorted((length - rna.right, length - rna.left, not rna.reverse, rna.kind) for rna in other)
    assert turned == sorted((rna.left, rna.right, rna.reverse, rna.kind) for rna in one)


@pytest.mark.parametrize("cut", [3040, 4100, 9000])
def test_a_circle_has_no_beginning(strip, shipped, cut):
    """Cut within a transfer RNA, between genes, and within 16S ribosomal RNA."""
    size = len(strip)
    whole = find_rnas(Strip(digits(strip), circular=True), shipped)
    turned = find_rnas(Strip(digits(strip[cut:] + strip[:cut]), circular=True), shipped)
    places = sorted(((rna.left + cut) % size, rna.right - rna.left, rna.reverse, rna.product) for rna in turned)
    assert places == sorted((rna.left, rna.right - rna.left, rna.reverse, rna.product) for rna in whole)


def test_unknown_letters_and_short_sequences(shipped):
    for letters in ("", "A", "N" * 400, noise(60), PHE[:40]):
        assert find_rnas(Strip(digits(letters)), shipped) == []
    holed = PHE[:16] + "N" + PHE[17:]
    (found,) = find_rnas(Strip(digits(noise(99) + holed + noise(99, 1))), shipped)
    assert found.kind == "tRNA"


def test_a_gap_splits_a_contig(strip, shipped):
    genome = of_letters({"a": strip, "b": noise(50) + "N" * 100 + PHE + "N" * 100})
    found = genome_rnas(genome, CODE, model=shipped)
    assert [rna.left for rna in found["b"]] == [150] and len(found["a"]) == 5


def test_table_4_reads_tca_as_tryptophan(shipped):
    suppressor = PHE[:33] + "TCA" + PHE[36:]
    placed = Strip(digits(noise(99) + suppressor + noise(99, 1)))
    assert [find_rnas(placed, shipped, CODES[table])[0].product for table in (11, 4)] == ["tRNA-Sec", "tRNA-Trp"]


def test_neighbouring_candidates_leave_the_best():
    leaves = cloverleaves(digits(noise(99) + PHE + noise(99, 1)), first_profile())
    score = leaves.parts.sum(1)
    kept = separate(leaves, score)
    assert score[kept].max() == score.max() and kept.sum() <= len(score)
    assert leaves.parts.shape[1] == len(PARTS)


def test_counting_moves_the_profile_to_what_was_counted():
    row = digits(("T" * 200 + PHE) * 20 + "T" * 200)
    leaves = leaves_in_pieces(row, first_profile())
    best = leaves.take(np.flatnonzero(separate(leaves, leaves.parts.sum(1))))
    counted = counted_profile(row, best, np.ones(len(best.start)))
    # the anticodon of PHE is GAA, and letter 73 is A
    assert counted.anticodon_loop[2:5, :4].argmax(1).tolist() == [2, 0, 0]
    assert counted.discriminator[0, :4].argmax() == 0
    assert counted.acceptor[0, 2, 1] > counted.acceptor[0, 0, 3]


# Families ---------------------------------------------------------------------------------------
def plain_alignment(letters, profile, gap):
    """Best score of the whole profile within the letters, cell by cell."""
    before = [0] * (len(letters) + 1)
    for column in profile:
        row = [before[0] - gap]
        for place, letter in enumerate(letters):
            row.append(max(before[place] + column[letter], before[place + 1] - gap, row[-1] - gap))
        before = row
    return max(before)


def test_alignments_score_as_cell_by_cell():
    rng = np.random.default_rng(0)
    profile = rng.integers(-15, 12, (14, 5))
    letters = rng.integers(0, 5, (25, 30)).astype(np.uint8)
    score, start, end = aligned(letters, profile)
    assert score.tolist() == [plain_alignment(row.tolist(), profile.tolist(), 20) for row in letters]
    for row, value, a, b in zip(letters, score, start, end, strict=True):
        assert 0 <= a <= b <= 30
        assert plain_alignment(row[a:b].tolist(), profile.tolist(), 20) == value


def test_a_family_is_found_with_letters_changed_missing_and_more():
    rng = np.random.default_rng(4)
    gene = rng.integers(0, 4, 300).astype(np.uint8)
    changed = gene.copy()
    places = rng.choice(300, 45, replace=False)
    changed[places] = (changed[places] + 1) % 4
    other = np.concatenate([changed[:100], [0, 1, 2], changed[100:200], changed[205:]]).astype(np.uint8)
    family = of_sequences("toy", "ncRNA", "toy", gene, [])
    genome = np.concatenate([digits(noise(2000, 1)), other, digits(noise(900, 2))])
    (found,) = hits(genome, [family])
    best = found.score.argmax()
    assert found.score[best] > 0.4 * family.best
    assert abs(found.start[best] - 2000) <= 3 and abs(found.end[best] - 2000 - len(other)) <= 3


def test_members_shape_the_profile():
    rng = np.random.default_rng(5)
    gene = rng.integers(0, 4, 100).astype(np.uint8)
    members = []
    for _ in range(30):
        member = gene.copy()
        member[::2] = rng.integers(0, 4, 50)
        members.append(member)
    family = of_sequences("toy", "ncRNA", "toy", gene, members)
    kept, free = family.profile[1::2].max(1).mean(), family.profile[::2].max(1).mean()
    assert kept > free + 4
    assert (partners(gene, gene) == np.arange(100)).all()
    assert isinstance(family, Family) and len(family) == 100


def test_no_family_is_no_hit():
    assert hits(digits("ACGT" * 9), []) == []


# Small RNA --------------------------------------------------------------------------------------
SMALL = "TTGACA" + "ACGTCAGTCATGCAGTA" + "TATAAT" + "GCATGCA" + "ATCG" * 18 + "GCCGCGCTGAAAAGCGCGGC" + "TTTTTTTT"


def test_a_terminator_behind_a_promoter_is_a_candidate():
    letters = noise(2000, 21) + SMALL + noise(2000, 22)
    nothing = np.empty((0, 2), dtype=np.int64)
    found, rows = scanned(digits(letters), no_genes(), nothing, np.empty(0, dtype=np.uint32))
    begin, end = 2000 + 36, 2000 + len(SMALL)
    near = (np.abs(found.start - begin) <= 2) & (np.abs(found.end - end) <= 2)
    assert near.any() and rows.shape[1] == len(FEATURES)
    assert found.promoter[near].max() == found.promoter.max()
    genes = from_intervals([(1900, 4000, False)])
    covered, _ = scanned(digits(letters), genes, nothing, np.empty(0, dtype=np.uint32))
    assert not ((covered.start >= 1900) & (covered.end <= 4000)).any()


def test_candidates_do_not_depend_on_pieces(strip, shipped):
    letters = digits(strip + SMALL + strip)
    genes = from_intervals([(100, 900, False), (12_000, 12_600, True)])
    rnas = find_rnas(Strip(letters), shipped)
    easy = shipped.small.weights.copy()
    easy[0] += 9
    everything = replace(shipped.small, weights=easy)
    whole = find_small(letters, genes, rnas, everything)
    assert len(whole) > 3
    for piece in (700, 4099):
        assert find_small(letters, genes, rnas, everything, piece=piece) == whole
    taken = np.array([(rna.left, rna.right) for rna in rnas])
    for found in whole:
        shared = np.minimum(taken[:, 1], found.right) - np.maximum(taken[:, 0], found.left)
        assert np.maximum(shared, 0).sum() < (1 - FREE) * (found.right - found.left) + 1


def test_bent_features_rise_from_their_cuts():
    rows = np.random.default_rng(0).normal(size=(90, len(FEATURES)))
    cuts = bends(rows)
    assert cuts.shape == (len(BENT), 2) and (cuts[:, 0] < cuts[:, 1]).all()
    columns = basis(rows, cuts)
    assert np.array_equal(columns[:, : len(FEATURES)], rows)
    assert (columns[:, len(FEATURES) : len(FEATURES) + 2 * len(BENT)] >= 0).all()


def test_candidates_of_a_genome(shipped):
    genome = of_letters({"a": noise(300), "b": noise(3000, 1) + SMALL + noise(2000, 2)})
    found = genome_small(genome, {"a": no_genes(), "b": no_genes()}, {"a": [], "b": []}, model=shipped)
    assert set(found) == {"a", "b"} and all(rna.kind == "ncRNA" for rna in found["b"])


# The model --------------------------------------------------------------------------------------
def test_the_model_is_written_and_read(tmp_path, shipped):
    shipped.save(tmp_path / "m.safetensors")
    again = models.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.small.cuts, shipped.small.cuts)
    assert [f.name for f in again.families] == [f.name for f in shipped.families]
    assert all(np.array_equal(a.words, b.words) for a, b in zip(again.families, shipped.families, strict=True))
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    with pytest.raises(WeightsError, match="no weights of genes of RNA"):
        models.load(tmp_path / "bad.safetensors")
    with pytest.raises(WeightsError, match="no such file"):
        models.load(tmp_path / "none.safetensors")


def test_what_was_trained_finds_what_it_was_not_shown():
    rng = np.random.default_rng(0)
    gene = rng.integers(0, 4, 200).astype(np.uint8)
    strips, transfer, own, small, coding = [], [], [], [], []
    for part in range(2):
        pieces = [noise(1500, part), PHE, noise(800, part + 5), "".join("ACGT"[i] for i in gene), noise(600, part + 9)]
        pieces += [LEU, noise(2000, part + 20), SMALL, noise(900, part + 30)]
        ends = np.cumsum([0, *map(len, pieces)]).tolist()
        strips.append(digits("".join(pieces)))
        transfer.append([(ends[1], ends[2], False), (ends[5], ends[6], False)])
        own.append([(ends[3], ends[4], False)])
        small.append([(ends[7] + 36, ends[8], False)])
        coding.append(no_genes())
    known = Known(strips, transfer, {"toy": ("ncRNA", "toy RNA", own)}, coding, small, {})
    model = train(known)
    placed = (
        noise(700, 50) + reverse_complement(YEAST) + noise(700, 51) + "".join("ACGT"[i] for i in gene) + noise(300, 52)
    )
    found = find_rnas(Strip(digits(placed)), model)
    assert [(rna.left, rna.right, rna.reverse, rna.kind) for rna in found] == [
        (700, 776, True, "tRNA"),
        (1476, 1676, False, "ncRNA"),
    ]


def test_of_genes_that_share_letters_the_better_stays():
    far = Rna(10_000, 10_080, False, "tRNA", "", 1.0)
    long = Rna(0, 9000, False, "rRNA", "", 50.0)
    inside = Rna(8000, 8080, True, "tRNA", "", 9.0)
    edge = Rna(8990, 9070, True, "tRNA", "", 9.0)
    assert best_apart([inside, far, edge, long]) == [long, edge, far]
