import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.contracts import Column, Fold, Matrix, Table
from exapt.core.errors import ConfigError, DataError, WeightsError
from exapt.data import leakage
from exapt.data.keys import canonical_keys
from exapt.data.leakage import coverage, fix, gather, overlap, similar, sketch, sketches
from exapt.data.splits.predefined import PredefinedSplit

COLUMNS = {"id": Column("id", "label"), "seq": Column("input", "dna"), "y": Column("target", "label")}


def audit(rows, one, corpora=(), **options):
    return leakage.audit(rows, [one], corpora, **options)


def table(seqs, labels=None, **more):
    n = len(seqs)
    frame = pd.DataFrame({"id": [f"s{i}" for i in range(n)], "seq": seqs, "y": labels or ["a"] * n, **more})
    roles = {"donor": Column("group", "label")} if "donor" in more else {}
    return Table(frame, {**COLUMNS, **roles}, "toy")


def fold(train, valid, test):
    return Fold(*(np.array(rows, dtype=np.int64) for rows in (train, valid, test)))


@pytest.mark.parametrize(
    ("modality", "first", "second", "same"),
    [
        ("dna", "AACG", "CGTT", True),
        ("dna", "aacgn", "AACGN", True),
        ("dna", "AUG", "ATG", True),
        ("rna", "AACG", "CGUU", False),
        ("rna", "acgu", "ACGT", True),
        ("protein", "mkv*", "MKV", True),
        ("protein", "MKV", "VKM", False),
        ("molecule", "CCO ", "CCO", True),
        ("molecule", "c1ccccc1", "C1CCCCC1", False),
        ("molecule", "OCC", "CCO", True),
        ("molecule", "CC(=O)O", "CC(=O)[O-].[Na+]", True),
        ("molecule", "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", True),
        ("molecule", "no molecule", "no molecule", True),
        ("number", 0.1, float(np.float32(0.1)), True),
        ("number", 1.0, 2.0, False),
        ("label", "a", "A", False),
    ],
)
def test_equal_keys_mean_the_same_value(modality, first, second, same):
    keys = canonical_keys([first, second], modality)
    assert keys.dtype == np.uint64
    assert (keys[0] == keys[1]) == same


def test_expression_rows_are_equal_dense_sparse_and_from_a_memory_map():
    x = np.random.default_rng(0).poisson(0.5, (9, 20)).astype(float)
    x[4] = x[1]
    keys = canonical_keys(Matrix(x), "expression")
    assert (keys == canonical_keys(Matrix(sparse.csr_matrix(x)), "expression")).all()
    assert len(set(keys)) == 8
    shifted = np.roll(x, 1, axis=1)
    assert not set(keys) & set(canonical_keys(Matrix(shifted), "expression"))


def test_keys_never_change_because_sketches_are_shipped():
    assert canonical_keys(["ACGT"], "dna").tolist() == [5148239889300062058]


def test_images_are_compared_by_pixel():
    images = np.random.default_rng(0).integers(0, 255, (3, 4, 4, 3)).astype(np.uint8)
    keys = canonical_keys(Matrix(np.concatenate([images, images[:1]])), "image")
    assert keys[3] == keys[0]
    assert len(set(keys)) == 3


def test_a_hundred_thousand_sequences_take_seconds():
    letters = np.frombuffer(b"ACGT", dtype="S1")[np.random.default_rng(0).integers(0, 4, (100_000, 100))]
    values = [row.tobytes().decode() for row in letters]
    start = time.perf_counter()
    keys = canonical_keys(values, "dna")
    assert time.perf_counter() - start < 4
    assert len(set(keys.tolist())) == 100_000


def test_copies_in_training_are_counted_once_a_test_row_with_examples():
    rows = table(["AACG", "AACG", "TTTT", "CGTT", "GGGC", "AAAA", "CCAT"])
    result = audit(rows, fold([0, 1, 4], [2], [3, 5, 6]))
    assert result["exact_duplicates"] == 1
    assert result["exact_duplicates_examples"] == [{"test": "s3", "copy": "s0"}]
    assert result["exact_duplicates_in_valid"] == 1
    assert result["exact_duplicates_in_valid_examples"] == [{"test": "s5", "copy": "s2"}]
    assert result["verdict"] == "leaky"
    assert json.loads(json.dumps(result)) == result


