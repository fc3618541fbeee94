"""Clusters of sequences between which no relatives are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from exapt.bio.align import _by_kmers, mmseqs
from exapt.bio.align._links import Rows, Rules, Tool, check, plain
from exapt.bio.align._tools import first_that_works
from exapt.bio.sequence.alphabets import canonical

Labels = NDArray[np.int64]
Pairs = tuple[Rows, Rows]
RANKS = (0, 2, 6, _by_kmers.MOST_CANDIDATES)  # best candidates first: most later ones are then in the cluster already


@dataclass(frozen=True)
class Clusters:
    """A cluster of each of n sequences.

    Attributes
    ----------
    codes
        0 .. C - 1, shape (n,), numbered by first appearance.
    tool
        ``mmseqs`` or ``kmers``, what was used.
    """

    codes: Labels
    tool: Literal["mmseqs", "kmers"]


def cluster(
    sequences: Sequence[str], modality: str, *, identity: float, coverage: float, tool: Tool = "auto"
) -> Clusters:
    """Put relatives, and the relatives of relatives, into one cluster (single linkage).

    A greedy clustering around representatives leaves relatives in different clusters, which a split must not do: so
    whatever is linked is joined. Every sequence is compared with its neighbours, then with the longest member of
    every cluster. DNA is compared on both strands.

    Parameters
    ----------
    sequences
        n sequences; case, U or T, gaps and a final stop make no difference. An empty one is a cluster of its own.
    modality
        ``dna``, ``rna`` or ``protein``.
    identity
        Least share of identical letters among the columns of the alignment of two relatives, in [0, 1].
    coverage
        Least share of the letters of the shorter one in the alignment, in [0, 1].
    tool
        ``mmseqs``, ``kmers`` or ``auto``, as for `exapt.bio.align.search.nearest`.

    Returns
    -------
    Clusters
        One code a sequence, and the tool.

    Raises
    ------
    ConfigError
        Where a threshold is outside [0, 1], or MMseqs2 is asked for by name and does not work.

    References
    ----------
    Teufel et al. (2023) GraphPart: homology partitioning for biological sequence analysis.
    doi:10.1093/nargab/lqad088

    Examples
    --------
    >>> gene = "ATGACCATGATTACGGATTCACTGGCCGTCGTTTTACAACG"
    >>> cluster([gene, "TTTTTTTTTT", gene[3:]], "dna", identity=0.9, coverage=0.8, tool="kmers").codes.tolist()
    [0, 1, 0]
    """
    rules = check(identity, coverage, tool)
    letters = plain(sequences, modality)
    spelled = canonical(letters) if modality == "dna" else letters
    place: dict[str, int] = {}
    copy_of = np.array([place.setdefault(sequence, len(place)) for sequence in spelled], dtype=np.int64)
    distinct = list(place)
    labels, used = first_that_works(
        tool,
        lambda: _by_mmseqs(distinct, modality, rules),
        lambda: _by_own(distinct, modality, rules),
    )
    codes = labels[copy_of]
    empty = np.flatnonzero([not sequence for sequence in spelled])
    codes[empty] = len(distinct) + np.arange(len(empty))
    return Clusters(_numbered(codes), used)


def _numbered(codes: Labels) -> Labels:
    """The same clusters as 0 .. C - 1 by first appearance."""
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _joined(labels: Labels, pairs: Pairs) -> Labels:
    """Clusters after joining those of each pair."""
    size = int(labels.max(initial=-1)) + 1
    ends = (labels[pairs[0]], labels[pairs[1]])
    graph = sparse.coo_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(size, size))
    return connected_components(graph, directed=False)[1].astype(np.int64)[labels]


def _representatives(labels: Labels, sequences: Sequence[str]) -> Rows:
    """The longest member of each cluster."""
    lengths = np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    order = np.lexsort((-lengths, labels))
    return np.sort(order[np.unique(labels[order], return_index=True)[1]])


def _closed(labels: Labels, sequences: Sequence[str], links: Callable[[Labels, Rows], Pairs]) -> Labels:
    """Join every cluster with those whose representative is a relative of one of its members.

    Once is enough: the longest member of a joined cluster was a representative already.
    """
    chosen = _representatives(labels, sequences)
    query, reference = links(labels, chosen)
    return _joined(labels, (query, chosen[reference]))


def _by_mmseqs(sequences: Sequence[str], modality: str, rules: Rules) -> Labels:
    def links(_: Labels, chosen: Rows) -> Pairs:
        found = mmseqs.relatives(sequences, [sequences[row] for row in chosen], modality, rules)
        return found.query, found.reference

    labels = np.arange(len(sequences), dtype=np.int64)
    few = len(sequences) <= mmseqs.MOST_HITS  # all relatives of each are found at once
    if few or modality != "protein":
        labels = _joined(labels, links(labels, labels))
    else:
        labels = _joined(labels, mmseqs.linked(sequences, rules))
    return labels if few else _closed(labels, sequences, links)


def _by_own(sequences: Sequence[str], modality: str, rules: Rules) -> Labels:
    def links(labels: Labels, chosen: Rows) -> Pairs:
        others = [sequences[row] for row in chosen]
        query, reference, _ = _by_kmers.candidates(sequences, others, modality)
        new = labels[query] != labels[chosen[reference]]
        found = _by_kmers.verify(sequences, others, (query[new], reference[new]), modality, rules)
        return found.query, found.reference

    labels = np.arange(len(sequences), dtype=np.int64)
    query, reference, rank = _by_kmers.candidates(sequences, sequences, modality)
    for low, high in pairwise(RANKS):
        now = (rank >= low) & (rank < high) & (labels[query] != labels[reference])
        ends = np.sort(np.stack([query[now], reference[now]]), axis=0)  # each pair once, whichever asked for the other
        pairs = np.unique(ends, axis=1)
        found = _by_kmers.verify(sequences, sequences, (pairs[0], pairs[1]), modality, rules)
        labels = _joined(labels, (found.query, found.reference))
    return _closed(labels, sequences, links)
