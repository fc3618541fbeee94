"""The most similar reference of each query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exapt.bio.align import _by_kmers, mmseqs
from exapt.bio.align._links import Links, Rules, Tool, check, plain
from exapt.bio.align._tools import first_that_works
from exapt.bio.sequence.alphabets import canonical


@dataclass(frozen=True)
class Hits:
    """The best hit of each of n queries.

    Attributes
    ----------
    index
        Row of the reference, shape (n,); -1 = no hit.
    identity
        Share of identical letters among the columns of the local alignment, gaps included, in [0, 1]; 0 without hit.
    coverage
        Share of the letters of the *shorter* of both sequences that stand in the alignment, in [0, 1]; so a fragment
        of a reference is covered, and so is a query of which a reference is a fragment. 0 without a hit.
    tool
        ``mmseqs`` or ``kmers``, what was used.
    """

    index: NDArray[np.int64]
    identity: NDArray[np.float32]
    coverage: NDArray[np.float32]
    tool: Literal["mmseqs", "kmers"]


def nearest(
    queries: Sequence[str],
    references: Sequence[str],
    modality: str,
    *,
    identity: float = 0.0,
    coverage: float = 0.0,
    tool: Tool = "auto",
) -> Hits:
    """Find the reference with the best local alignment for each query, among those that meet both thresholds.

    DNA is searched on both strands. Exact copies are found by themselves, whatever the tool. Below an identity of 0.5
    a hit also needs an E-value of at most 0.001, so that it is no chance.

    Parameters
    ----------
    queries, references
        Sequences; case, U or T, gaps and a final stop make no difference.
    modality
        ``dna``, ``rna`` or ``protein``.
    identity, coverage
        Least identity and coverage of a hit, as in `Hits`, in [0, 1].
    tool
        ``mmseqs`` = MMseqs2; ``kmers`` = our own (shared k-mers, then Smith-Waterman); ``auto`` = MMseqs2 where it
        works, else our own, with a warning.

    Returns
    -------
    Hits
        One row a query.

    Raises
    ------
    ConfigError
        Where a threshold is outside [0, 1], or MMseqs2 is asked for by name and does not work.

    Examples
    --------
    >>> promoter = "ACGTTGCATTAGCCATGACTGACCATTAGACCA"
    >>> hits = nearest(["tggtctaatggtcagtcatggctaatgcaacgt", "GGGGGGGG"], ["TTTTTTTT", promoter], "dna", tool="kmers")
    >>> hits.index.tolist(), hits.identity.tolist()
    ([1, -1], [1.0, 0.0])
    """
    rules = check(identity, coverage, tool)
    asked, known = plain(queries, modality), plain(references, modality)
    copies = _copies(asked, known, modality)
    rest = np.flatnonzero(copies < 0)
    distinct = list(dict.fromkeys(asked[row] for row in rest))
    links, used = first_that_works(
        tool,
        lambda: mmseqs.relatives(distinct, known, modality, rules, most=mmseqs.TOP_HITS),
        lambda: _by_kmers_alone(distinct, known, modality, rules),
    )
    best = links.best()
    of_query = np.full(len(distinct), -1, dtype=np.int64)
    of_query[best.query] = np.arange(len(best.query))
    place = {sequence: row for row, sequence in enumerate(distinct)}
    link = of_query[[place[asked[row]] for row in rest]] if len(rest) else rest
    index, same = copies.copy(), (copies >= 0).astype(np.float32)
    hit = rest[link >= 0]
    index[hit] = best.reference[link[link >= 0]]
    shares = [same.copy(), same.copy()]
    for share, values in zip(shares, (best.identity, best.coverage), strict=True):
        share[hit] = values[link[link >= 0]]
    return Hits(index, shares[0], shares[1], used)


def _copies(queries: Sequence[str], references: Sequence[str], modality: str) -> NDArray[np.int64]:
    """First reference that equals each query, on either strand of DNA; -1 = none."""
    if modality == "dna":
        queries, references = canonical(queries), canonical(references)
    first = {sequence: row for row, sequence in reversed(list(enumerate(references))) if sequence}
    return np.array([first.get(sequence, -1) for sequence in queries], dtype=np.int64)


def _by_kmers_alone(queries: Sequence[str], references: Sequence[str], modality: str, rules: Rules) -> Links:
    query, reference, _ = _by_kmers.candidates(queries, references, modality)
    return _by_kmers.verify(queries, references, (query, reference), modality, rules)
