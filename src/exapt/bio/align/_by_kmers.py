"""Relatives without MMseqs2: sequences that share k-mers are aligned (Smith-Waterman), with no other program.

Finds close relatives as well as MMseqs2 does. Remote ones (proteins below about 40 % identity) share no exact k-mer
and are missed.

References
----------
Daily (2016) Parasail: SIMD C library for pairwise sequence alignments. doi:10.1186/s12859-016-0930-z
Altschul et al. (1997) Gapped BLAST and PSI-BLAST (the parameters of the E-value). doi:10.1093/nar/25.17.3389
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.bio.align._links import Links, Rows, Rules, seed_of_dna
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.bio.sequence.kmers import kmer_codes

FEWEST_SHARED = 2  # k-mers; one is shared by chance too often
MOST_CANDIDATES = 20  # of one query, those that share most
WORK = 20_000  # entries of the k-mer index that one query may look at, rare k-mers first
BLOCK = 10_000_000  # such entries at a time; bounds the memory


@dataclass(frozen=True)
class Scoring:
    """Scores of an alignment, and what makes them comparable.

    Attributes
    ----------
    opening, extension
        Cost of the first and of each further letter of a gap.
    scale, constant
        Lambda and K of the Karlin-Altschul statistics for these scores.
    """

    opening: int
    extension: int
    scale: float
    constant: float


SCORING = {True: Scoring(11, 1, 0.267, 0.041), False: Scoring(5, 2, 0.625, 0.41)}  # proteins: BLOSUM62; DNA: 2, -3


def seed_length(letters: int, modality: str) -> int:
    """Length of the k-mers: 4 or 5 of a protein, 8 to 12 of DNA, more where there are more letters.

    Examples
    --------
    >>> seed_length(100_000, "protein"), seed_length(100_000, "dna"), seed_length(10**9, "dna")
    (4, 8, 12)
    """
    if modality == "protein":
        return 4 if letters < 2_000_000 else 5
    return seed_of_dna(letters)


def candidates(queries: Sequence[str], references: Sequence[str], modality: str) -> tuple[Rows, Rows, Rows]:
    """Pairs that share k-mers, at most MOST_CANDIDATES a query.

    Returns
    -------
    query, reference, rank
        Of each pair; rank 0 is the candidate that shares most, for its size, with the query.
    """
    k = seed_length(sum(map(len, references)), modality)
    index, names = _incidence(references, k, modality)
    wanted, _ = _incidence(queries, k, modality, names)
    size = np.sqrt(np.maximum(np.diff(index.indptr), 1))
    postings = sparse.csr_array(index.T)
    wanted = _affordable(wanted, np.diff(postings.indptr))
    found: list[tuple[Rows, Rows, Rows]] = [(np.empty(0, dtype=np.int64),) * 3]
    for start, stop in _blocks(wanted, np.diff(postings.indptr)):
        shared = sparse.coo_array(wanted[start:stop] @ postings)
        many = shared.data >= FEWEST_SHARED
        row, column = (shared.coords[axis][many].astype(np.int64) for axis in (0, 1))
        order = np.lexsort((column, -shared.data[many] / size[column], row))
        row, column = row[order], column[order]
        rank = np.arange(len(row)) - np.searchsorted(row, row)
        kept = rank < MOST_CANDIDATES
        found.append((row[kept] + start, column[kept], rank[kept]))
    query, reference, rank = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return query, reference, rank


def _incidence(
    sequences: Sequence[str], k: int, modality: str, names: NDArray[np.uint64] | None = None
) -> tuple[sparse.csr_array, NDArray[np.uint64]]:
    """Which k-mers (columns: `names`, None = all that occur) each sequence has."""
    indptr, codes = kmer_codes(sequences, k, modality=modality, canonical=modality == "dna")
    row = np.repeat(np.arange(len(sequences), dtype=np.int32), np.diff(indptr))
    if names is None:
        names = np.unique(codes)
    column = np.searchsorted(names, codes).astype(np.int32)
    if len(names):
        known = names[np.minimum(column, len(names) - 1)] == codes
        row, column = row[known], column[known]
    else:
        row, column = row[:0], column[:0]
    ones = np.ones(len(row), dtype=np.int32)
    matrix = sparse.csr_array((ones, (row, column)), shape=(len(sequences), len(names)))
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix, names


def _affordable(wanted: sparse.csr_array, frequency: NDArray[Any]) -> sparse.csr_array:
    """Each query's rare k-mers, as many as may be looked up; what everything shares tells nothing."""
    row = np.repeat(np.arange(wanted.shape[0]), np.diff(wanted.indptr))
    cost = frequency[wanted.indices].astype(np.int64)
    order = np.lexsort((cost, row))
    spent = np.cumsum(cost[order])
    before = np.concatenate([[0], spent])[wanted.indptr[:-1]]
    kept = np.sort(order[spent - before[row[order]] <= WORK])
    cells = (np.ones(len(kept), dtype=np.int32), (row[kept], wanted.indices[kept]))
    return sparse.csr_array(cells, shape=wanted.shape)


