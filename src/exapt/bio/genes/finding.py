"""Finding genes: believe in some, count what they look like, score all candidates, choose the best chain; again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.candidates import Candidates
from exapt.bio.genes.chain import best_chain
from exapt.bio.genes.codes import GeneticCode
from exapt.bio.genes.counts import coding_counts, start_counts, total
from exapt.bio.genes.features import best_starts, coding, frame_features, start_features
from exapt.bio.genes.found import Genes, joined
from exapt.bio.genes.frames import EDGE, Places
from exapt.bio.genes.linear import softmax
from exapt.bio.genes.model import Model
from exapt.bio.genes.ribosomal import Intervals, ribosomal_regions
from exapt.bio.genes.tables import Array, Tables, coding_table, counted_tables, first_tables, stop_share
from exapt.bio.genes.windows import CORE, Strip, Window

LONG = 300  # letters of a frame that is believed in before anything is known
ENOUGH = 60_000  # letters of such frames from which a genome speaks for itself
SOURCE_GENES = 20  # as many genes of the training genome are counted with those of the target
COUNTED = 12_000  # genes that tables are counted of, at most
KEPT = 16_000_000  # letters of a genome whose candidates are kept in memory from pass to pass
WORSE = 3.0  # nats of utility that a start may lose to the best one of its frame
THRESHOLD = -0.25  # log-odds from which a frame is a gene; lower finds more genes and more that are none
MASKED = 0.5  # share of a candidate's letters on what looks like ribosomal RNA from which it is no gene
TOUCHED = 20  # letters that a gene may share with a gene of RNA

Advance = Callable[[int], None]


class Scene:
    """Strips of a genome, and the windows over them.

    Parameters
    ----------
    strips
        Of all contigs.
    code
        Says what is a stop.
    core
        Letters a window owns.
    ribosomal
        k-mers of ribosomal RNA, sorted; none: nothing is masked.
    rna
        Of each strip, the genes of RNA (r, 2); none: nothing more is masked.
    """

    def __init__(
        self,
        strips: Sequence[Strip],
        code: GeneticCode,
        *,
        core: int = CORE,
        ribosomal: NDArray[np.uint32] | None = None,
        rna: Sequence[Intervals] | None = None,
    ) -> None:
        self.strips, self.code, self.core = strips, code, core
        self.letters = sum(map(len, strips))
        none = np.empty((0, 2), dtype=np.int64)
        self.masked: list[Intervals] = [
            none if ribosomal is None or not len(ribosomal) else ribosomal_regions(strip.digits, ribosomal)
            for strip in strips
        ]
        self.rna: list[Intervals] = [none for _ in strips] if rna is None else list(rna)
        self._kept: dict[int, list[Window]] = {}

    def windows(self, number: int) -> Iterator[Window]:
        """The windows of a strip."""
        if self.letters > KEPT:
            yield from self.strips[number].windows(self.code, self.core)
            return
        if number not in self._kept:
            self._kept[number] = list(self.strips[number].windows(self.code, self.core))
        yield from self._kept[number]

    def choose(self, nodes: Callable[[int, Window], tuple[Genes, Array]]) -> list[Genes]:
        """Of each strip, the best chain of the nodes and their weights that a window has."""
        return [self._chosen(number, nodes) for number in range(len(self.strips))]

    def _chosen(self, number: int, nodes: Callable[[int, Window], tuple[Genes, Array]]) -> Genes:
        parts, weights = [], [np.empty(0)]
        for window in self.windows(number):
            found, weight = nodes(number, window)
            parts.append(found.moved(window.origin))
            weights.append(weight)
        found, weight = joined(parts), np.concatenate(weights)
        length = found.right - found.left
        free = shared_letters(found.left, found.right, self.masked[number]) <= MASKED * length
        free &= shared_letters(found.left, found.right, self.rna[number]) <= TOUCHED
        found, weight = found.take(free), weight[free]
        return chained(found, weight, len(self.strips[number]) if self.strips[number].circular else 0)


def find_genes(
    scene: Scene, model: Model, *, adapt: bool = True, advance: Advance = lambda letters: None
) -> list[Genes]:
    """The genes of each strip of a genome.

    Parameters
    ----------
    scene
        The genome.
    model
        What was learned on another one.
    adapt
        Count the tables on this genome; False: use those of the genome that the model was trained on.
    advance
        Called with the letters that were gone through; `passes` times the length of the genome in all.
    """
    believed, tables = first_genes(scene, model.tables, adapt=adapt)
    advance(scene.letters)
    for start, frame in zip(model.starts, model.frames, strict=True):
        if adapt:
            tables = counted(scene, believed, tables, model.tables)
        advance(scene.letters)
        previous, current = believed, tables

        def nodes(
            number: int,
            window: Window,
            previous: list[Genes] = previous,
            current: Tables = current,
            start: Array = start,
            frame: Array = frame,
        ) -> tuple[Genes, Array]:
            if not len(window.candidates.frames):
                return _genes(window.candidates, np.empty(0, dtype=np.int64)), np.empty(0)
            seen = window.inside(previous[number])
            sums = current.sums(window.candidates)
            rows = start_features(window.candidates, current, sums, seen)
            features, _ = frame_features(window.candidates, current, sums, rows, start, seen)
            return scored(window.candidates, rows @ start, features @ frame, rows[:, 3])

        believed = scene.choose(nodes)
        advance(scene.letters)
    return believed


def passes(model: Model) -> int:
    """How often `find_genes` goes through a genome."""
    return 1 + 2 * len(model.starts)


def first_genes(scene: Scene, source: Tables | None, *, adapt: bool = True) -> tuple[list[Genes], Tables]:
    """Genes to begin with, and the tables that chose them: long frames, by the coding potential of the longest of them.

    Where a genome is too short for that, or is not to be adapted to, the tables of the `source` choose.
    """
    tables = source
    if adapt or source is None:
        longest = scene.choose(lambda number, window: _long_frames(window.candidates))
        if source is None or sum(int((genes.right - genes.left).sum()) for genes in longest) >= ENOUGH:
            counts = np.zeros((2, 4096), dtype=np.int64)
            for window, _, own in _owned(scene, _some(longest)):
                counts += coding_counts(window.candidates, own)
            tables = first_tables(coding_table(counts), stop_share(counts, scene.code))
    assert tables is not None
    known = tables

    def nodes(number: int, window: Window) -> tuple[Genes, Array]:
        candidates = window.candidates
        frames = candidates.frames
        if not len(frames):
            return _genes(candidates, np.empty(0, dtype=np.int64)), np.empty(0)
        value = coding(candidates, known.sums(candidates)) + known.kind[frames.kind]
        value = value + np.where(frames.kind == EDGE, 0.0, known.binding(candidates.upstream))
        best = best_starts(frames, value)
        long = (frames.end - frames.start[frames.first[:-1]] >= LONG) & (value[best] > 0)
        return _genes(candidates, best[long]), value[best[long]]

    return scene.choose(nodes), known


def counted(scene: Scene, believed: list[Genes], before: Tables, source: Tables | None) -> Tables:
    """The tables of the genes believed in, blended with some of the source."""
    coding_total = np.zeros((2, 4096), dtype=np.int64)
    parts = []
    some = _some(believed)
    for window, number, own in _owned(scene, some):
        coding_total += coding_counts(window.candidates, own)
        parts.append(start_counts(window.candidates, own, window.inside(believed[number])))
    genes = sum(map(len, some))
    if not genes:
        return before
    tables = counted_tables(coding_table(coding_total), stop_share(coding_total, scene.code), total(parts), before)
    return tables if source is None else tables.blended(source, SOURCE_GENES / (genes + SOURCE_GENES))


def scored(candidates: Candidates, utility: Array, odds: Array, binding: Array) -> tuple[Genes, Array]:
    """The genes that may be chosen, each with its weight: the log-odds of the frame, less what its start is worse."""
    frames = candidates.frames
    if not len(frames):
        return _genes(candidates, np.empty(0, dtype=np.int64)), np.empty(0)
    share, _ = softmax(utility, frames.first)
    worse = utility - np.maximum.reduceat(utility, frames.first[:-1])[frames.owner]
    weight = odds[frames.owner] - THRESHOLD + worse
    rows = np.flatnonzero((worse > -WORSE) & (weight > 0))
    return _genes(candidates, rows, odds[frames.owner[rows]], share[rows], binding[rows]), weight[rows]


def chained(genes: Genes, weight: Array, circle: int = 0) -> Genes:
    """The best chain, from left to right; of a circle, it is cut where the fewest candidates are."""
    if not len(genes):
        return genes
    cut = _cut(genes, weight, circle) if circle else 0
    turned = genes
    if circle:
        left = (genes.left - cut) % circle
        turned = genes.moved(0)
        turned = Genes(left, left + genes.right - genes.left, *list(vars(turned).values())[2:])
        inside = turned.right <= circle
        turned, weight = turned.take(inside), weight[inside]
    found = turned.take(best_chain(turned.left, turned.right, turned.reverse, weight))
    if circle:
        left = (found.left + cut) % circle
        found = Genes(left, left + found.right - found.left, *list(vars(found).values())[2:])
    return found.take(np.lexsort((found.right, found.left)))


def _cut(genes: Genes, weight: Array, circle: int) -> int:
    """The first place of a circle with the least total weight of the candidates over it."""
    left, right = genes.left % circle, genes.left % circle + genes.right - genes.left
    over = right > circle
    places = np.concatenate([[0], left, np.where(over, right - circle, right) % circle])
    change = np.concatenate([[weight[over].sum()], weight, -weight])
    order = np.argsort(places, kind="stable")
    at, first = np.unique(places[order], return_index=True)
    height = np.add.reduceat(change[order], first).cumsum()
    return int(at[np.argmax(height <= height.min() + 1e-6)])


def _long_frames(candidates: Candidates) -> tuple[Genes, Array]:
    first = candidates.frames.first[:-1]
    rows = first[candidates.frames.end - candidates.frames.start[first] >= LONG]
    genes = _genes(candidates, rows)
    return genes, (genes.right - genes.left).astype(float)


def _genes(
    candidates: Candidates,
    rows: Places,
    score: Array | None = None,
    start: Array | None = None,
    binding: Array | None = None,
) -> Genes:
    left, right = candidates.bounds(rows)
    owner = candidates.frames.owner[rows]
    rest = [np.zeros(len(rows)) if values is None else values for values in (score, start, binding)]
    return Genes(
        left, right, candidates.reverse[owner], candidates.frames.closed[owner], candidates.frames.kind[rows], *rest
    )


def shared_letters(left: Places, right: Places, regions: Intervals) -> Places:
    """(g,) letters of each interval that lie on one of the regions (r, 2), in any order.

    Examples
    --------
    >>> shared_letters(np.array([0, 50]), np.array([40, 90]), np.array([[60, 70], [30, 65]])).tolist()
    [10, 20]
    """
    if not len(regions):
        return np.zeros(len(left), dtype=np.int64)
    begin, end = regions[np.argsort(regions[:, 0], kind="stable")].T
    end = np.maximum.accumulate(end)
    begin = np.maximum(begin, np.concatenate([begin[:1], end[:-1]]))  # what two regions share counts once
    total = np.concatenate([[0], np.cumsum(end - begin)])

    def before(place: Places) -> Places:
        count = np.searchsorted(begin, place)
        within = np.maximum(end[np.maximum(count - 1, 0)] - place, 0)
        return total[count] - np.where(count > 0, within, 0)

    return before(right) - before(left)


def _some(genes: list[Genes]) -> list[Genes]:
    """At most COUNTED genes, evenly spread."""
    step = -(-sum(map(len, genes)) // COUNTED) or 1
    found, before = [], 0
    for part in genes:
        found.append(part.take(np.arange(-before % step, len(part), step)))
        before += len(part)
    return found


def _owned(scene: Scene, genes: list[Genes]) -> Iterator[tuple[Window, int, Genes]]:
    """Each window that owns some of the genes, its strip, and these genes in its coordinates."""
    for number, part in enumerate(genes):
        if len(part):
            for window in scene.windows(number):
                own = window.own(window.inside(part))
                if len(own):
                    yield window, number, own
