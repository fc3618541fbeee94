"""Genes that several genomes share: reciprocal best hits, synteny where two are as good, groups over all genomes.

References
----------
Tatusov, Koonin & Lipman (1997) A genomic perspective on protein families. doi:10.1126/science.278.5338.631
Remm, Storm & Sonnhammer (2001) Automatic clustering of orthologs and in-paralogs. doi:10.1006/jmbi.2000.5197
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from exapt.bio.align import _by_kmers, mmseqs
from exapt.bio.align._links import Links, Tool, check, plain
from exapt.bio.align._tools import first_that_works

AS_GOOD = 0.97  # share of the best score from which a second hit is as good, so that neighbours decide
NEIGHBOURS = 5  # genes on either side that are asked
Class = Literal["core", "accessory", "unique"]


class Gene(NamedTuple):
    """A gene with its protein; genes of one genome and contig stand in their order."""

    genome: str
    contig: str
    name: str
    protein: str


class Pair(NamedTuple):
    """Two genes of two genomes, each the best hit of the other.

    Attributes
    ----------
    one, other
        Rows of the genes, the first smaller.
    identity, coverage
        Of their alignment, as in `search.Hits`, 0 to 1.
    score
        Bits, the mean of both directions.
    neighbours
        How many of the genes around them are pairs, too.
    by
        What decided: the score, or synteny among hits as good.
    """

    one: int
    other: int
    identity: float
    coverage: float
    score: float
    neighbours: int
    by: Literal["score", "synteny"]


@dataclass(frozen=True)
class Group:
    """Genes of several genomes that descend from one.

    Attributes
    ----------
    genes
        Rows of the genes, one a genome, by genome.
    copies
        Rows of further genes, more alike one of these than any gene of another genome.
    kind
        ``core`` of all genomes, ``unique`` to one, else ``accessory``.
    """

    genes: tuple[int, ...]
    copies: tuple[int, ...]
    kind: Class


@dataclass(frozen=True)
class Orthologs:
    """What genomes share: `pairs` between two genomes each, `groups` over all; `tool` found the hits."""

    pairs: tuple[Pair, ...]
    groups: tuple[Group, ...]
    tool: Literal["mmseqs", "kmers"]


def orthologs(genes: Sequence[Gene], *, identity: float = 0.0, coverage: float = 0.5, tool: Tool = "auto") -> Orthologs:
    """Find the genes that genomes share.

    Parameters
    ----------
    genes
        Of at least two genomes, those of a contig in their order.
    identity, coverage
        Least identity and least covered share of the shorter protein, 0 to 1.
    tool
        As in `search.nearest`.

    Examples
    --------
    >>> proteins = ["MKVLAAGIVGLWQERTYHNPLKDSA", "MSTNPKPQRKTKRNTNRRPQDVKFPGG"]
    >>> genes = [Gene(genome, "c", f"{genome}{row}", text) for genome in "AB" for row, text in enumerate(proteins)]
    >>> found = orthologs([*genes, Gene("B", "c", "B2", "MWWWWWHHHHHCCCCCYYYYYFFFFF")], tool="kmers")
    >>> [(genes[pair.one].name, genes[pair.other].name) for pair in found.pairs]
    [('A0', 'B0'), ('A1', 'B1')]
    >>> [group.kind for group in found.groups]
    ['core', 'core', 'unique']
    """
    rules = check(identity, coverage, tool)
    proteins = plain([gene.protein for gene in genes], "protein")

    def by_kmers() -> Links:
        query, reference, _ = _by_kmers.candidates(proteins, proteins, "protein")
        return _by_kmers.verify(proteins, proteins, (query, reference), "protein", rules)

    links, used = first_that_works(tool, lambda: mmseqs.relatives(proteins, proteins, "protein", rules), by_kmers)
    hits = _undirected(links)
    pairs = _pairs(hits, genes)
    return Orthologs(pairs, _groups(pairs, hits, genes), used)


Hits = Mapping[tuple[int, int], tuple[float, float, float]]  # two genes -> score, identity, coverage


def _undirected(links: Links) -> Hits:
    found: dict[tuple[int, int], tuple[float, float, float]] = {}
    columns = (links.query, links.reference, links.score, links.identity, links.coverage)
    for one, other, *told in zip(*(column.tolist() for column in columns), strict=True):
        if one != other:
            key = (min(one, other), max(one, other))
            known = found.get(key)
            both = told if known is None else [(a + b) / 2 for a, b in zip(known, told, strict=True)]
            found[key] = (both[0], both[1], both[2])
    return found


def _pairs(hits: Hits, genes: Sequence[Gene]) -> tuple[Pair, ...]:
    best: dict[tuple[int, str], float] = defaultdict(float)
    across = {key: told for key, told in hits.items() if genes[key[0]].genome != genes[key[1]].genome}
    for (one, other), (score, *_) in across.items():
        for gene, genome in ((one, genes[other].genome), (other, genes[one].genome)):
            best[gene, genome] = max(best[gene, genome], score)
    good = [
        key
        for key, told in across.items()
        if told[0] >= AS_GOOD * max(best[key[0], genes[key[1]].genome], best[key[1], genes[key[0]].genome])
    ]
    rivals: dict[tuple[int, str], int] = defaultdict(int)
    for one, other in good:
        rivals[one, genes[other].genome] += 1
        rivals[other, genes[one].genome] += 1
    clear = [key for key in good if _alone(key, rivals, genes)]
    around = _Neighbours(genes, clear)
    rest = sorted(set(good) - set(clear), key=lambda key: (-around.count(*key), -across[key][0], key))
    chosen = [(key, "score") for key in clear]
    taken = {(gene, genes[other].genome) for key in clear for gene, other in (key, key[::-1])}
    for one, other in rest:
        ends = {(one, genes[other].genome), (other, genes[one].genome)}
        if not ends & taken:
            taken |= ends
            chosen.append(((one, other), "synteny" if around.count(one, other) else "score"))
    found = []
    for (one, other), by in sorted(chosen):
        score, identity, coverage = across[one, other]
        told: Literal["score", "synteny"] = "synteny" if by == "synteny" else "score"
        found.append(Pair(one, other, identity, coverage, score, around.count(one, other), told))
    return tuple(found)


def _alone(key: tuple[int, int], rivals: Mapping[tuple[int, str], int], genes: Sequence[Gene]) -> bool:
    one, other = key
    return rivals[one, genes[other].genome] == 1 and rivals[other, genes[one].genome] == 1


class _Neighbours:
    """Pairs around a pair."""

    def __init__(self, genes: Sequence[Gene], clear: Iterable[tuple[int, int]]) -> None:
        contigs: dict[tuple[str, str], list[int]] = {}
        for row, gene in enumerate(genes):
            contigs.setdefault(gene[:2], []).append(row)
        self._row = {gene: (rows, rank) for rows in contigs.values() for rank, gene in enumerate(rows)}
        self._partners: dict[int, set[int]] = defaultdict(set)
        for one, other in clear:
            self._partners[one].add(other)

    def _near(self, gene: int) -> set[int]:
        rows, rank = self._row[gene]
        return set(rows[max(0, rank - NEIGHBOURS) : rank + NEIGHBOURS + 1]) - {gene}

    def count(self, one: int, other: int) -> int:
        """How many genes around one have a partner around the other."""
        there = self._near(other)
        return sum(bool(self._partners.get(gene, set()) & there) for gene in self._near(one))


def _groups(pairs: Sequence[Pair], hits: Hits, genes: Sequence[Gene]) -> tuple[Group, ...]:
    """Pairs from the best to the worst put together, as long as no genome gets two genes."""
    genomes = list(dict.fromkeys(gene.genome for gene in genes))
    group = {row: [row] for row in range(len(genes))}
    own = _whole_scores(hits, len(genes))
    for pair in sorted(pairs, key=lambda pair: (-pair.score / max(own[pair.one], own[pair.other], 1e-9), pair)):
        one, other = group[pair.one], group[pair.other]
        if one is not other and not {genes[row].genome for row in one} & {genes[row].genome for row in other}:
            merged = sorted(one + other)
            group.update(dict.fromkeys(merged, merged))
    copies = _in_paralogs(hits, genes, group)
    found = []
    for rows in {id(rows): rows for rows in group.values()}.values():
        if rows[0] in copies:
            continue
        extra = tuple(sorted(copy for copy, first in copies.items() if group[first] is rows))
        present = len({genes[row].genome for row in (*rows, *extra)})
        kind: Class = "core" if present == len(genomes) else "unique" if present == 1 else "accessory"
        found.append(Group(tuple(rows), extra, kind))
    order = {"core": 0, "accessory": 1, "unique": 2}
    return tuple(sorted(found, key=lambda one: (order[one.kind], -len(one.genes), one.genes)))


def _whole_scores(hits: Hits, count: int) -> list[float]:
    """The best score of each gene with any other, by which scores of long and short genes can be compared."""
    best = np.zeros(count)
    for (one, other), (score, *_) in hits.items():
        best[[one, other]] = np.maximum(best[[one, other]], score)
    return [float(score) for score in best]


def _in_paralogs(hits: Hits, genes: Sequence[Gene], group: Mapping[int, list[int]]) -> dict[int, int]:
    """Genes without a partner that are more alike a gene of their own genome than any of another -> that gene."""
    abroad: dict[int, float] = defaultdict(float)
    home: dict[int, tuple[float, int]] = {}
    for (one, other), (score, *_) in hits.items():
        same = genes[one].genome == genes[other].genome
        for gene, partner in ((one, other), (other, one)):
            if not same:
                abroad[gene] = max(abroad[gene], score)
            elif score > home.get(gene, (0.0, 0))[0]:
                home[gene] = (score, partner)
    found: dict[int, int] = {}
    for gene, (score, partner) in sorted(home.items(), key=lambda item: (-item[1][0], item[0])):
        if len(group[gene]) == 1 and score >= abroad[gene] and partner not in found and gene not in found.values():
            found[gene] = partner
    return found
