"""Features of the baselines: counted right, learned from training rows only."""

import math
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from exapt.core.contracts import Column, Matrix, Table
from exapt.core.errors import DataError
from exapt.evaluate.baselines import _matrices, _sequences
from exapt.evaluate.baselines._features import VIEWS, FeatureSpace
from exapt.evaluate.baselines._matrices import Genes, Numbers, Pixels, Scaler, dense
from exapt.evaluate.baselines._sequences import Alphabet, Composition, Kmers, Positions, count_kmers

DNA = Alphabet.of("dna", [])
sequences = st.lists(st.text("ACGTUNacgtu-", max_size=12), min_size=1, max_size=6)


def naive(sequence, letters, k):
    """The plain loop that the vectorised count replaces."""
    words = Counter(sequence.upper().replace("U", "T")[i : i + k] for i in range(len(sequence) - k + 1))
    return {word: number for word, number in words.items() if len(word) == k and set(word) <= set(letters)}


@given(values=sequences, chunk=st.sampled_from([1, 5, 1 << 21]))
@settings(max_examples=100, deadline=None)
def test_kmers_are_those_of_a_plain_loop(values, chunk):
    original, _sequences.CHUNK = _sequences.CHUNK, chunk
    try:
        counts = count_kmers(values, DNA, [1, 3]).toarray()
    finally:
        _sequences.CHUNK = original
    names = list("ACGT") + [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]
    assert counts.shape == (len(values), 4 + 64)
    for row, value in zip(counts, values, strict=True):
        expected = naive(value, "ACGT", 1) | naive(value, "ACGT", 3)
        assert {name: int(n) for name, n in zip(names, row, strict=True) if n} == expected


def test_molecules_keep_case_and_learn_their_letters():
    alphabet = Alphabet.of("molecule", ["CCl", "c1ccc1"])
    assert alphabet.letters == "1Ccl"
    counts = count_kmers(["Cc", "BrC"], alphabet, [1]).toarray()
    assert counts.tolist() == [[0, 1, 1, 0], [0, 1, 0, 0]], "letters that training never held are left out"


def test_tf_idf_by_hand():
    """Two training rows. AC: in one, idf ln(3/2) + 1; A in both, idf 1; C in one."""
    block = Kmers("dna", [1, 2])
    found = block.fit_transform(["AAC", "A"]).toarray()
    rare = math.log(3 / 2) + 1
    one = np.array([2, rare]) / math.hypot(2, rare)
    two = np.array([1, 1]) / math.sqrt(2)  # AA and AC, both in the first row only
    np.testing.assert_allclose(found, [[*one, *two], [1, 0, 0, 0]], rtol=1e-6)
    query = block.transform(["GGG", "CA"]).toarray()
    np.testing.assert_allclose(query, [[0] * 4, [*np.array([1, rare]) / math.hypot(1, rare), 0, 0]], rtol=1e-6)


def test_positions_are_one_hot():
    block = Positions("dna")
    assert block.fit_transform(["AC", "NT"]).toarray().tolist() == [[1, 0, 0, 0, 0, 1, 0, 0], [0] * 7 + [1]]
    with pytest.raises(DataError, match="training has 2 letters, here are 1 to 3"):
        block.transform(["A", "ACG"])
    with pytest.raises(DataError, match="sequences of one length"):
        Positions("dna").fit_transform(["A", "AC"])


def test_composition_does_not_see_the_order():
    block = Composition("protein")
    block.fit_transform(["MKV", "MKVAA", "GGGGGG"])
    forward, backward = block.transform(["MKVLAG", "GALVKM"])
    np.testing.assert_array_equal(forward, backward)
    short, long = block.transform(["MK", "MKMKMKMK"])
    assert short[0] < long[0], "the length is the first feature"
    np.testing.assert_allclose(short[1:], long[1:], atol=1e-6)


