"""Tanimoto neighbours and clusters: the index finds what the plain comparison finds."""

import numpy as np
import pytest
from scipy import sparse

from exapt.bio.chem import similarity
from exapt.bio.chem.similarity import clusters, nearest, tanimoto
from exapt.core.errors import ConfigError


def families(seed, rows=300, bits=256, parents=20, change=0.06):
    """Rows that differ from one of a few parents in some bits; one row is empty."""
    rng = np.random.default_rng(seed)
    ancestors = rng.random((parents, bits)) < rng.uniform(0.02, 0.3, (parents, 1))
    found = ancestors[rng.integers(0, parents, rows)] ^ (rng.random((rows, bits)) < change * rng.random((rows, 1)))
    found[rows // 2] = False
    return sparse.csr_array(found.astype(np.float32))


def plain(queries, references):
    a, b = queries.toarray().astype(np.int64), references.toarray().astype(np.int64)
    shared = a @ b.T
    union = a.sum(1)[:, None] + b.sum(1)[None] - shared
    return np.divide(shared, union, out=np.zeros(shared.shape, dtype=np.float32), where=union > 0, dtype=np.float32)


@pytest.fixture(params=[True, False], ids=["index", "blocks"])
def way(request, monkeypatch):
    """Both ways for the same small data, in many small pieces."""
    monkeypatch.setattr(similarity, "FEW_PAIRS", 0)
    monkeypatch.setattr(similarity, "JOIN_FROM", 0.01 if request.param else 2.0)
    for name, size in {"CELLS": 4096, "WIDTH": 64, "ROWS": 32, "CANDIDATES": 50}.items():
        monkeypatch.setattr(similarity, name, size)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("at_least", [0.05, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_nearest_is_exact(way, seed, at_least):
    queries, references = families(seed), families(seed, rows=400)
    expected = plain(queries, references)
    index, found = nearest(queries, references, at_least=at_least)
    best = expected.max(1)
    good = best >= np.float32(at_least)
    np.testing.assert_array_equal(index, np.where(good, expected.argmax(1), -1))
    np.testing.assert_array_equal(found, np.where(good, best, 0))
    assert index.dtype == np.int64
    assert found.dtype == np.float32


def test_nearest_of_all_whatever_the_similarity(way):
    queries, references = families(0), families(1)
    expected = plain(queries, references)
    index, found = nearest(queries, references)
    np.testing.assert_array_equal(found, expected.max(1))
    np.testing.assert_array_equal(index, np.where(found > 0, expected.argmax(1), -1))
    assert index[150] == -1, "an empty row has no neighbour"
    np.testing.assert_array_equal(tanimoto(queries, references), expected)


def test_no_reference_no_neighbour():
    queries = families(0)
    for at_least in (0.0, 0.9):
        index, found = nearest(queries, queries[:0], at_least=at_least)
        assert (index == -1).all()
        assert (found == 0).all()


def butina(similar, rows):
    """The algorithm as it is told: most neighbours first, first row of equally many."""
    counts = similar.sum(1)
    left, made = np.ones(rows, dtype=bool), []
    for centre in sorted(range(rows), key=lambda row: (-counts[row], row)):
        if left[centre]:
            members = np.flatnonzero((similar[centre] & left) | (np.arange(rows) == centre))
            left[members] = False
            made.append(members)
    return sorted(made, key=len, reverse=True)


@pytest.mark.parametrize("at_least", [0.35, 0.6, 0.8])
@pytest.mark.parametrize("seed", range(3))
def test_clusters_are_those_of_the_plain_algorithm(way, seed, at_least):
    rows = families(seed)
    expected = butina(plain(rows, rows) >= np.float32(at_least), 300)
    codes = clusters(rows, at_least=at_least)
    assert [np.flatnonzero(codes == number).tolist() for number in range(codes.max() + 1)] == [
        members.tolist() for members in expected
    ]


@pytest.mark.parametrize("at_least", [-0.1, 1.5])
def test_similarities_out_of_range_are_refused(at_least):
    with pytest.raises(ConfigError, match=r"lies in \[0, 1\]"):
        nearest(families(0), families(0), at_least=at_least)
    with pytest.raises(ConfigError, match="Tanimoto"):
        clusters(families(0), at_least=min(at_least, 0))