def test_no_more_than_five_examples():
    rows = table(["ACCA"] * 20)
    result = audit(rows, fold(range(10), [], range(10, 20)))
    assert result["exact_duplicates"] == 10
    assert len(result["exact_duplicates_examples"]) == 5


def test_a_clean_split_says_what_was_not_looked_at():
    result = audit(table(["AACG", "TTTT", "GGGC"]), fold([0], [1], [2]))
    assert result["verdict"] == "clean"
    assert result["near_duplicates"] == 0
    assert result["checks"]["near_duplicates"].startswith("computed: identity over 80% of the sequence")
    assert result["checks"]["group_overlap"] == "not computed: no group column"
    assert result["checks"]["pretraining_overlap"].startswith("not computed: no weights")


def test_contradicting_labels_do_not_make_a_split_leaky():
    rows = table(["AACG", "CGTT", "GGGC", "GGGC", "TTTT"], ["a", "b", "a", "a", "a"])
    result = audit(rows, fold([0, 1, 2, 3], [], [4]))
    assert result["contradicting_labels"] == 2
    assert result["contradicting_inputs"] == 1
    assert result["contradicting_labels_examples"] == [{"row": "s0", "y": "a"}, {"row": "s1", "y": "b"}]
    assert result["repeated_rows"] == 2
    assert result["verdict"] == "clean"


def test_groups_on_both_sides():
    rows = table(["AACG", "TTTT", "GGGC", "CCAT"], donor=["d1", "d2", "d2", "d3"])
    result = audit(rows, fold([0], [1], [2, 3]))
    assert (result["group_overlap"], result["group_overlap_examples"]) == (1, ["d2"])
    assert result["group_overlap_rows"] == 1
    assert result["verdict"] == "leaky"


def test_pairs_are_copies_only_as_a_whole():
    frame = pd.DataFrame({"a": ["MK", "MK", "MV"], "b": ["MV", "MK", "MK"]})
    rows = Table(frame, {"a": Column("input", "protein"), "b": Column("input", "protein")}, "pairs")
    assert audit(rows, fold([0], [], [1, 2]))["exact_duplicates"] == 0
    again = rows.take(np.array([0, 0, 1]))
    assert audit(again, fold([0], [], [1, 2]))["exact_duplicates"] == 1


def test_the_corpus_behind_the_weights():
    corpus = json.loads(json.dumps(sketch(["CGTT", "CGTT", "TTTA"], "dna")))
    assert (corpus["rows"], corpus["distinct"]) == (3, 2)
    result = audit(table(["GGGC", "TTTT", "AACG"]), fold([0], [], [1, 2]), [corpus])
    assert (result["pretraining_overlap"], result["pretraining_overlap_examples"]) == (1, ["s2"])
    assert result["checks"]["pretraining_overlap"].startswith("computed: sketch of 3 rows, which finds 100.0% of the")
    assert result["verdict"] == "leaky"
    other = audit(table(["GGGC", "TTTT"]), fold([0], [], [1]), [sketch(["MKV"], "protein")])
    assert other["checks"]["pretraining_overlap"] == "not computed: the corpus is protein, the inputs are not"


def test_counts_and_their_logarithm_are_the_same_cell():
    counts = np.random.default_rng(0).poisson(0.7, (9, 30)).astype(np.float32)
    genes = tuple(f"g{i}" for i in range(30))
    keys = canonical_keys(Matrix(counts, genes), "expression")
    logs = np.log1p(counts / counts.sum(1, keepdims=True) * 1e4)
    assert (canonical_keys(Matrix(logs, genes), "expression") == keys).all()
    order = np.random.default_rng(1).permutation(30)
    shuffled = Matrix(logs[:, order], tuple(genes[i] for i in order))
    assert (canonical_keys(shuffled, "expression") == keys).all()
    assert len(set(keys.tolist())) == 9


def dna(rng, n, length):
    return ["".join(row) for row in rng.choice(list("ACGT"), (n, length))]


def mutated(rng, sequence, rate):
    return "".join(rng.choice([c for c in "ACGT" if c != x]) if rng.random() < rate else x for x in sequence)


def test_near_duplicates_are_counted_apart_from_copies():
    rng = np.random.default_rng(0)
    seqs = dna(rng, 30, 120)
    seqs += [mutated(rng, seqs[0], 0.04), seqs[1], *dna(rng, 3, 120)]
    result = audit(table(seqs), fold(range(30), [], range(30, 35)))
    assert (result["exact_duplicates"], result["near_duplicates"]) == (1, 1)
    assert result["near_duplicates_examples"][0]["test"] == "s30"
    assert result["near_duplicates_examples"][0]["like"] == "s0"
    assert 0.9 <= result["near_duplicates_examples"][0]["similarity"] < 1
    assert audit(table(seqs), fold(range(30), [], range(30, 35)), threshold=0.99)["near_duplicates"] == 0