def _blocks(wanted: sparse.csr_array, frequency: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Runs of queries of at most about BLOCK entries together."""
    total = np.concatenate([[0], np.cumsum(frequency[wanted.indices], dtype=np.int64)])[wanted.indptr]
    start = 0
    while start < wanted.shape[0]:
        stop = max(start + 1, int(np.searchsorted(total, total[start] + BLOCK, side="right")) - 1)
        yield start, stop
        start = stop


def verify(
    queries: Sequence[str], references: Sequence[str], pairs: tuple[Rows, Rows], modality: str, rules: Rules
) -> Links:
    """Those of the pairs that are relatives by the rules, aligned by Smith and Waterman."""
    aligner = Aligner(modality, sum(map(len, references)), rules)
    order = np.argsort(pairs[0], kind="stable")
    ordered = zip(pairs[0][order].tolist(), pairs[1][order].tolist(), strict=True)
    rows: list[tuple[int, int, float, float, float]] = []
    for query, group in groupby(ordered, key=lambda pair: pair[0]):
        others = [reference for _, reference in group]
        found = aligner.align(queries[query], [references[other] for other in others])
        rows += [(query, other, *what) for other, what in zip(others, found, strict=True) if what is not None]
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    query, reference = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    identity, coverage, score = table[:, 2:].T.astype(np.float32)
    return Links(query, reference, identity, coverage, score)


class Aligner:
    """Aligns one query after another with their candidates; both strands of DNA.

    Parameters
    ----------
    modality
        ``dna``, ``rna`` or ``protein``.
    letters
        In all references; makes E-values of scores.
    rules
        When two are relatives.
    """

    def __init__(self, modality: str, letters: int, rules: Rules) -> None:
        import parasail

        self._parasail = parasail
        self._scoring = SCORING[modality == "protein"]
        self._matrix = parasail.blosum62 if modality == "protein" else parasail.matrix_create("ACGT", 2, -3)
        self._costs = (self._scoring.opening, self._scoring.extension)
        self._both = modality == "dna"
        self._letters = letters
        self._rules = rules

    def align(self, query: str, references: Sequence[str]) -> list[tuple[float, float, float] | None]:
        """Identity, coverage of the shorter and score of each pair; None where they are no relatives."""
        if not query:
            return [None] * len(references)
        strands = [query, reverse_complement(query)] if self._both else [query]
        profiles = [self._parasail.profile_create_sat(strand, self._matrix) for strand in strands]
        scoring = self._scoring
        space = scoring.constant * len(query) * max(self._letters, 1) / self._rules.e_value
        least = np.log(space) / scoring.scale  # the score with the largest E-value that is allowed
        found: list[tuple[float, float, float] | None] = []
        for reference in references:
            score = self._parasail.sw_striped_profile_sat
            scores = [score(profile, reference, *self._costs).score if reference else 0 for profile in profiles]
            strand = strands[int(np.argmax(scores))]
            found.append(self._relative(strand, reference) if max(scores) >= max(least, 1) else None)
        return found

    def _relative(self, query: str, reference: str) -> tuple[float, float, float] | None:
        what = self._parasail.sw_stats_striped_sat(query, reference, *self._costs, self._matrix)
        identity = what.matches / what.length
        shorter = min(len(query), len(reference))
        if identity < self._rules.identity or what.length < self._rules.coverage * shorter:
            return None
        ends = (what.end_query + 1, what.end_ref + 1)
        backwards = (query[: ends[0]][::-1], reference[: ends[1]][::-1])  # it ends where the alignment starts
        starts = self._parasail.sw_striped_sat(*backwards, *self._costs, self._matrix)
        aligned = starts.end_query + 1 if len(query) <= len(reference) else starts.end_ref + 1
        coverage = min(1.0, aligned / shorter)
        return (identity, coverage, float(what.score)) if coverage >= self._rules.coverage else None
