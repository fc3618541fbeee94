"""What a genome says about its own genes without labels: coding potential, start sites, distances of neighbours.

Every table is a log-odds of two counts, that of the genes believed in so far and that of what they are told from.

References
----------
Hyatt et al. (2010) Prodigal: prokaryotic gene recognition and translation initiation site identification.
doi:10.1186/1471-2105-11-119
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.candidates import AROUND, HEXAMERS, SPACERS, Candidates, Hexamers
from exapt.bio.genes.codes import GeneticCode
from exapt.bio.genes.counts import Counts, StartCounts
from exapt.bio.genes.neighbours import CLASSES

Array = NDArray[np.float64]
Sums = tuple[NDArray[np.int32], NDArray[np.int32]]
BACKOFF = 20.0  # a codon's successors are believed after so many
EXPECTATIONS = 4
SHINE_DALGARNO = "AGGAGG"
UNIT = 1024  # coding potential is counted in whole 1/1024 nats, so that sums do not depend on their order
FIRST_KIND = (1.2, -0.5, -1.2)  # of ATG, GTG, TTG, before anything is counted


@dataclass(frozen=True)
class Tables:
    """Log-odds in nats.

    Attributes
    ----------
    coding
        (4097,) of the second codon of a hexamer after the first, in frame against the five other frames.
    motif
        (4097,) of a ribosome-binding hexamer.
    spacing
        (len(SPACERS),) probability of each spacer; in all, that there is a site.
    kind
        (4,) of the start codons; 0 for `EDGE`.
    around
        (len(AROUND), 5) of the letters around a start; 0 for an unknown one.
    neighbour
        (CLASSES,) of the distance to the gene before.
    stop
        (1,) share of stops among the codons that genes have in their wrong frames: how long a frame is by chance.
    """

    coding: Array
    motif: Array
    spacing: Array
    kind: Array
    around: Array
    neighbour: Array
    stop: Array

    def sums(self, candidates: Candidates) -> Sums:
        """Sums of the coding potential in steps of three, of both strands, (L + 3 or more,), in 1/UNIT nats.

        That of the hexamers at a, a + 3 ... b - 3 is sums[b] - sums[a]; the numbers may wrap around, differences are
        right.
        """
        whole = np.round(UNIT * self.coding).astype(np.int32)
        found = []
        for hexamers in candidates.hexamers:
            padded = np.zeros(3 * (len(hexamers) // 3 + 2), dtype=np.int32)
            np.take(whole, hexamers, out=padded[3 : 3 + len(hexamers)])
            found.append(np.cumsum(padded.reshape(-1, 3), axis=0, dtype=np.int32).ravel())
        return found[0], found[1]

    def binding(self, upstream: Hexamers) -> Array:
        """(m,) log-odds of a ribosome-binding site before each start."""
        odds = np.exp(self.motif)[upstream]
        found: Array = np.log((odds * self.spacing).sum(1) + 1 - self.spacing.sum())
        return found

    def letters(self, around: NDArray[np.uint8]) -> Array:
        """(m, len(AROUND)) log-odds of each letter around each start."""
        return self.around[np.arange(len(AROUND)), around]

    def blended(self, other: Tables, weight: float) -> Tables:
        """Between these tables (weight 0) and others (weight 1)."""
        pairs = [(getattr(self, field.name), getattr(other, field.name)) for field in fields(self)]
        return Tables(*((1 - weight) * mine + weight * theirs for mine, theirs in pairs))


def first_tables(coding: Array, stop: Array) -> Tables:
    """Before a start is known: coding potential, the usual start codons, the consensus of ribosome-binding sites."""
    matrix = np.full((6, 4), np.log(0.15 / 0.25))
    for place, letter in enumerate(SHINE_DALGARNO):
        matrix[place]["ACGT".index(letter)] = np.log(0.55 / 0.25)
    spacing = np.exp(-0.5 * ((SPACERS - 7.0) / 2.0) ** 2)
    kind = np.array([*FIRST_KIND, 0.0])
    return Tables(
        coding, _motif(matrix), 0.6 * spacing / spacing.sum(), kind, np.zeros((len(AROUND), 5)), np.zeros(CLASSES), stop
    )


def coding_table(counts: Counts) -> Array:
    """(4097,) coding potential, from the hexamers of genes and those of their wrong frames, (2, 4096)."""
    inside, outside = (_conditional(count.reshape(64, 64), counts[0]) for count in counts)
    return np.append((np.log(inside) - np.log(outside)).ravel(), 0.0)


def _conditional(counts: Counts, genes: Counts) -> Array:
    """(64, 64) probability of the second codon after the first, of those that occur within genes."""
    within = genes.reshape(64, 64).sum(0) > 0
    kept = np.where(within, counts, 0.0)
    single = np.where(within, kept.sum(0) + 1, 0.0)
    single /= max(single.sum(), 1.0)
    return np.where(within, (kept + BACKOFF * single) / (kept.sum(1, keepdims=True) + BACKOFF), 1.0)


def stop_share(counts: Counts, code: GeneticCode) -> Array:
    """(1,) share of stops in the wrong frames of genes, from the hexamers of genes and those of their wrong frames."""
    single = counts[1].reshape(64, 64).sum(1)
    stops = code.stops()[:64]
    return np.array([(single[stops].sum() + stops.sum()) / (single.sum() + 64)])


def counted_tables(coding: Array, stop: Array, counts: StartCounts, before: Tables) -> Tables:
    """New tables; the search for the ribosome-binding motif begins at that of the tables `before`."""
    motif, spacing = _binding_site(counts.upstream, counts.background, before.motif, before.spacing)
    kind = np.append(_log_odds(counts.kind + 1.0), 0.0)
    around = np.zeros((len(AROUND), 5))
    around[:, :4] = _log_odds(counts.around[:, :, :4] + 2.0)
    return Tables(coding, motif, spacing, kind, around, _log_odds(counts.neighbour + 5.0), stop)


def _log_odds(counts: NDArray[np.floating[Any]]) -> Array:
    """Of the frequencies along the last axis, the first row against the second."""
    frequency = counts / counts.sum(-1, keepdims=True)
    found: Array = np.log(frequency[0]) - np.log(frequency[1])
    return found


def _binding_site(sites: Hexamers, background: Counts, motif: Array, spacing: Array) -> tuple[Array, Array]:
    """Expectation maximisation: at most one hexamer a start, drawn from a matrix; all else as before other starts."""
    base = _by_letter(background[:HEXAMERS].astype(float)).sum(0) + 1.0
    base /= base.sum()
    for _ in range(EXPECTATIONS):
        odds = np.exp(motif)[sites] * spacing
        share = odds / (odds.sum(1, keepdims=True) + 1 - spacing.sum())
        spacing = (share.sum(0) + 1.0) / (len(sites) + 2.0 * len(SPACERS))
        matrix = _by_letter(np.bincount(sites.ravel(), share.ravel(), minlength=HEXAMERS + 1)[:HEXAMERS]) + 1.0
        motif = _motif(np.log(matrix / matrix.sum(1, keepdims=True)) - np.log(base))
    return motif, spacing


def _motif(matrix: Array) -> Array:
    """(4097,) sum of a (6, 4) matrix of log-odds over the letters of each hexamer; 0 for an unknown one."""
    return np.append(matrix[np.arange(6), _letters()].sum(1), 0.0)


def _by_letter(weight: NDArray[Any]) -> Array:
    """(6, 4) weight of each letter at each place of the hexamers, whose weights (4096,) are given."""
    letters = _letters()
    return np.stack([np.bincount(letters[:, place], weight, minlength=4) for place in range(6)])


def _letters() -> NDArray[np.int64]:
    """(4096, 6) digits of each hexamer."""
    return np.arange(HEXAMERS)[:, None] // 4 ** np.arange(5, -1, -1) % 4
