"""K-mers as numbers: the same as cutting every sequence letter by letter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exapt.bio.sequence import kmers
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.bio.sequence.kmers import kmer_codes
from exapt.core.errors import ConfigError

LETTERS = {"dna": "ACGT", "rna": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}


def one_by_one(sequence, k, modality):
    """The codes of one sequence by definition."""
    letters = LETTERS[modality].replace("U", "T")
    upper = sequence.upper()
    text = upper if modality == "protein" else upper.replace("U", "T")
    words = [text[i : i + k] for i in range(len(text) - k + 1)]
    return [sum(letters.index(c) * len(letters) ** (k - 1 - i) for i, c in enumerate(word))
            for word in words if set(word) <= set(letters)]  # fmt: skip


sequences = st.lists(st.text("ACGTUNacgtuMKx-*é", max_size=12), max_size=6)


@given(sequences, st.integers(1, 5), st.sampled_from(["dna", "rna", "protein"]))
def test_equals_the_definition(values, k, modality):
    indptr, codes = kmer_codes(values, k, modality=modality)
    assert indptr.dtype == np.int64
    assert codes.dtype == np.uint64
    assert len(indptr) == len(values) + 1
    assert indptr[-1] == len(codes)
    for row, value in enumerate(values):
        expected = one_by_one(value.replace("é", "?"), k, modality)
        assert codes[indptr[row] : indptr[row + 1]].tolist() == expected


@given(st.lists(st.text("ACGTN", max_size=40), min_size=1, max_size=4), st.integers(1, 32))
def test_both_strands_have_the_same_canonical_kmers(values, k):
    other = [reverse_complement(value) for value in values]
    here, codes = kmer_codes(values, k, modality="dna", canonical=True)
    there, reverse = kmer_codes(other, k, modality="dna", canonical=True)
    assert here.tolist() == there.tolist()
    for row in range(len(values)):
        part = slice(here[row], here[row + 1])
        assert codes[part].tolist() == reverse[part].tolist()[::-1]


def test_the_longest_kmers_fit():
    assert kmer_codes(["T" * 32], 32, modality="dna")[1].tolist() == [2**64 - 1]
    assert kmer_codes(["Y" * 14], 14, modality="protein")[1].tolist() == [20**14 - 1]


def test_chunks_make_no_difference(monkeypatch):
    rng = np.random.default_rng(0)
    values = ["".join(rng.choice(list("ACGTN"), n)) for n in rng.integers(0, 60, 40)]
    whole = kmer_codes(values, 4, modality="dna", canonical=True)
    monkeypatch.setattr(kmers, "CHUNK", 50)
    for one, other in zip(whole, kmer_codes(values, 4, modality="dna", canonical=True), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("k", "modality", "canonical", "message"),
    [(0, "dna", False, "1 to 32"), (33, "dna", False, "k = 33"), (15, "protein", False, "1 to 14"),
     (3, "protein", True, "no other strand"), (3, "molecule", False, "no alphabet")],
)  # fmt: skip
def test_impossible_requests_are_refused(k, modality, canonical, message):
    with pytest.raises(ConfigError, match=message):
        kmer_codes(["A"], k, modality=modality, canonical=canonical)
