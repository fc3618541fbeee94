import json
import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from exapt.core.contracts import Column, Fold, Matrix, Table
from exapt.core.errors import DataError, WeightsError
from exapt.data.leakage import audit, canonical_keys, coverage, overlap, sketch
from exapt.data.splits.predefined import PredefinedSplit

COLUMNS = {"id": Column("id", "label"), "seq": Column("input", "dna"), "y": Column("target", "label")}


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
    assert result["checks"]["near_duplicates"] == "not computed"
    assert result["checks"]["group_overlap"] == "not computed: no group column"
    assert result["checks"]["pretraining_overlap"].startswith("not computed: no weights")


def test_contradicting_labels_do_not_make_a_split_leaky():
    rows = table(["AACG", "CGTT", "GGGC", "GGGC", "TTTT"], ["a", "b", "a", "a", "a"])
    result = audit(rows, fold([0, 1, 2, 3], [], [4]))
    assert result["contradicting_labels"] == 2
    assert result["contradicting_labels_examples"] == ["s0", "s1"]
    assert result["verdict"] == "clean"


def test_groups_on_both_sides():
    rows = table(["AACG", "TTTT", "GGGC", "CCAT"], donor=["d1", "d2", "d2", "d3"])
    result = audit(rows, fold([0], [1], [2, 3]))
    assert (result["group_overlap"], result["group_overlap_examples"]) == (1, ["d2"])
    assert result["verdict"] == "leaky"


def test_pairs_are_copies_only_as_a_whole():
    frame = pd.DataFrame({"a": ["MK", "MK", "MV"], "b": ["MV", "MK", "MK"]})
    rows = Table(frame, {"a": Column("input", "protein"), "b": Column("input", "protein")}, "pairs")
    assert audit(rows, fold([0], [], [1, 2]))["exact_duplicates"] == 0
    again = rows.take(np.array([0, 0, 1]))
    assert audit(again, fold([0], [], [1, 2]))["exact_duplicates"] == 1


def test_the_corpus_behind_the_weights():
    corpus = json.loads(json.dumps(sketch(["CGTT", "CGTT", "TTTA"], "dna")))
    assert (corpus["rows"], corpus["distinct"], corpus["kept"]) == (3, 2, 2)
    result = audit(table(["GGGC", "TTTT", "AACG"]), fold([0], [], [1, 2]), [corpus])
    assert (result["pretraining_overlap"], result["pretraining_overlap_examples"]) == (1, ["s2"])
    assert result["checks"]["pretraining_overlap"] == "computed: sketch of 3 rows, which finds 100.0% of the copies"
    assert result["verdict"] == "leaky"
    other = audit(table(["GGGC", "TTTT"]), fold([0], [], [1]), [sketch(["MKV"], "protein")])
    assert other["checks"]["pretraining_overlap"] == "not computed: the corpus is protein, the inputs are not"


def test_a_bounded_sketch_finds_its_share():
    values = [f"C{'N' * (i % 7)}{i}" for i in range(4000)]
    bounded = sketch(values, "molecule", limit=1000)
    share = coverage(bounded)
    assert share == pytest.approx(0.25, abs=0.03)
    assert overlap(bounded, values).sum() == 1000
    assert not overlap(bounded, [f"O{i}" for i in range(4000)]).any()
    assert coverage(sketch(values, "molecule")) == 1.0


def test_a_damaged_sketch_is_refused():
    whole = sketch(["CCO", "CC"], "molecule")
    for broken in ({**whole, "keys": whole["keys"][:8]}, {**whole, "hash": "md5"}, {"modality": "molecule"}):
        with pytest.raises(WeightsError, match="damaged"):
            overlap(broken, ["CCO"])


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