def test_counts_become_log_cp10k_and_logs_stay():
    counts = np.array([[1, 3, 0], [0, 5, 5]])
    expected = np.log1p(counts / counts.sum(1, keepdims=True) * 1e4)
    for values in (counts, sparse.csr_matrix(counts)):
        np.testing.assert_allclose(Genes().fit_transform(Matrix(values)), expected, rtol=1e-5)
    np.testing.assert_allclose(Genes().fit_transform(Matrix(expected)), expected, rtol=1e-5)


def test_query_rows_do_not_change_what_was_learned():
    rng = np.random.default_rng(0)
    train = rng.poisson(5, (20, 8))
    block = Genes(scale=True)
    scaled = block.fit_transform(Matrix(train))
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(0), 1, atol=1e-5)
    fractions = Matrix(np.array([[0.5] * 8]))  # no counts, but training held counts: scaled as those
    assert np.isfinite(block.transform(fractions)).all()
    both = block.transform(Matrix(np.vstack([train[:1], 1000 * train[1:]])))
    np.testing.assert_allclose(both[0], scaled[0], rtol=1e-5)


def test_only_the_most_variable_genes_are_kept(monkeypatch):
    monkeypatch.setattr(_matrices, "GENES", 3)
    rng = np.random.default_rng(0)
    spread = np.array([0.1, 5, 0.1, 4, 0.1, 3])
    values = rng.normal(size=(200, 6)) * spread
    for kept in (Genes().fit_transform(Matrix(values)), Genes().fit_transform(Matrix(sparse.csr_matrix(values)))):
        np.testing.assert_allclose(kept, values[:, [1, 3, 5]], rtol=1e-5)


def test_correlation_is_a_dot_product():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(6, 30))
    rows = Genes(correlate=True).fit_transform(Matrix(values))
    np.testing.assert_allclose(rows @ rows.T, np.corrcoef(values), atol=1e-5)


def test_scaler():
    train = np.array([[1.0, 7.0, np.nan], [3.0, 7.0, 2.0], [np.nan, 7.0, 4.0]])
    scaler = Scaler()
    found = scaler.fit_transform(train)
    np.testing.assert_allclose(found, [[-1, 0, 0], [1, 0, -1], [0, 0, 1]], atol=1e-6)
    assert scaler.transform(np.array([[1e9, 8.0, 3.0]])).tolist() == [[10.0, 0.0, 0.0]], "cut at ten deviations"


def test_numbers_narrow_and_wide_and_images():
    assert Numbers().fit_transform([1, 2, 3]).shape == (3, 1)
    wide = Matrix(np.random.default_rng(0).normal(size=(50, 4)))
    np.testing.assert_allclose(Numbers(share=True).fit_transform(wide) * 2, Numbers().fit_transform(wide), rtol=1e-6)
    images = Matrix(np.random.default_rng(0).integers(0, 255, (10, 3, 2, 1), dtype=np.uint8))
    flat = Pixels().fit_transform(images)
    assert flat.shape == (10, 6)
    np.testing.assert_allclose(flat.mean(0), 0, atol=1e-5)
    assert flat.std() == pytest.approx(1, abs=1e-5)


def test_inputs_stand_side_by_side():
    frame = pd.DataFrame({"dna": ["ACGT", "AAAA"], "ph": [6.0, 8.0], "y": [0, 1]})
    columns = {"dna": Column("input", "dna"), "ph": Column("input", "number"), "y": Column("target", "label")}
    table = Table(frame, columns, "toy")
    alone = VIEWS["linear"]["dna"]().fit_transform(frame["dna"].tolist()).shape[1]
    assert dense(FeatureSpace("linear").fit_transform(table)).shape == (2, alone + 1)


def test_ten_thousand_letters_a_row_cost_no_loop():
    values = ["".join(np.random.default_rng(0).choice(list("ACGT"), 100_000))] * 3
    counts = count_kmers(values, DNA, range(1, 6))
    assert counts.sum() == 3 * sum(100_000 - k + 1 for k in range(1, 6))
