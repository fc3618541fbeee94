"""Large differences between two genomes: what was turned, moved, copied, lost or gained.

=================  ===========================================================================================
inversion          turned round where it stands
translocation      elsewhere than its neighbours, turned round or not
duplication        the query has a second copy
lost_copy          the target has a second copy
deletion           the query lacks it
insertion          the target lacks it
replacement        both have letters there, which are not alike
unaligned          a stretch at the end of a contig of the target, or between two contigs of the query
=================  ===========================================================================================
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

import numpy as np

from exapt.bio.compare.alignment import LARGE, Comparison
from exapt.bio.compare.blocks import Block
from exapt.bio.compare.variants import AS_N
from exapt.bio.formats.annotation import Feature, Part
from exapt.bio.formats.vcf import Value, Variant

Kind = Literal[
    "inversion", "translocation", "duplication", "lost_copy", "deletion", "insertion", "replacement", "unaligned"
]
SYMBOLS: Mapping[Kind, str] = {
    "inversion": "INV",
    "translocation": "TRA",
    "duplication": "DUP",
    "lost_copy": "DEL",
    "deletion": "DEL",
    "insertion": "INS",
    "replacement": "REP",
}
HEADER = (
    '##ALT=<ID=TRA,Description="Translocation: the piece stands elsewhere in the other genome">',
    '##ALT=<ID=REP,Description="Replacement: the other genome has letters there that are not alike">',
)
_ORIGINS = 5  # blocks that are tried as the first of a circular contig


@dataclass(frozen=True, slots=True)
class Event:
    """A large difference.

    Attributes
    ----------
    kind
        What it is.
    target, start, end
        The stretch of the reference, 0-based half-open; empty where the query has more.
    query, query_start, query_end
        The stretch of the other genome; without name where it has none.
    strand
        ``-`` where the piece is turned round against what stands around it.
    """

    kind: Kind
    target: str
    start: int
    end: int
    query: str = ""
    query_start: int = 0
    query_end: int = 0
    strand: Literal["+", "-"] = "+"

    @property
    def length(self) -> int:
        """Letters concerned, of the side that has more."""
        return max(self.end - self.start, self.query_end - self.query_start)

    def as_vcf(self, letters: str, genome: str) -> Variant:
        """With a symbolic allele; `letters` are those of the contig, `genome` the name of the sample."""
        anchor = max(self.start - 1, 0)
        grown = (self.query_end - self.query_start) - (self.end - self.start)
        size = {"inversion": 0, "translocation": 0, "duplication": self.end - self.start}.get(self.kind, grown)
        symbol = SYMBOLS[self.kind]
        info: dict[str, Value] = {"SVTYPE": symbol, "SVLEN": (size,)}
        call = {genome: {"GT": "1"}}
        end = max(self.end, anchor + 1)
        return Variant(
            self.target, anchor, letters[anchor].translate(AS_N), (f"<{symbol}>",), info=info, samples=call, end=end
        )

    def as_feature(self, genome: str) -> Feature:
        """For a BED file; the name says genome, kind and place there."""
        place = f":{self.query}:{self.query_start + 1}-{self.query_end}" if self.query else ""
        names = {"Name": (f"{genome}:{self.kind}{place}",)}
        return Feature(self.target, self.kind, (Part(self.start, self.end, self.strand),), attributes=names)


def events(found: Comparison, *, circular: Collection[str] = ()) -> list[Event]:
    """All large differences of the query from the target, by contig and position of the target.

    Parameters
    ----------
    found
        The aligned genomes.
    circular
        Names of circular contigs; two circular contigs may begin at different letters.

    Examples
    --------
    >>> from exapt.bio.compare import alignment, simulate
    >>> letters = simulate.random_genome(20_000, seed=1)
    >>> changed = simulate.evolve(letters, events={"inversion": 1}, seed=2)
    >>> [(one.kind, one.strand) for one in events(alignment.align({"b": changed.letters}, {"a": letters}))]
    [('inversion', '-')]
    """
    order = _Order(found, circular)
    told = [*_moves(order), *_gaps(order), *_copies(found)]
    return sorted(told, key=lambda one: (one.target, one.start, one.end, one.kind, one.query, one.query_start))


class _Order:
    """The blocks in the order of both genomes, and which of them stand in their place."""

    def __init__(self, found: Comparison, circular: Collection[str]) -> None:
        self.found = found
        self.on_target = found.blocks
        ranked = sorted(found.blocks, key=lambda block: (block.query, block.query_start))
        self.rank = {id(block): rank for rank, block in enumerate(ranked)}
        self.on_query = ranked
        self.circular = circular
        self.edges = {  # contig of the query -> ranks of its first and last block
            name: (ranks[0], ranks[-1])
            for name, ranks in (
                (n, [r for r, _ in g]) for n, g in groupby(enumerate(ranked), lambda pair: pair[1].query)
            )
        }
        self.backbone: set[int] = set()
        self.strand: dict[tuple[str, str], str] = {}
        pairs: dict[tuple[str, str], list[Block]] = {}
        for block in found.blocks:
            pairs.setdefault((block.target, block.query), []).append(block)
        weights = {pair: sum(block.matches for block in blocks) for pair, blocks in pairs.items()}
        for pair, blocks in pairs.items():
            rivals = [other for other in pairs if (other[0] == pair[0]) != (other[1] == pair[1])]
            one = max(weights[other] for other in [*rivals, pair] if other[0] == pair[0])
            other = max(weights[other] for other in [*rivals, pair] if other[1] == pair[1])
            if weights[pair] in (one, other):
                turns = all(name in circular for name in pair)
                strand, chain = _backbone(blocks, len(found.query[pair[1]]) if turns else 0)
                self.backbone |= {id(block) for block in chain}
                self.strand[pair] = strand

    def neighbours(self, one: Block, other: Block) -> tuple[str, int, int] | None:
        """The stretch of the query between two blocks, the first before the second on the target; None: no neighbours.

        Over the origin of a circular contig it ends beyond the contig.
        """
        if (one.target, one.query, one.strand) != (other.target, other.query, other.strand):
            return None
        first, last = (one, other) if one.strand == "+" else (other, one)
        if self.rank[id(last)] == self.rank[id(first)] + 1:
            return one.query, first.query_end, last.query_start
        length = len(self.found.query[one.query])
        low, high = self.edges[one.query]
        ends = self.on_query[high] is first and self.on_query[low] is last
        if ends and low != high and one.query in self.circular:
            return one.query, first.query_end, last.query_start + length
        return None


def _backbone(blocks: Sequence[Block], circle: int) -> tuple[str, list[Block]]:
    """The heaviest series of blocks in one order and on one strand; over the origin of a circle of so many letters."""
    best: tuple[float, str, list[Block]] = (-1.0, "+", [])
    for strand in "+-":
        own = [block for block in blocks if block.strand == strand]
        sign = 1 if strand == "+" else -1
        places = np.array(
            [sign * (block.query_start if sign > 0 else block.query_end) for block in own], dtype=np.int64
        )
        largest = sorted(range(len(own)), key=lambda row: -own[row].matches)[:_ORIGINS]
        origins = sorted({*range(min(_ORIGINS, len(own))), *largest}) if circle else [-1]
        for origin in origins:
            turned = (places - places[origin]) % circle if origin >= 0 else places
            weight, chain = _heaviest(turned, np.array([block.matches for block in own], dtype=np.float64))
            if weight > best[0]:
                best = (weight, strand, [own[row] for row in chain])
    return best[1], best[2]


def _heaviest(places: np.ndarray, weights: np.ndarray) -> tuple[float, list[int]]:
    """Rows of ascending places with the largest sum of weights."""
    total = weights.copy()
    before = np.full(len(places), -1)
    for row in range(1, len(places)):
        sums = np.where(places[:row] < places[row], total[:row], 0.0)
        previous = int(sums.argmax())
        if sums[previous] > 0:
            total[row] += sums[previous]
            before[row] = previous
    if not len(total):
        return 0.0, []
    row, chain = int(total.argmax()), []
    while row >= 0:
        chain.append(row)
        row = int(before[row])
    return float(total.max()), chain[::-1]


def _moves(order: _Order) -> Iterator[Event]:
    """Series of blocks that are neighbours on both genomes but not in their place."""
    series: list[list[Block]] = []
    for block in order.on_target:
        if id(block) in order.backbone:
            series.append([])
        elif series and series[-1] and order.neighbours(series[-1][-1], block):
            series[-1].append(block)
        else:
            series.append([block])
    for blocks in filter(None, series):
        first, last = blocks[0], blocks[-1]
        start, end = min(block.query_start for block in blocks), max(block.query_end for block in blocks)
        around = order.strand.get((first.target, first.query), "+")
        turned: Literal["+", "-"] = "+" if first.strand == around else "-"
        kind: Kind = "inversion" if turned == "-" and _in_place(order, blocks) else "translocation"
        yield Event(kind, first.target, first.target_start, last.target_end, first.query, start, end, turned)


def _in_place(order: _Order, blocks: Sequence[Block]) -> bool:
    """Whether the blocks of the backbone next to some blocks are so on both genomes."""
    first, last = blocks[0], blocks[-1]
    same = [
        block
        for block in order.on_target
        if id(block) in order.backbone and (block.target, block.query) == (first.target, first.query)
    ]
    ranks = [order.rank[id(block)] for block in blocks]
    before = [block for block in same if block.target_start < first.target_start][-1:]
    behind = [block for block in same if block.target_start > last.target_start][:1]
    sides = (before, behind) if order.strand[(first.target, first.query)] == "+" else (behind, before)
    low, high = ([order.rank[id(block)] for block in side] for side in sides)
    return bool(low or high) and all(rank < min(ranks) for rank in low) and all(rank > max(ranks) for rank in high)


def _gaps(order: _Order) -> Iterator[Event]:
    """What one genome has between two blocks and the other has not."""
    copied = [
        _shared(copies, side)
        for copies, side in ((order.found.target_copies, "target"), (order.found.query_copies, "query"))
    ]
    met: set[int] = set()
    for name, group in groupby(order.on_target, key=lambda block: block.target):
        blocks = list(group)
        yield from _ends(name, len(order.found.target[name]), blocks)
        for one, other in pairwise(blocks):
            joint = order.neighbours(one, other)
            query = joint or ("", 0, 0)
            met |= {id(one if one.strand == "+" else other)} if joint else set()
            gap = (name, one.target_end, other.target_start)
            lost = gap[2] - gap[1] - copied[0](*gap)
            gained = query[2] - query[1] - copied[1](*query)
            if lost >= LARGE or gained >= LARGE:
                kind: Kind = "insertion" if lost < LARGE else "deletion" if gained < LARGE else "replacement"
                kind = kind if joint or one.query == other.query else "unaligned"
                yield Event(kind, *gap, *query)
    yield from _gained(order, met, copied[1])
    for name in order.found.target.keys() - {block.target for block in order.on_target}:
        yield Event("unaligned", name, 0, len(order.found.target[name]))


def _ends(name: str, length: int, blocks: Sequence[Block]) -> Iterator[Event]:
    for start, end in ((0, blocks[0].target_start), (blocks[-1].target_end, length)):
        if end - start >= LARGE:
            yield Event("unaligned", name, start, end)


def _gained(order: _Order, met: set[int], copied: _Lengths) -> Iterator[Event]:
    """Stretches of the query between blocks that are no neighbours on the target: told behind the first of the two."""
    for one, other in pairwise(order.on_query):
        if one.query != other.query or id(one) in met:
            continue
        gap = (one.query, one.query_end, other.query_start)
        if gap[2] - gap[1] - copied(*gap) >= LARGE:
            place = one.target_end if one.strand == "+" else one.target_start
            yield Event("insertion", one.target, place, place, *gap)


class _Lengths:
    """How many letters of an interval stand in copies."""

    def __init__(self, spans: Mapping[str, list[tuple[int, int]]]) -> None:
        self._spans = spans

    def __call__(self, name: str, start: int, end: int) -> int:
        spans = self._spans.get(name, [])
        return sum(max(0, min(end, last) - max(start, first)) for first, last in spans)


def _shared(copies: Sequence[Block], side: str) -> _Lengths:
    spans: dict[str, list[tuple[int, int]]] = {}
    for block in copies:
        one = (block.target, block.target_start, block.target_end)
        name, start, end = one if side == "target" else (block.query, block.query_start, block.query_end)
        spans.setdefault(name, []).append((start, end))
    return _Lengths(spans)


def _copies(found: Comparison) -> Iterator[Event]:
    for block in found.query_copies:
        if block.target_end - block.target_start >= LARGE:
            place = (block.target, block.target_start, block.target_end)
            yield Event("duplication", *place, block.query, block.query_start, block.query_end, block.strand)
    for block in found.target_copies:
        if block.target_end - block.target_start >= LARGE:
            place = (block.target, block.target_start, block.target_end)
            yield Event("lost_copy", *place, block.query, block.query_start, block.query_end, block.strand)
