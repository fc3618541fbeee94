"""Where ribosomal RNA lies, by k-mers that it has kept from one genome to the next: no protein is looked for there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import UNKNOWN, Digits, other_strand

K = 11
REACH = 250  # letters between two hits of one gene
FEWEST = 20  # hits of a gene
DENSEST = 0.05  # hits a letter, at least
BLOCK = 1 << 20  # letters at a time
Intervals = NDArray[np.int64]


def kmers(digits: Digits) -> NDArray[np.uint32]:
    """(L - K + 1,) the k-mers from each place; the largest number where one has an unknown letter."""
    count = max(len(digits) - K + 1, 0)
    found = np.zeros(count, dtype=np.uint32)
    unknown = np.zeros(count, dtype=bool)
    for place in range(K):
        letters = digits[place : place + count]
        found = found * np.uint32(4) + letters
        unknown |= letters == UNKNOWN
    found[unknown] = np.iinfo(np.uint32).max
    return found


def ribosomal_regions(digits: Digits, known: NDArray[np.uint32]) -> Intervals:
    """(r, 2) half-open intervals of either strand where hits of the k-mers `known` (sorted) lie close together.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gene, rest = rng.integers(0, 4, 400).astype(np.uint8), rng.integers(0, 4, 900).astype(np.uint8)
    >>> genome = np.concatenate([rest[:500], gene, rest[500:]])
    >>> ribosomal_regions(genome, np.unique(kmers(gene))).tolist()
    [[500, 900]]
    """
    table = np.zeros(4**K, dtype=bool)
    table[known] = True
    regions = [_clusters(_hits(digits, table))]
    backward = _clusters(_hits(other_strand(digits), table))
    regions.append(len(digits) - backward[::-1, ::-1])
    return np.concatenate(regions)


def _hits(digits: Digits, table: NDArray[np.bool_]) -> NDArray[np.int64]:
    found = []
    for begin in range(0, len(digits), BLOCK):
        codes = kmers(digits[begin : begin + BLOCK + K - 1])
        good = codes < len(table)
        found.append(begin + np.flatnonzero(good & table[np.where(good, codes, 0)]))
    return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _clusters(hits: NDArray[np.int64]) -> Intervals:
    """Runs of hits without a gap of more than REACH that are many and dense."""
    if not len(hits):
        return np.empty((0, 2), dtype=np.int64)
    breaks = np.flatnonzero(np.diff(hits) > REACH) + 1
    first, last = np.concatenate([[0], breaks]), np.concatenate([breaks, [len(hits)]])
    counts, left, right = last - first, hits[first], hits[last - 1] + K
    good = (counts >= FEWEST) & (counts >= DENSEST * (right - left))
    return np.stack([left[good], right[good]], axis=1)
