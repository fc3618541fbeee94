"""How far a start lies from the gene before it: within an operon a few letters, often four that both genes share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.candidates import Candidates
from exapt.bio.genes.chain import OVERLAP
from exapt.bio.genes.found import Genes
from exapt.bio.genes.frames import Places

SAME = np.array([-OVERLAP, -20, -8, -4, -3, -1, 0, 5, 10, 15, 20, 30, 45, 65, 100, 150, 200])  # lower bounds
OTHER = np.array([-OVERLAP, 0, 40, 80, 120, 200])
FAR = len(SAME) + len(OTHER) - 2  # further than the last bound of either, where both agree
CLASSES = FAR + 1
REACH = 400  # letters to a neighbour that a frame is told by
_NONE = -(1 << 40)


def classes(candidates: Candidates, genes: Genes) -> NDArray[np.int64]:
    """(m,) class of each start by the nearer one of the genes before it on either strand."""
    frames = candidates.frames
    strand_of = candidates.reverse[frames.owner]
    found = np.full(len(frames.start), FAR)
    for strand in (False, True):
        on = np.flatnonzero(strand_of == strand)
        ends = candidates.length - genes.left if strand else genes.right
        same = _distance(frames.start[on], ends[genes.reverse == strand])
        other = _distance(frames.start[on], ends[genes.reverse != strand])
        class_same = np.minimum(np.searchsorted(SAME, same, side="right") - 1, len(SAME) - 1)
        class_other = len(SAME) - 1 + np.searchsorted(OTHER, other, side="right") - 1
        class_same[same >= SAME[-1]] = FAR
        class_other[other >= OTHER[-1]] = FAR
        found[on] = np.where(same <= other, class_same, class_other)
    return found


def _distance(start: Places, ends: Places) -> Places:
    """Letters between each start and the nearest end before it, at least -OVERLAP; very many where there is none."""
    ends = np.concatenate([[_NONE], np.sort(ends)])
    return start - ends[np.searchsorted(ends, start + OVERLAP, side="right") - 1]


def flanks(candidates: Candidates, best: Places, genes: Genes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) each: whether the gene before a frame, from its start `best`, is near and on its strand; that after it."""
    left, right = candidates.bounds(best)
    order = np.argsort(genes.right, kind="stable")
    ends = np.concatenate([[_NONE], genes.right[order]])
    place = np.searchsorted(ends, left + OVERLAP) - 1
    on = np.concatenate([[False], genes.reverse[order]])[place]
    lower = (left - ends[place] < REACH) & (on == candidates.reverse)
    begins = np.concatenate([genes.left, [-_NONE]])
    place = np.searchsorted(begins, right - OVERLAP, side="right")
    on = np.concatenate([genes.reverse, [False]])[place]
    upper = (begins[place] - right < REACH) & (on == candidates.reverse)
    return np.where(candidates.reverse, upper, lower), np.where(candidates.reverse, lower, upper)


def covered(candidates: Candidates, best: Places, genes: Genes) -> NDArray[np.float64]:
    """(n,) share of the letters of each frame, from its start `best`, on which other genes lie."""
    total = np.concatenate([[0], np.cumsum(genes.right - genes.left)])

    def before(place: Places) -> Places:
        """Letters of genes left of each place."""
        count = np.searchsorted(genes.left, place)
        if not len(genes):
            return np.zeros_like(place)
        beyond = np.maximum(genes.right[np.maximum(count - 1, 0)] - place, 0)
        return total[count] - np.where(count > 0, beyond, 0)

    left, right = candidates.bounds(best)
    shared = before(right) - before(left)
    keys = candidates.keys()
    order = np.argsort(genes.keys)
    known = genes.keys[order]
    place = np.minimum(np.searchsorted(known, keys), max(len(genes) - 1, 0))
    if len(genes):
        own = known[place] == keys
        gene = order[place]
        overlap = np.minimum(right, genes.right[gene]) - np.maximum(left, genes.left[gene])
        shared = shared - np.where(own, np.maximum(overlap, 0), 0)
    return np.clip(shared / (right - left), 0.0, 1.0)
