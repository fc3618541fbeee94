"""Which known motifs a motif looks like: columns compared over all alignments and both strands, with p-values.

The chance of a match is that of columns drawn from all the known motifs: a position of the query meets each of them
once, and the distribution of the sum over its positions is the convolution of theirs. Positions without a partner count
as the median column. The chance is that of any alignment reaching the best one's sum, and over all known motifs the
rate of false discoveries is controlled.

References
----------
Gupta et al. (2007), Quantifying similarity between motifs, doi:10.1186/gb-2007-8-2-r24
Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.motifs.motif import Floats, Motif
from exapt.core.errors import ConfigError

Measure = Literal["euclid", "pearson"]
Integers = NDArray[np.int64]
STEPS = 200  # in which the similarity of two columns is counted
OVERLAP = 5  # columns that two motifs share at least, fewer where one is shorter


@dataclass(frozen=True)
class Library:
    """Known motifs, both strands of each, ready to be compared with.

    Parameters
    ----------
    motifs
        At least one.
    measure
        Of two columns: ``euclid``, minus their Euclidean distance; ``pearson``, the correlation of their shares.
    """

    motifs: Sequence[Motif]
    measure: Measure = "euclid"

    def __post_init__(self) -> None:
        if self.measure not in ("euclid", "pearson"):
            raise ConfigError(f"columns are compared by euclid or pearson; found {self.measure!r}.")
        if not self.motifs:
            raise ConfigError("no known motif to compare with.")

    @cached_property
    def columns(self) -> Floats:
        """(n, M, 4) shares of both strands of all motifs, one after the other; padded with NaN."""
        both = [strand for motif in self.motifs for strand in (motif, motif.reverse_complement())]
        table = np.full((len(both), max(map(len, both)), 4), np.nan)
        for row, motif in zip(table, both, strict=True):
            row[: len(motif)] = motif.frequencies()
        return table

    @cached_property
    def lengths(self) -> Integers:
        """(n,) positions of each strand of each motif."""
        return np.repeat([len(motif) for motif in self.motifs], 2)

    def matches(self, query: Motif, n: int = 10) -> pd.DataFrame:
        """The known motifs that a motif looks like, the best first.

        Parameters
        ----------
        query
            Better trimmed: positions without information match anything.
        n
            Number of rows at most.

        Returns
        -------
        DataFrame
            Columns id, name, p, q (Benjamini and Hochberg over all known motifs), e (expected number of known motifs
            that match as well), offset (first position of the known motif, in positions of the query), overlap, strand.

        Examples
        --------
        >>> from exapt.bio.motifs.motif import one_hot
        >>> known = [Motif(text, text, 9 * one_hot(text)) for text in ("TATAAA", "CACGTG", "GGGCGG", "TGACTCA")]
        >>> Library(known).matches(Motif("m", "m", 5 * one_hot("CTATAAAG")), 1)[["id", "offset", "strand"]].values
        array([['TATAAA', 1, '+']], dtype=object)
        """
        levels = self._levels(query)
        medians = np.array([np.median(row[row >= 0]) for row in levels]).astype(np.int64)
        best, offsets, overlaps = self._best(levels, medians)
        strand = best.reshape(-1, 2).argmax(1)
        p = self._p_values(levels, medians, best.reshape(-1, 2).max(1))
        chosen = 2 * np.arange(len(p)) + strand
        frame = pd.DataFrame(
            {
                "id": [motif.id for motif in self.motifs],
                "name": [motif.name for motif in self.motifs],
                "p": p,
                "q": adjusted(p),
                "e": p * len(p),
                "offset": offsets[chosen],
                "overlap": overlaps[chosen],
                "strand": np.array(["+", "-"])[strand],
            }
        )
        return frame.sort_values("p", kind="stable").head(n).reset_index(drop=True)

    def _levels(self, query: Motif) -> Integers:
        """(w, n, M) similarity of each position of the query and each column, 0 (least) to STEPS; -1 = no column."""
        own = query.frequencies()
        with np.errstate(invalid="ignore"):
            if self.measure == "euclid":
                alike = -np.sqrt(((own[:, None, None] - self.columns) ** 2).sum(-1))
            else:
                one, other = (x - x.mean(-1, keepdims=True) for x in (own, self.columns))
                one /= np.maximum(np.linalg.norm(one, axis=-1, keepdims=True), 1e-9)
                other /= np.maximum(np.linalg.norm(other, axis=-1, keepdims=True), 1e-9)
                alike = np.einsum("wd,nmd->wnm", one, other)
        low, high = np.nanmin(alike), np.nanmax(alike)
        scaled = (alike - low) / max(float(high - low), 1e-9) * STEPS
        found: Integers = np.where(np.isnan(scaled), -1, np.rint(np.nan_to_num(scaled))).astype(np.int64)
        return found

    def _needed(self, width: int) -> Integers:
        return np.minimum(OVERLAP, np.minimum(self.lengths, width))

    def _best(self, levels: Integers, medians: Integers) -> tuple[Integers, Integers, Integers]:
        """Highest sum over all alignments of each strand (n,), and the offset and overlap where it is reached.

        Levels are counted from the median, so that a position of the query without a partner counts as one with a
        median column: five positions that agree by chance are not better than eight that agree.
        """
        (width, count, longest), needed = levels.shape, self._needed(len(levels))
        above = np.where(levels >= 0, levels - medians[:, None, None], 0)
        best = np.full(count, np.iinfo(np.int64).min)
        offsets, overlaps = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        for offset in range(1 - longest, width):
            overlap = np.minimum(width, self.lengths + offset) - max(0, offset)
            sums = np.trace(above, offset=-offset, axis1=0, axis2=2)
            better = (overlap >= needed) & (sums > best)
            best[better], offsets[better], overlaps[better] = sums[better], offset, overlap[better]
        return best, offsets, overlaps

    def _p_values(self, levels: Integers, medians: Integers, best: Integers) -> Floats:
        """(motifs,) chance that any alignment with a motif of that length, but random columns, has such a sum."""
        width, lengths, needed = len(levels), self.lengths[::2], self._needed(len(levels))[::2]
        chances, found = _Chances(levels, medians), np.empty(len(best))
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            none = np.zeros(len(rows))  # logarithm of the chance that no alignment reaches it
            for offset in range(1 - int(length), width):
                first, end = max(0, offset), min(width, int(length) + offset)
                if end - first >= needed[rows[0]]:
                    none += 2 * np.log1p(-np.minimum(chances.of(first, end, best[rows]), 1 - 1e-15))
            found[rows] = -np.expm1(none)
        return found


class _Chances:
    """Of runs of positions of the query: probability that random columns are as similar."""

    def __init__(self, levels: Integers, medians: Integers) -> None:
        self._each = [np.bincount(row[row >= 0], minlength=STEPS + 1) / (row >= 0).sum() for row in levels]
        self._medians = medians
        self._sums: dict[tuple[int, int], Floats] = {}

    def of(self, first: int, end: int, sums: Integers) -> Floats:
        """Chance of each sum of levels above the medians, or a higher one, over positions first to end."""
        one = self._sum(first, end)
        tails = np.append(np.clip(one[::-1].cumsum()[::-1], 0.0, 1.0), 0.0)
        found: Floats = tails[np.clip(sums + self._medians[first:end].sum(), 0, len(one))]
        return found

    def _sum(self, first: int, end: int) -> Floats:
        if (first, end) not in self._sums:
            before = self._sum(first, end - 1) if end - first > 1 else np.ones(1)
            self._sums[first, end] = np.convolve(before, self._each[end - 1])
        return self._sums[first, end]


def adjusted(p: Floats) -> Floats:
    """Benjamini-Hochberg q-values of p-values (n,).

    Examples
    --------
    >>> adjusted(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    found = np.empty(len(p))
    found[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return np.minimum(found, 1.0)
