"""Cutting contigs into blocks that no gene crosses, and blocks into windows that overlap; and back to one row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.transcripts.labels import Interval, Labels
from exapt.core.errors import ConfigError

SEARCHED = 0.25  # share of a block around its planned end in which an intergenic place is looked for


def blocks(labels: Labels, size: int) -> list[Interval]:
    """Blocks of about equal size that follow each other and cover the contig.

    Each ends in the middle of the longest intergenic stretch within a quarter of its size around its planned end; where
    all of that is genes, at the nearest intergenic letter; only where there is none, within a gene.

    Parameters
    ----------
    labels
        Of the contig, (L,).
    size
        Letters, at least 1.

    Examples
    --------
    >>> row = np.zeros(20, dtype=np.uint8)
    >>> row[9:12] = 3
    >>> blocks(row, 10)
    [(0, 8), (8, 20)]
    """
    if size < 1:
        raise ConfigError(f"blocks have at least 1 letter; found {size}.")
    length = len(labels)
    count = max(1, round(length / size))
    cuts = [0]
    for number in range(1, count):
        planned, reach = length * number // count, int(size * SEARCHED)
        cuts.append(_quiet(labels, cuts[-1] + 1, planned, reach))
    return list(pairwise([*sorted(set(cuts)), length]))


def _quiet(labels: Labels, first: int, planned: int, reach: int) -> int:
    """The middle of the longest intergenic run near a place, or else the nearest intergenic letter from `first` on.

    Where there is none, the place itself, unless a cut was pushed beyond it: then that cut once more.
    """
    left, right = max(first, planned - reach), min(len(labels) - 1, planned + reach)
    bare = np.concatenate([[False], labels[left:right] == 0, [False]])
    runs = np.flatnonzero(np.diff(bare.astype(np.int8))).reshape(-1, 2)
    sizes = runs[:, 1] - runs[:, 0]
    places = left + runs[sizes == sizes.max(initial=0)].sum(1) // 2
    places = places if len(places) else first + np.flatnonzero(labels[first:] == 0)
    return int(places[np.abs(places - planned).argmin()]) if len(places) else max(planned, first - 1)


def windows(start: int, end: int, size: int, overlap: int) -> list[Interval]:
    """Windows of equal size that cover an interval, each overlapping the next by at least `overlap`.

    A shorter interval is a window of its own.

    Raises
    ------
    ConfigError
        Where the windows would not advance.

    Examples
    --------
    >>> windows(0, 10, 4, 1)
    [(0, 4), (3, 7), (6, 10)]
    >>> windows(5, 8, 4, 1)
    [(5, 8)]
    """
    if not 0 <= overlap < size:
        raise ConfigError(f"windows of {size} letters overlap by less, and by 0 at least; found {overlap}.")
    if end - start <= size:
        return [(start, end)]
    starts = [*range(start, end - size, size - overlap), end - size]
    return [(place, place + size) for place in starts]


def stitched(places: Sequence[Interval], values: Iterable[NDArray[Any]]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Values of windows without their overlaps, each cut in the middle: what is taken had the most context.

    Parameters
    ----------
    places
        The windows, ascending.
    values
        (end - start, ...) of each, in this order.

    Yields
    ------
    tuple
        First position and values, from left to right, each position once.

    Examples
    --------
    >>> [(start, part.tolist()) for start, part in stitched([(0, 4), (2, 6)], [np.zeros(4), np.ones(4)])]
    [(0, [0.0, 0.0, 0.0]), (3, [1.0, 1.0, 1.0])]
    """
    cuts = [places[0][0], *((left[1] + right[0]) // 2 for left, right in pairwise(places)), places[-1][1]]
    for (start, _), part, (left, right) in zip(places, values, pairwise(cuts), strict=True):
        yield left, part[left - start : right - start]