def test_near_duplicates_of_cells_and_molecules():
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0, (40, 50)).astype(float)
    counts[39] = counts[0] * 2
    cells = Table(pd.DataFrame(index=range(40)), {"x": Column("input", "expression")}, "c", {"x": Matrix(counts)})
    assert audit(cells, fold(range(30), [], range(30, 40)))["near_duplicates"] == 1
    smiles = ["CCCCCCCCCCCCCCCCO", "CCCCCCCCCCCCCCCCCCO", "c1ccccc1O"]
    molecules = Table(pd.DataFrame({"m": smiles}), {"m": Column("input", "molecule")}, "m")
    result = audit(molecules, fold([0], [], [1, 2]))
    assert (result["exact_duplicates"], result["near_duplicates"]) == (0, 1)
    assert result["near_measure"].startswith("Tanimoto")


def test_a_threshold_out_of_range():
    with pytest.raises(ConfigError, match=r"in \(0, 1\]; found 1.5"):
        audit(table(["ACGT", "TTTT"]), fold([0], [], [1]), threshold=1.5)


def test_folds_are_added_up():
    rows = table(["AACG", "CGTT", "GGGC", "CCAA"])
    both = [fold([0, 2], [], [1, 3]), fold([1, 3], [], [0, 2])]
    result = leakage.audit(rows, both)
    assert (result["folds"], result["n_test"], result["exact_duplicates"]) == (2, 4, 2)
    assert "2 of the 4 test sequences are copies" in result["reasons"][0]


def test_pairs_say_what_is_known_of_their_partners():
    frame = pd.DataFrame({"a": ["MKV", "MAA", "MKV", "MCC"], "b": ["MDD", "MEE", "MEE", "MFF"]})
    rows = Table(frame, {"a": Column("input", "protein"), "b": Column("input", "protein")}, "pairs")
    result = audit(rows, fold([0, 1], [], [2, 3]))
    assert result["pair_classes"] == {"C1": 1, "C2": 0, "C3": 1}
    assert (result["entity_overlap"], result["entities"]) == (2, 4)
    assert result["verdict"] == "leaky"


def test_fix_drops_the_leaking_rows_of_the_test_part():
    rng = np.random.default_rng(0)
    seqs = dna(rng, 10, 90)
    seqs += [seqs[0], mutated(rng, seqs[1], 0.03), *dna(rng, 2, 90)]
    donors = [f"d{i}" for i in range(13)] + ["d4"]
    (evidence,) = gather(table(seqs, donor=donors), [fold(range(9), [9], range(10, 14))])
    fixed, counts = fix(evidence)
    assert counts == {"copies": 1, "near": 1, "groups": 1, "corpus": 0}
    assert (fixed.test.tolist(), fixed.dropped.tolist(), len(fixed.train)) == ([12], [10, 11, 13], 9)
    fixed, counts = fix(evidence, leaks=["copies"])
    assert (counts, fixed.test.tolist()) == ({"copies": 1}, [11, 12, 13])


def test_fix_may_drop_training_rows_instead():
    rng = np.random.default_rng(0)
    seqs = dna(rng, 10, 90)
    seqs += [seqs[0], mutated(rng, seqs[1], 0.03), *dna(rng, 2, 90)]
    rows = table(seqs)
    (evidence,) = gather(rows, [fold(range(9), [9], range(10, 14))])
    fixed, counts = fix(evidence, drop="train")
    assert (counts["copies"], counts["near"], len(fixed.test)) == (1, 1, 4)
    assert fixed.train.tolist() == list(range(2, 9))
    again = leakage.audit(rows, [fixed])
    assert again["verdict"] == "clean"


def test_a_fix_that_empties_a_class_is_refused():
    rows = table(["AACG", "GGTT", "CGTT", "TTTC"], ["a", "b", "a", "b"])
    (evidence,) = gather(rows, [fold([0, 1], [], [2, 3])])
    with pytest.raises(DataError, match=r"no row of y = a left.*--drop train"):
        fix(evidence)


