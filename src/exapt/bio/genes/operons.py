"""Operon-like transcripts: runs of genes on one strand that lie closer than genes of two transcripts do.

Nobody says which neighbours are transcribed together, but the genome says how far neighbours lie apart that cannot be:
those on opposite strands. Between two ends of transcripts there is twice the room behind an end, between two starts
twice the room before a start; so neighbours on one strand, between which a transcript ends and the next begins, lie as
far apart as half of the one and half of the other. If strands are drawn anew for each transcript, there are about as
many of these as of neighbours on opposite strands.

References
----------
Salgado et al. (2000) Operons in Escherichia coli: genomic analyses and predictions. doi:10.1073/pnas.110147297
Price et al. (2005) A novel method for accurate operon predictions in all sequenced prokaryotes. doi:10.1093/nar/gki232
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.found import Genes

BOUNDS = np.array([-40, -15, -6, -2, 3, 10, 20, 30, 45, 60, 80, 100, 125, 150, 180, 220, 280, 360, 500])
SOURCE_PAIRS = 60  # as many neighbours of E. coli are counted with those of the target
# of the annotated genes of E. coli K-12: neighbours of one strand, and how many of these two transcripts would have
SOURCE_SAME = np.array(
    [34, 59, 132, 261, 272, 193, 301, 145, 116, 145, 183, 152, 167, 141, 122, 144, 129, 117, 91, 106]
)
SOURCE_APART = np.array([12, 3, 1, 1, 1, 2, 5, 7, 22, 39, 87, 116, 163, 160, 161, 159, 124, 83, 57, 82])
QUANTILES = np.linspace(0, 1, 201)
SPACER = 500  # letters between ribosomal RNA and the next ribosomal or transfer RNA of the same transcript, at most
SPACED = 0.99
TOGETHER = 0.5  # probability from which two neighbours are on one transcript
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A gene: left and right end, strand, and its kind.

    Kinds are those of the Sequence Ontology, `gene` for one of a protein.
    """

    left: int
    right: int
    reverse: bool
    kind: str = "gene"


@dataclass(frozen=True)
class Operon:
    """Neighbours on one transcript.

    Attributes
    ----------
    members
        Their numbers in the list of places, from left to right.
    probability
        That no transcript ends between two of them, at the place where this is least likely.
    """

    members: tuple[int, ...]
    probability: float


def distances(genes: Sequence[Genes]) -> tuple[Array, Array, Array]:
    """Letters between neighbours of one strand, between two ends of genes, and between two starts."""
    columns: tuple[list[Array], list[Array], list[Array]] = ([np.empty(0)], [np.empty(0)], [np.empty(0)])
    for found in genes:
        order = np.argsort(found.left, kind="stable")
        left, right, reverse = found.left[order], found.right[order], found.reverse[order]
        gap = (left[1:] - right[:-1]).astype(np.float64)
        alike, facing = reverse[1:] == reverse[:-1], reverse[1:] & ~reverse[:-1]
        for column, rows in zip(columns, (alike, facing, ~alike & ~facing), strict=True):
            column.append(gap[rows])
    return np.concatenate(columns[0]), np.concatenate(columns[1]), np.concatenate(columns[2])


def together(genes: Sequence[Genes]) -> Array:
    """(len(BOUNDS) + 1,) probability that neighbours of one strand share a transcript, by the class of their distance.

    Parameters
    ----------
    genes
        The genes of each contig.

    Examples
    --------
    >>> from exapt.bio.genes.found import no_genes
    >>> few = together([no_genes()])
    >>> bool(few[4] > 0.9 > 0.1 > few[-1])
    True
    """
    gaps, ends, starts = distances(genes)
    same = np.bincount(classes(gaps), minlength=len(BOUNDS) + 1).astype(float)
    apart = np.zeros(len(same))
    if len(ends) and len(starts):
        halves = (np.quantile(ends, QUANTILES)[:, None] + np.quantile(starts, QUANTILES)) / 2
        apart = np.bincount(classes(halves.ravel()), minlength=len(same)) / halves.size
    reverse = sum(int(found.reverse.sum()) for found in genes)
    share = (reverse + 10) / (sum(map(len, genes)) + 20)
    apart = apart * (len(ends) + len(starts)) * (share**2 + (1 - share) ** 2) / (2 * share * (1 - share))
    weight = SOURCE_PAIRS / SOURCE_SAME.sum()
    same, apart = same + weight * SOURCE_SAME, apart + weight * SOURCE_APART
    return _falling(1 - apart / same, same)


def classes(gap: NDArray[np.integer] | Array) -> NDArray[np.int64]:
    """The class of each distance."""
    return np.searchsorted(BOUNDS, gap, side="right").astype(np.int64)


def _falling(values: Array, weight: Array) -> Array:
    """The nearest probabilities that do not rise from overlapping by a few letters outwards."""
    from sklearn.isotonic import isotonic_regression

    found: Array = np.clip(isotonic_regression(values, sample_weight=weight, increasing=False), 0.01, 0.99)
    return found


def operons(places: Sequence[Place], probability: Array, circle: int = 0) -> list[Operon]:
    """The runs of at least two places, from left to right.

    Parameters
    ----------
    places
        Genes of one contig, from left to right.
    probability
        See `together`.
    circle
        Length of a circular contig, where the last gene may be together with the first; 0 for a linear one.

    Examples
    --------
    >>> places = [Place(0, 300, False), Place(310, 600, False), Place(900, 1200, False), Place(1210, 1500, True)]
    >>> [operon.members for operon in operons(places, together([]))]
    [(0, 1)]
    """
    count = len(places)
    pairs = [(number, number + 1) for number in range(count - 1)]
    if circle and count > 2:
        pairs.append((count - 1, 0))
    joined = {}
    for one, other in pairs:
        gap = places[other].left + (circle if other < one else 0) - places[one].right
        value = float(probability[classes(np.array([gap]))[0]])
        if gap <= SPACER and {places[one].kind, places[other].kind} in ({"rRNA"}, {"rRNA", "tRNA"}):
            value = SPACED
        if places[one].reverse == places[other].reverse and value >= TOGETHER:
            joined[one] = value
    first = [number for number in range(count) if number in joined and (number - 1) % count not in joined]
    found = []
    for number in first:
        members, values = [number], []
        while members[-1] in joined:
            values.append(joined[members[-1]])
            members.append((members[-1] + 1) % count)
        found.append(Operon(tuple(members), min(values)))
    return found
