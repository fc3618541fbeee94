"""Learning the linear models from an annotated genome, whose parts adapt themselves as a new genome would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import GeneticCode
from exapt.bio.genes.features import START_FEATURES, START_WIDTH, frame_features, start_features
from exapt.bio.genes.finding import Scene, counted, first_genes, scored
from exapt.bio.genes.found import Genes
from exapt.bio.genes.linear import conditional_logit, logistic
from exapt.bio.genes.model import Model
from exapt.bio.genes.ribosomal import K, kmers
from exapt.bio.genes.tables import Array, Tables
from exapt.bio.genes.windows import Strip, Window

ROUNDS = 2
START_RIDGE, FRAME_RIDGE = 1e-4, 1e-5
PLACE_RIDGE = 1e-2  # of what single places and classes of neighbours say beyond their common weight


@dataclass(frozen=True)
class Truth:
    """The annotation of a strip.

    Attributes
    ----------
    genes
        The coding genes.
    ignored
        (p, 3) left, right, reverse of pseudogenes: frames over them on their strand are neither right nor wrong.
    """

    genes: Genes
    ignored: NDArray[np.int64]


def train(
    parts: Sequence[tuple[Strip, Truth]],
    code: GeneticCode,
    tables: Tables,
    ribosomal: NDArray[np.uint32],
    *,
    rounds: int = ROUNDS,
) -> Model:
    """The model of all parts; each part adapts to itself alone, round after round.

    Parameters
    ----------
    parts
        Pieces of one genome of the size of a small genome, with their annotation.
    code
        Of that genome.
    tables
        Of the whole genome, see `source_tables`.
    ribosomal
        See `ribosomal_kmers`.
    """
    scenes = [Scene([strip], code, core=max(len(strip), 1), ribosomal=ribosomal) for strip, _ in parts]
    states = [first_genes(scene, None) for scene in scenes]
    windows = [next(scene.windows(0)) for scene in scenes]
    truths = [_labels(window, truth) for window, (_, truth) in zip(windows, parts, strict=True)]
    starts, frames = [], []
    for _ in range(rounds):
        states = [
            (genes, counted(scene, genes, before, None)) for scene, (genes, before) in zip(scenes, states, strict=True)
        ]
        sums = [known.sums(w.candidates) for w, (_, known) in zip(windows, states, strict=True)]
        seen = [w.inside(genes[0]) for w, (genes, _) in zip(windows, states, strict=True)]
        rows = [
            start_features(w.candidates, known, s, g)
            for w, (_, known), s, g in zip(windows, states, sums, seen, strict=True)
        ]
        starts.append(_fit_starts(windows, rows, truths))
        features = [
            frame_features(w.candidates, known, s, r, starts[-1], g)[0]
            for w, (_, known), s, r, g in zip(windows, states, sums, rows, seen, strict=True)
        ]
        frames.append(_fit_frames(features, truths))
        chosen = []
        for scene, row, feature, (_, known) in zip(scenes, rows, features, states, strict=True):
            utility, odds = row @ starts[-1], feature @ frames[-1]
            node = lambda _n, w, u=utility, o=odds, b=row[:, 3]: scored(w.candidates, u, o, b)  # noqa: E731
            chosen.append((scene.choose(node), known))
        states = chosen
    return Model(np.stack(starts), np.stack(frames), tables, ribosomal)


def source_tables(strip: Strip, truth: Truth, code: GeneticCode) -> Tables:
    """The tables of the annotated genes of a genome."""
    scene = Scene([strip], code)
    _, before = first_genes(scene, None)
    tables = counted(scene, [truth.genes], before, None)
    return counted(scene, [truth.genes], tables, None)


def ribosomal_kmers(strip: Strip, genes: Sequence[tuple[int, int, bool]]) -> NDArray[np.uint32]:
    """Sorted k-mers of the ribosomal RNA genes at these places (left, right, reverse)."""
    from exapt.bio.genes.codes import other_strand

    found = [np.empty(0, dtype=np.uint32)]
    for left, right, reverse in genes:
        letters = strip.digits[left:right]
        found.append(kmers(other_strand(letters) if reverse else letters))
    codes = np.unique(np.concatenate(found))
    known: NDArray[np.uint32] = codes[codes < 4**K]
    return known


@dataclass(frozen=True)
class _Labels:
    gene: NDArray[np.bool_]  # (n,) the frame is one
    counts: NDArray[np.bool_]  # (n,) it is right or wrong
    starts: NDArray[np.int64]  # (g,) rows of the true starts


def _labels(window: Window, truth: Truth) -> _Labels:
    candidates = window.candidates
    gene = np.isin(candidates.keys(), truth.genes.keys)
    left, right = candidates.bounds(candidates.frames.first[:-1])
    over = np.zeros(len(gene), dtype=bool)
    for begin, end, reverse in truth.ignored:
        over |= (candidates.reverse == bool(reverse)) & (left < end) & (right > begin)
    rows = candidates.rows(truth.genes)
    _, first = np.unique(candidates.frames.owner[rows], return_index=True)
    return _Labels(gene, gene | ~over, rows[first])


def _fit_starts(windows: list[Window], rows: list[Array], truths: list[_Labels]) -> Array:
    features, first, chosen = [], [0], []
    for window, row, truth in zip(windows, rows, truths, strict=True):
        frames = window.candidates.frames
        owner = frames.owner[truth.starts]
        sizes = np.diff(frames.first)[owner]
        begins = first[-1] + np.cumsum(sizes) - sizes
        chosen.append(begins + truth.starts - frames.first[owner])
        first += (begins + sizes).tolist()
        features.append(row[np.isin(frames.owner, owner)])
    ridge = np.full(START_WIDTH, PLACE_RIDGE)
    ridge[: len(START_FEATURES)] = START_RIDGE
    return conditional_logit(np.concatenate(features), np.array(first), np.concatenate(chosen), ridge=ridge)


def _fit_frames(features: list[Array], truths: list[_Labels]) -> Array:
    x = np.concatenate([f[t.counts] for f, t in zip(features, truths, strict=True)])
    y = np.concatenate([t.gene[t.counts] for t in truths])
    return logistic(x, y, ridge=FRAME_RIDGE)
