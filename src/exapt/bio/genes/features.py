"""What the linear models read: one row a start, and one row a frame at its best start.

How long a frame is says more where stops are frequent, so lengths are read in stops expected by chance as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.candidates import AROUND, Candidates
from exapt.bio.genes.found import Genes
from exapt.bio.genes.frames import EDGE, Frames, Places
from exapt.bio.genes.linear import softmax
from exapt.bio.genes.neighbours import CLASSES, classes, covered, flanks
from exapt.bio.genes.tables import UNIT, Array, Sums, Tables

MANY = 8.0  # stops expected by chance in a frame that has none, beyond which more say nothing
NEARBY = 45  # letters on each side of a start whose coding potential is looked at by itself
START_FEATURES = (
    "coding", "coding_after", "coding_before", "binding", "kind", "letters", "gtg", "ttg",
    "longest", "log_length", "stops_before", "neighbour", "edge",
)  # fmt: skip
START_WIDTH = len(START_FEATURES) + len(AROUND) + CLASSES
FRAME_FEATURES = (
    "one", "coding", "coding_root", "coding_a_codon", "coding_a_codon_low", "margin_root", "margin_a_codon",
    "log_length", "log_length_2", "short", "binding", "kind", "letters", "neighbour", "certainty", "edge_start",
    "edge_end", "starts", "strength", "site", "covered", "stops", "log_stops", "log_stops_2", "same_before",
    "same_after", "same_both",
)  # fmt: skip


def coding(candidates: Candidates, sums: Sums) -> Array:
    """(m,) coding potential from each start to the end of its frame, in nats."""
    owner = candidates.frames.owner
    return _between(sums, candidates.reverse[owner], candidates.frames.start, candidates.last()[owner])


def start_features(candidates: Candidates, tables: Tables, sums: Sums, believed: Genes) -> Array:
    """(m, START_WIDTH): START_FEATURES, the log-odds of each letter around the start, the class of the neighbour."""
    frames = candidates.frames
    owner, begin = frames.owner, frames.start
    reverse, last = candidates.reverse[owner], candidates.last()[owner]
    whole = _between(sums, reverse, begin, last)
    length = (frames.end[owner] - begin).astype(float)
    longest = np.zeros(len(begin))
    longest[frames.first[:-1]] = 1.0
    edge = frames.kind == EDGE
    real = (~edge).astype(float)
    klass = classes(candidates, believed)
    letters = tables.letters(candidates.around) * real[:, None]
    columns = [
        whole,
        _between(sums, reverse, begin, np.minimum(begin + NEARBY, last)),
        _between(sums, reverse, np.maximum(begin - NEARBY, begin % 3), begin) * real,
        tables.binding(candidates.upstream) * real,
        tables.kind[frames.kind],
        letters.sum(1),
        frames.kind == 1,
        frames.kind == 2,
        longest,
        np.log(length / length[frames.first[:-1]][owner]),
        np.log1p(tables.stop * (length[frames.first[:-1]][owner] - length) / 3),
        tables.neighbour[klass] * real,
        edge,
    ]
    one_hot = (klass[:, None] == np.arange(CLASSES)) & ~edge[:, None]
    return np.concatenate([np.stack(columns, axis=1).astype(np.float64), letters, one_hot], axis=1)


def frame_features(
    candidates: Candidates,
    tables: Tables,
    sums: Sums,
    starts: Array,
    weights: Array,
    believed: Genes,
) -> tuple[Array, Places]:
    """(n, len(FRAME_FEATURES)), and the best start of each frame (n,)."""
    frames = candidates.frames
    utility = starts @ weights
    best = best_starts(frames, utility)
    _, total = softmax(utility, frames.first)
    row = starts[best]
    whole, length = row[:, 0], (frames.end - frames.start[best]).astype(float)
    codons = length / 3
    margin = whole - _wrong_frames(candidates, sums, best)
    log_length = np.log(length / 300)
    stops = tables.stop * codons
    before, after = flanks(candidates, best, believed)
    columns = [
        np.ones(len(best)),
        whole / 100,
        np.arcsinh(whole / 5),
        whole / codons,
        np.minimum(whole / codons, 0.1),
        np.arcsinh(margin / 5),
        margin / codons,
        log_length,
        log_length**2,
        np.minimum(log_length, -0.5),
        row[:, 3],
        row[:, 4],
        row[:, 5],
        row[:, 10],
        utility[best] - total,
        frames.kind[best] == EDGE,
        ~frames.closed,
        np.log(np.diff(frames.first)),
        utility[best] - row[:, 0] * weights[0],
        utility[best] - row[:, [0, 8, 9]] @ weights[[0, 8, 9]],
        covered(candidates, best, believed),
        np.minimum(stops, MANY),
        np.log(stops),
        np.log(stops) ** 2,
        before,
        after,
        before & after,
    ]
    return np.stack(columns, axis=1).astype(np.float64), best


def best_starts(frames: Frames, utility: Array) -> Places:
    """(n,) the start of the greatest utility of each frame, the longest gene among equals."""
    top = np.maximum.reduceat(utility, frames.first[:-1])
    hits = np.flatnonzero(utility == top[frames.owner])
    _, where = np.unique(frames.owner[hits], return_index=True)
    return hits[where]


def _between(sums: Sums, reverse: NDArray[np.bool_], begin: Places, last: Places) -> Array:
    """Coding potential of the hexamers at begin, begin + 3 ... last - 3, in nats."""
    last = np.maximum(last, begin)
    found = np.empty(len(begin), dtype=np.int32)
    for strand in (0, 1):
        on = reverse == bool(strand)
        found[on] = sums[strand][last[on]] - sums[strand][begin[on]]
    return found / UNIT


def _wrong_frames(candidates: Candidates, sums: Sums, best: Places) -> Array:
    """(n,) the greatest coding potential of the five other frames over the same letters."""
    begin, last = candidates.frames.start[best], candidates.last()
    top = np.full(len(best), -np.inf)
    for shift in (1, 2):
        top = np.maximum(top, _between(sums, candidates.reverse, begin + shift, last - 3 + shift))
    far, near = candidates.length - last, candidates.length - begin
    for shift in (0, 1, 2):
        top = np.maximum(top, _between(sums, ~candidates.reverse, far - shift, near - 3 - shift))
    return top