def test_a_sketch_is_small_and_finds_nearly_all():
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 2**64 - 1, 250_000, dtype=np.uint64)
    made = json.dumps(sketches._pack(np.unique(keys), sketches.EXACT_SHARE * sketches.BYTES, sketches.EXTRA))
    assert len(made) < 520_000
    part = json.loads(made)
    assert sketches._found(part, keys).all()
    others = rng.integers(0, 2**64 - 1, 200_000, dtype=np.uint64)
    assert sketches._found(part, others).mean() < 6e-4


def test_a_huge_corpus_is_found_in_part(monkeypatch):
    monkeypatch.setattr(sketches, "BYTES", 4000)
    values = [f"{'C' * (i % 7)}N{i}" for i in range(4000)]
    bounded = sketch(values, "label")
    share = coverage(bounded)
    assert 0.5 < share < 0.95
    assert overlap(bounded, values).mean() == pytest.approx(share, abs=0.03)
    assert overlap(bounded, [f"O{i}" for i in range(4000)]).mean() < 0.002


def test_similar_sequences_are_found_in_a_corpus():
    rng = np.random.default_rng(0)
    genome = "".join(rng.choice(list("ACGT"), 20_000))
    made = sketch([genome], "dna")
    same, near, other = genome[500:700], mutated(rng, genome[900:1200], 0.03), dna(rng, 1, 200)[0]
    found = similar(made, [same, reverse_complement(same), near, other, "ACGT"])
    assert found[:2].tolist() == [1.0, 1.0]
    assert found[2] == pytest.approx(0.97, abs=0.015)
    assert found[3] == 0
    assert np.isnan(found[4])
    assert not overlap(made, [same]).any()


def test_similar_molecules_and_cells_are_found_in_a_corpus():
    corpus = ["CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "CCCCCCCCO"]
    found = similar(sketch(corpus, "molecule"), ["OC(=O)c1ccccc1OC(C)=O", "NCCS(=O)(=O)O"])
    assert found.tolist() == [1.0, 0.0]
    counts = np.random.default_rng(0).poisson(0.5, (30, 400)).astype(float)
    genes = tuple(f"g{i}" for i in range(400))
    made = sketch(Matrix(counts[:20], genes), "expression")
    lost = counts[:20] * (np.random.default_rng(1).random((20, 400)) > 0.01)
    found = similar(made, Matrix(np.concatenate([lost, counts[20:]]), genes))
    assert found[:20].mean() > 0.9
    assert found[20:].mean() < 0.6


def test_a_sketch_of_another_format_is_refused():
    with pytest.raises(WeightsError, match="Make the weights again"):
        overlap({"modality": "dna", "hash": "blake2b-64", "keys": ""}, ["ACGT"])
    damaged = sketch(["ACGT"], "dna")
    damaged["exact"]["hashes"] = "!"
    with pytest.raises(WeightsError, match="damaged"):
        overlap(damaged, ["ACGT"])
    result = audit(table(["GGGC", "TTTT"]), fold([0], [], [1]), [{"modality": "dna"}])
    assert "not computed" in result["checks"]["pretraining_overlap"]


def test_a_table_without_input_is_refused():
    rows = Table(pd.DataFrame({"y": [1]}), {"y": Column("target", "label")}, "toy.csv")
    with pytest.raises(DataError, match="toy.csv: no input column"):
        audit(rows, fold([0], [], [0]))


@pytest.mark.mirror
def test_sixteen_tata_promoters_of_the_test_part_are_in_training():
    """Counted in the mirror's catalogue (dna.gue_prom_core_tata), either strand."""
    folder = Path(os.environ["EXAPT_MIRROR"], "wds-seu/DeepGene/486343e5212361d6cd7ed03c624f430ed3d5f02e")
    parts = [pd.read_csv(folder / f"data/GUE/prom/prom_core_tata/{part}.csv").assign(split=part)
             for part in ("train", "dev", "test")]  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    rows = Table(frame, {"sequence": Column("input", "dna"), "label": Column("target", "label")}, "tata")
    (cut,) = PredefinedSplit()(rows)
    assert (len(cut.train), len(cut.valid), len(cut.test)) == (4904, 613, 613)
    assert len(set(canonical_keys(frame["sequence"].iloc[cut.train].tolist(), "dna"))) <= 4847
    result = audit(rows, cut)
    assert result["exact_duplicates"] == 16
    assert result["verdict"] == "leaky"
    swapped = Fold(cut.train, cut.test, cut.valid)
    assert audit(rows, swapped)["exact_duplicates"] == 8
