"""Tanimoto similarity of fingerprints: nearest neighbours, all similar pairs, and Butina clusters. All exact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.core.errors import ConfigError

Index = NDArray[np.int64]
Pairs = tuple[Index, Index, NDArray[np.float32]]

CELLS = 1 << 23  # similarities held at a time
WIDTH = 512  # references beside each other in one dense block, so that it stays in the cache
JOIN_FROM = 0.6  # at_least from which the prefix join is faster than comparing all with all
FEW_PAIRS = 1_000_000  # of which all with all is done at once
SHARED = 3  # rare bits that two rows must share before they are compared
ROWS = 1024  # queries joined at a time
CANDIDATES = 1 << 17  # candidate pairs compared at a time


def nearest(
    queries: sparse.csr_array, references: sparse.csr_array, *, at_least: float = 0.0
) -> tuple[Index, NDArray[np.float32]]:
    """The most similar reference of each query, by Tanimoto.

    Parameters
    ----------
    queries
        (n, bits) of 0 and 1.
    references
        (m, bits) of 0 and 1.
    at_least
        Similarity below which a reference does not count, in [0, 1]. From 0.6 on the search is by an index and takes
        seconds for 50,000 x 200,000; below, every pair is compared.

    Returns
    -------
    index : array
        (n,) int64, the first of equally similar references; -1 where none reaches `at_least` or shares a bit.
    tanimoto : array
        (n,) float32 in [0, 1]; 0 where there is none.

    References
    ----------
    Bayardo, Ma and Srikant (2007), Scaling up all pairs similarity search. doi:10.1145/1242572.1242591

    Examples
    --------
    >>> rows = sparse.csr_array(np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]], dtype=np.float32))
    >>> index, tanimoto = nearest(rows[[0, 2]], rows[[1, 1]], at_least=0.5)
    >>> index.tolist(), tanimoto.round(2).tolist()
    ([0, -1], [0.6700000166893005, 0.0])
    """
    _check(at_least)
    index = np.full(queries.shape[0], -1, dtype=np.int64)
    best = np.zeros(queries.shape[0], dtype=np.float32)
    for query, reference, tanimoto in _best(queries, references, at_least):
        better = (tanimoto > best[query]) | ((tanimoto == best[query]) & (reference < index[query]))
        index[query[better]], best[query[better]] = reference[better], tanimoto[better]
    return index, best


def tanimoto(queries: sparse.csr_array, references: sparse.csr_array) -> NDArray[np.float32]:
    """Similarity of every query with every reference.

    Parameters
    ----------
    queries
        (n, bits) of 0 and 1.
    references
        (m, bits) of 0 and 1.

    Returns
    -------
    array
        (n, m) float32 in [0, 1]; 0 for two rows without a bit.

    Examples
    --------
    >>> rows = sparse.csr_array(np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]], dtype=np.float32))
    >>> tanimoto(rows, rows).round(2).tolist()[0]
    [1.0, 0.33000001311302185, 0.0]
    """
    found = np.empty((queries.shape[0], references.shape[0]), dtype=np.float32)
    for row, column, block in _blocks(queries, references):
        found[row : row + len(block), column : column + block.shape[1]] = block
    return found


def clusters(fingerprints: sparse.csr_array, *, at_least: float) -> Index:
    """Butina clusters: the molecule with the most neighbours takes them all, then the next among what is left.

    Neighbours are counted once, before any is taken; of molecules with equally many the first row comes first.

    Parameters
    ----------
    fingerprints
        (n, bits) of 0 and 1.
    at_least
        Tanimoto similarity of neighbours, in (0, 1]. Every member is that similar to its cluster's centre.

    Returns
    -------
    array
        (n,) int64, cluster of each row, 0 = the largest; of equally large ones the one that was made first.

    References
    ----------
    Butina (1999), Unsupervised data base clustering based on Daylight's fingerprint and Tanimoto similarity.
    doi:10.1021/ci9803381

    Examples
    --------
    >>> rows = np.array([[0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]], dtype=np.float32)
    >>> clusters(sparse.csr_array(rows), at_least=0.6).tolist()
    [1, 0, 0, 0]
    """
    _check(at_least)
    if not at_least:
        raise ConfigError("Butina clusters need a Tanimoto similarity above 0; found 0, which joins everything.")
    rows = fingerprints.shape[0]
    found = list(_similar(fingerprints, fingerprints, at_least))
    first = np.concatenate([np.empty(0, dtype=np.int32), *(part[0].astype(np.int32) for part in found)])
    second = np.concatenate([np.empty(0, dtype=np.int32), *(part[1].astype(np.int32) for part in found)])
    order = np.argsort(first, kind="stable")
    neighbours = second[order]
    counts = np.bincount(first, minlength=rows)
    bounds = np.concatenate([[0], np.cumsum(counts)])
    codes = np.full(rows, -1, dtype=np.int64)
    made = 0
    for centre in np.argsort(-counts, kind="stable"):
        if codes[centre] < 0:
            near = neighbours[bounds[centre] : bounds[centre + 1]]
            codes[near[codes[near] < 0]] = made
            codes[centre] = made  # an empty fingerprint is not even its own neighbour
            made += 1
    by_size = np.argsort(-np.bincount(codes, minlength=made), kind="stable")
    rank = np.empty(made, dtype=np.int64)
    rank[by_size] = np.arange(made)
    return np.asarray(rank[codes])


def _check(at_least: float) -> None:
    if not 0 <= at_least <= 1:
        raise ConfigError(f"A Tanimoto similarity lies in [0, 1]; found {at_least:g}.")


def _best(queries: sparse.csr_array, references: sparse.csr_array, at_least: float) -> Iterator[Pairs]:
    """The best pair of each query in each part of the work; the first reference where several are as good."""
    if _many(queries, references) and at_least >= JOIN_FROM:
        for query, reference, tanimoto in _joined(queries, references, at_least):
            order = np.lexsort((reference, -tanimoto, query))
            first = order[np.flatnonzero(np.diff(query[order], prepend=-1))]
            yield query[first], reference[first], tanimoto[first]
        return
    for row, column, tanimoto in _blocks(queries, references):
        best = tanimoto.argmax(1)
        found = tanimoto[np.arange(len(tanimoto)), best]
        good = np.flatnonzero((found > 0) & (found >= np.float32(at_least)))
        yield row + good, column + best[good], found[good]


def _similar(queries: sparse.csr_array, references: sparse.csr_array, at_least: float) -> Iterator[Pairs]:
    """All pairs from a similarity above 0 on."""
    if _many(queries, references) and at_least >= JOIN_FROM:
        yield from _joined(queries, references, at_least)
        return
    for row, column, tanimoto in _blocks(queries, references):
        query, reference = np.nonzero(tanimoto >= np.float32(at_least))
        yield query + row, reference + column, tanimoto[query, reference]


def _many(queries: sparse.csr_array, references: sparse.csr_array) -> bool:
    return queries.shape[0] * references.shape[0] > FEW_PAIRS


def _blocks(queries: sparse.csr_array, references: sparse.csr_array) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """Similarities of all pairs in blocks, each with the numbers of its first query and its first reference."""
    size, other = _sizes(queries), _sizes(references)
    step = max(1, CELLS // WIDTH)
    for column in range(0, references.shape[0], WIDTH):
        dense = np.ascontiguousarray(references[column : column + WIDTH].toarray().T)
        for row in range(0, queries.shape[0], step):
            shared = queries[row : row + step] @ dense
            union = size[row : row + step, None] + other[None, column : column + WIDTH] - shared
            yield row, column, np.divide(shared, union, out=shared, where=union > 0)


def _sizes(fingerprints: sparse.csr_array) -> NDArray[np.float32]:
    return np.diff(fingerprints.indptr).astype(np.float32)


def _joined(queries: sparse.csr_array, references: sparse.csr_array, at_least: float) -> Iterator[Pairs]:
    """All pairs from a high similarity on, by an index of rare bits.

    Two rows of Tanimoto t or more share at least t times the bits of each. Of the bits that they share, put in the
    order of their rarity, the first s then lie among the first (bits - shared + s) of each row: its prefix. So the
    product of the prefixes finds all candidates, and only those that share s bits there are compared in full. Rows
    whose numbers of bits differ by more than the factor t are never compared.
    """
    frequency = np.bincount(queries.indices, minlength=queries.shape[1])
    frequency += np.bincount(references.indices, minlength=queries.shape[1])
    rank = np.argsort(np.argsort(frequency, kind="stable"), kind="stable")
    one, other = _Side(queries, rank, at_least), _Side(references, rank, at_least)
    for rows in np.split(np.arange(len(one.order)), _cuts(one.size)):  # each of rows with equally many bits
        if not len(rows) or not one.size[rows[0]]:
            continue
        low = int(np.searchsorted(other.size, np.ceil(at_least * one.size[rows[0]] - 1e-6)))
        high = int(np.searchsorted(other.size, np.floor(one.size[rows[0]] / at_least + 1e-6), side="right"))
        product = one.prefix[rows[0] : rows[-1] + 1] @ other.prefix[low:high].T
        enough = np.flatnonzero(product.data >= min(SHARED, one.least[rows[0]]))
        query = np.searchsorted(product.indptr, enough, side="right") - 1 + rows[0]
        reference = product.indices[enough] + low
        for start in range(0, len(query), CANDIDATES):
            here = slice(start, start + CANDIDATES)
            left, right = query[here], reference[here]
            shared = np.bitwise_count(one.words[left] & other.words[right]).sum(1, dtype=np.int32)
            union = one.size[left] + other.size[right] - shared
            tanimoto = (shared / union.astype(np.float32)).astype(np.float32)
            good = tanimoto >= np.float32(at_least)
            yield one.order[left[good]], other.order[right[good]], tanimoto[good]


def _cuts(size: NDArray[np.int32]) -> Index:
    """Where to cut queries that are sorted by size: where it changes, and after 1,024 rows."""
    return np.union1d(np.flatnonzero(np.diff(size)) + 1, np.arange(ROWS, len(size), ROWS))


class _Side:
    """Fingerprints in the order of their number of bits, ready to be joined.

    Attributes
    ----------
    order
        (n,) row numbers, the fewest bits first; all else is in this order.
    size
        (n,) number of bits.
    least
        (n,) bits that a row must share with a similar one.
    prefix
        (n, bits) int16, the rarest bits of each row, columns by rarity.
    words
        (n, bits / 64) uint64, all bits.
    """

    def __init__(self, fingerprints: sparse.csr_array, rank: Index, at_least: float) -> None:
        sizes = np.diff(fingerprints.indptr)
        self.order = np.argsort(sizes, kind="stable").astype(np.int64)
        rows = fingerprints[self.order]
        self.size = np.diff(rows.indptr).astype(np.int32)
        self.least = np.maximum(np.ceil(at_least * self.size - 1e-6), 1).astype(np.int32)
        self.words = _packed(rows)
        columns = np.sort(np.repeat(np.arange(len(self.size)), self.size) * len(rank) + rank[rows.indices])
        place = np.arange(len(columns)) - np.repeat(rows.indptr[:-1], self.size)
        kept = place < np.repeat(self.size - self.least + SHARED, self.size)
        bounds = np.concatenate([[0], np.cumsum(np.minimum(self.size - self.least + SHARED, self.size))])
        ones = np.ones(int(kept.sum()), dtype=np.int16)
        self.prefix = sparse.csr_array((ones, columns[kept] % len(rank), bounds), shape=rows.shape)


def _packed(fingerprints: sparse.csr_array) -> NDArray[np.uint64]:
    words = np.zeros((fingerprints.shape[0], -(-fingerprints.shape[1] // 64)), dtype=np.uint64)
    rows = np.repeat(np.arange(fingerprints.shape[0]), np.diff(fingerprints.indptr))
    bits = np.left_shift(np.uint64(1), (fingerprints.indices % 64).astype(np.uint64))
    np.bitwise_or.at(words, (rows, fingerprints.indices // 64), bits)
    return words
