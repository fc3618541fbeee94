"""A second opinion on shared genes: which proteins are each other's nearest by vectors that a model made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exapt.bio.compare.orthologs import Gene, Pair
from exapt.core.errors import ConfigError

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Agreement = Literal["both", "one", "none"]
WORDS: tuple[Agreement, ...] = ("none", "one", "both")
MARGIN = 0.1  # lead over the second nearest from which two proteins are told as a pair
_ROWS = 1024  # of the matrix of similarities that are held at a time


class Alike(NamedTuple):
    """Two genes of two genomes, each the nearest of the other by their vectors.

    Attributes
    ----------
    one, other
        Rows of the genes, the first smaller.
    similarity
        Cosine of their whitened vectors, -1 to 1.
    margin
        How much nearer they are than the second nearest of either, at least 0.
    """

    one: int
    other: int
    similarity: float
    margin: float


@dataclass(frozen=True)
class Opinion:
    """What vectors say beside sequence search.

    Attributes
    ----------
    agreement
        Of each pair of the sequence search: how many of its two genes have the other as their nearest by vectors.
    similarity
        Cosine of each of these pairs, -1 to 1.
    remote
        Pairs of genes of which neither has a partner in the other genome by sequence search; the
        largest margin first.
    """

    agreement: tuple[Agreement, ...]
    similarity: tuple[float, ...]
    remote: tuple[Alike, ...]


@dataclass(frozen=True)
class Nearest:
    """Of each of n vectors among m others: the row of the nearest, its cosine, and that of the second nearest."""

    row: Rows
    similarity: Floats
    second: Floats


def whitened(vectors: Floats, genomes: Sequence[Rows]) -> Floats:
    """Features of mean 0 in each genome, nearly uncorrelated and of one variance over all, then rows of length 1.

    Pooled features of proteins are nearly parallel as they are: what all proteins have in common, and what all those of
    a genome have, says nothing about which is which.

    Parameters
    ----------
    vectors
        Shape (n, D).
    genomes
        Rows of each genome.

    Examples
    --------
    >>> rows = np.array([[3, 9], [5, 9], [3, 7], [5, 7]], dtype=np.float32)
    >>> np.sign(whitened(rows, [np.arange(4)])).tolist()
    [[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]]
    """
    centred = np.array(vectors, dtype=np.float64)
    for rows in genomes:
        centred[rows] -= centred[rows].mean(0)
    centred /= np.maximum(centred.std(0), 1e-6) if len(centred) else 1.0
    variances, axes = np.linalg.eigh(centred.T @ centred / max(len(centred), 1))
    few = (
        min(1.0, vectors.shape[1] / max(len(vectors), 1)) ** 2
    )  # few proteins do not say what every direction is worth
    least = few * variances.mean() + 1e-12
    turned = centred @ ((axes / np.sqrt(np.maximum(variances, 0) + least)) @ axes.T)
    found: Floats = (turned / np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return found


def nearest(one: Floats, other: Floats) -> tuple[Nearest, Nearest]:
    """The nearest of each row in the other set, both ways; of rows as near the first.

    Parameters
    ----------
    one, other
        Rows of length 1, shapes (n, D) and (m, D), n and m at least 1.

    Examples
    --------
    >>> there, back = nearest(np.eye(3, dtype=np.float32)[:2], np.eye(3, dtype=np.float32)[[1, 2, 0]])
    >>> there.row.tolist(), back.row.tolist()
    ([2, 0], [1, 0, 0])
    """
    return _best(one, other), _best(other, one)


def _best(queries: Floats, references: Floats) -> Nearest:
    rows = np.empty(len(queries), dtype=np.int64)
    first, second = np.empty((2, len(queries)), dtype=np.float32)
    for start in range(0, len(queries), _ROWS):
        part = slice(start, start + _ROWS)
        table = queries[part] @ references.T
        rows[part] = table.argmax(1)
        every = np.arange(len(table))
        first[part] = table[every, rows[part]]
        table[every, rows[part]] = -1
        second[part] = table.max(1)
    return Nearest(rows, first, second)


def second_opinion(genes: Sequence[Gene], pairs: Sequence[Pair], vectors: Floats, *, margin: float = MARGIN) -> Opinion:
    """What vectors of proteins say of the pairs of a sequence search, and of the genes that it leaves alone.

    Parameters
    ----------
    genes
        As given to `orthologs`.
    pairs
        What it found.
    vectors
        Shape (n, D), one a gene; they are whitened here.
    margin
        Least lead over the second nearest of a pair that sequence search has not found, at least 0.

    Raises
    ------
    ConfigError
        Where there is not one vector a gene, or the margin is impossible.

    Examples
    --------
    >>> genes = [Gene(genome, "c", f"{genome}{row}", "") for genome in "AB" for row in range(3)]
    >>> vectors = np.eye(3, dtype=np.float32)[[0, 1, 2] * 2]
    >>> found = second_opinion(genes, [Pair(0, 3, 0.9, 1.0, 50.0, 0, "score")], vectors)
    >>> found.agreement, [one[:2] for one in found.remote]
    (('both',), [(1, 4), (2, 5)])
    """
    if len(vectors) != len(genes):
        raise ConfigError(f"{len(genes)} genes need a vector each; found {len(vectors)}.")
    if not 0 <= margin <= 2:
        raise ConfigError(f"margin is a difference of two cosines, in [0, 2]; found {margin:g}.")
    own: dict[str, list[int]] = {}
    for row, gene in enumerate(genes):
        own.setdefault(gene.genome, []).append(row)
    rows = {genome: np.array(found, dtype=np.int64) for genome, found in own.items()}
    unit = whitened(vectors, list(rows.values()))
    partner = {(gene, genes[other].genome) for pair in pairs for gene, other in (pair[:2], pair[1::-1])}
    towards: dict[tuple[int, str], int] = {}
    remote: list[Alike] = []
    for (name, here), (name_of_other, there) in combinations(rows.items(), 2):
        forth, back = nearest(unit[here], unit[there])
        towards |= {
            (gene, name_of_other): to for gene, to in zip(here.tolist(), there[forth.row].tolist(), strict=True)
        }
        towards |= {(gene, name): to for gene, to in zip(there.tolist(), here[back.row].tolist(), strict=True)}
        for alike in reciprocal(forth, back):
            one, other = int(here[alike.one]), int(there[alike.other])
            alone = (one, name_of_other) not in partner and (other, name) not in partner
            if alone and alike.margin >= margin:
                remote.append(Alike(min(one, other), max(one, other), *alike[2:]))
    votes = [
        (towards[one, genes[other].genome] == other) + (towards[other, genes[one].genome] == one)
        for one, other, *_ in pairs
    ]
    cosines = tuple(float(unit[one] @ unit[other]) for one, other, *_ in pairs)
    remote.sort(key=lambda alike: (-alike.margin, alike))
    return Opinion(tuple(WORDS[vote] for vote in votes), cosines, tuple(remote))


def reciprocal(forth: Nearest, back: Nearest) -> list[Alike]:
    """Rows that are each other's nearest, by the row of the first set."""
    chosen = np.flatnonzero(back.row[forth.row] == np.arange(len(forth.row)))
    partner = forth.row[chosen]
    margin = forth.similarity[chosen] - np.maximum(forth.second[chosen], back.second[partner])
    columns = (chosen, partner, forth.similarity[chosen], np.maximum(margin, 0))
    return [Alike(*told) for told in zip(*(column.tolist() for column in columns), strict=True)]
