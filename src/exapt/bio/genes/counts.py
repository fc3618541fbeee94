"""Counts of what stands in and around the genes believed in; sums of whole numbers, so that windows may be added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.candidates import AROUND, HEXAMERS, Candidates, Hexamers
from exapt.bio.genes.found import Genes
from exapt.bio.genes.frames import EDGE, Places
from exapt.bio.genes.neighbours import CLASSES, classes

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class StartCounts:
    """Of the starts believed in (first row), and of the other starts of the same frames (second row).

    Attributes
    ----------
    kind
        (2, EDGE) start codons.
    around
        (2, len(AROUND), 5) letters at each place.
    neighbour
        (2, CLASSES) classes of the distance to the gene before.
    upstream
        (g, len(SPACERS)) hexamers before the starts believed in.
    background
        (4097,) hexamers before the others.
    """

    kind: Counts
    around: Counts
    neighbour: Counts
    upstream: Hexamers
    background: Counts


def coding_counts(candidates: Candidates, genes: Genes) -> Counts:
    """(2, 4096) hexamers of the genes in frame, and in the five wrong frames of the same letters."""
    counts = np.zeros((2, HEXAMERS + 1), dtype=np.int64)
    length = candidates.length
    begin = np.where(genes.reverse, length - genes.right, genes.left)
    end = np.where(genes.reverse, length - genes.left, genes.right)
    last = end - np.where(genes.closed, 6, 3)
    for strand in (0, 1):
        on = genes.reverse == bool(strand)
        here, there = candidates.hexamers[strand], candidates.hexamers[1 - strand]
        place = _steps(begin[on], last[on])
        counts[0] += np.bincount(here[place], minlength=HEXAMERS + 1)
        inner = place[(place > 2) & (place < length - 8)]
        wrong = [here[inner + shift] for shift in (1, 2)]
        wrong += [there[length - 6 - inner - shift] for shift in (0, 1, 2)]
        for hexamers in wrong:
            counts[1] += np.bincount(hexamers, minlength=HEXAMERS + 1)
    known: Counts = counts[:, :HEXAMERS]
    return known


def _steps(begin: Places, last: Places) -> Places:
    """begin, begin + 3 ... of each gene, up to but without `last`."""
    counts = np.maximum((last - begin) // 3, 0)
    offset = np.cumsum(counts) - counts
    found: Places = np.repeat(begin - 3 * offset, counts) + 3 * np.arange(counts.sum())
    return found


def start_counts(candidates: Candidates, counted: Genes, believed: Genes) -> StartCounts:
    """Counts at the starts of the genes `counted`, whose neighbours are the genes `believed` in."""
    frames = candidates.frames
    rows = candidates.rows(counted)
    chosen, same = np.zeros(len(frames.start), dtype=bool), np.zeros(len(frames), dtype=bool)
    chosen[rows] = True
    same[frames.owner[rows]] = True
    real = frames.kind != EDGE
    sides = [np.flatnonzero(chosen & real), np.flatnonzero(same[frames.owner] & ~chosen & real)]
    klass = classes(candidates, believed)
    places = 5 * np.arange(len(AROUND))
    return StartCounts(
        np.stack([np.bincount(frames.kind[side], minlength=EDGE) for side in sides]),
        np.stack(
            [np.bincount((candidates.around[s] + places).ravel(), minlength=5 * len(AROUND)) for s in sides]
        ).reshape(2, len(AROUND), 5),
        np.stack([np.bincount(klass[side], minlength=CLASSES) for side in sides]),
        candidates.upstream[sides[0]],
        np.bincount(candidates.upstream[sides[1]].ravel(), minlength=HEXAMERS + 1),
    )


def total(parts: Sequence[StartCounts]) -> StartCounts:
    """Counts of several windows together."""
    return StartCounts(
        sum((part.kind for part in parts[1:]), parts[0].kind),
        sum((part.around for part in parts[1:]), parts[0].around),
        sum((part.neighbour for part in parts[1:]), parts[0].neighbour),
        np.concatenate([part.upstream for part in parts]),
        sum((part.background for part in parts[1:]), parts[0].background),
    )
