"""Whole regions of a genome on one side: intervals that overlap or lie near each other, or whole chromosomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Rows, Table
from exapt.core.errors import ConfigError, DataError, nearest
from exapt.data.splits._cut import CutSplit, column_called, column_of, find_column
from exapt.data.splits._deal import cut_validation, deal_groups, groups
from exapt.data.tables import where

CHROM = ("chrom", "chr", "chromosome", "seqname", "seqid", "contig", "scaffold")
START = ("start", "chromstart", "begin", "pos", "position")
END = ("end", "stop", "chromend")
By = Literal["region", "chromosome"]
Names = str | Sequence[str] | None


@dataclass(frozen=True)
class IntervalSplit(CutSplit):
    """Neighbours in a genome share sequence, chromatin and linkage, so that they stand in one part.

    Parameters
    ----------
    by
        `region`: intervals that overlap, or have fewer than `margin` nt between them, stay together, and chains of
        them. `chromosome`: whole chromosomes stay together.
    margin
        Distance in nt below which two intervals of one chromosome are neighbours.
    test_chromosomes, valid_chromosomes
        Held-out chromosomes by name (a name or a list), instead of the shares; for `by: chromosome`.
    chrom, start, end
        The columns, half-open as in BED; None = found by their usual names. Without an `end` an interval is one nt.
    """

    by: By = "region"
    margin: int = 0
    test_chromosomes: Names = None
    valid_chromosomes: Names = None
    chrom: str | None = None
    start: str | None = None
    end: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by not in ("region", "chromosome"):
            raise ConfigError(f"split 'interval': by is region or chromosome; found {self.by!r}.")
        if self.margin < 0:
            raise ConfigError(f"split 'interval': margin is a distance in nt, at least 0; found {self.margin!r}.")
        named = _as_set(self.test_chromosomes) | _as_set(self.valid_chromosomes)
        if not named:
            return
        if self.by != "chromosome" or self.folds or self.inner or self.repeats > 1 or not self.test_chromosomes:
            raise ConfigError(
                "split 'interval': named chromosomes need by: chromosome and test_chromosomes, and go without folds, "
                "repeats and inner."
            )
        if twice := _as_set(self.test_chromosomes) & _as_set(self.valid_chromosomes):
            raise ConfigError(f"split 'interval': chromosome {min(twice)!r} is asked for in both parts.")

    def groups(self, table: Table) -> NDArray[np.object_]:
        """The region of each row, named by its first position (`chr1:1000`), (n,); the chromosome without positions.

        Raises
        ------
        DataError
            Where a column is missing, or a position is no number or an interval is empty; the message names the row.
        """
        chrom = self._chromosomes(table)
        if self.by == "chromosome" and self.start is None and find_column(table, *START) is None:
            return chrom
        start = _positions(table, self._values(table, "start", START))
        if self.end is None and find_column(table, *END) is None:
            end = start + 1
        else:
            end = _positions(table, self._values(table, "end", END))
        empty = np.flatnonzero(end <= start)
        if len(empty):
            row = int(empty[0])
            raise DataError(
                f"{where(table, row)}: the interval {chrom[row]}:{start[row]}-{end[row]} ends before it begins "
                f"({len(empty):,} such rows); the end is the first position after it."
            )
        return _regions(chrom, start, end, self.margin)

    def _chromosomes(self, table: Table) -> NDArray[np.object_]:
        values = self._values(table, "chrom", CHROM)
        absent = np.flatnonzero(values.isna())
        if len(absent):
            raise DataError(f"{where(table, int(absent[0]))}: no chromosome ({len(absent):,} such rows).")
        return values.astype(str).to_numpy(dtype=object)

    def _values(self, table: Table, role: Literal["chrom", "start", "end"], known: tuple[str, ...]) -> pd.Series[Any]:
        name = column_called(table, getattr(self, role), known, "interval", role)
        return column_of(table, name, "interval")

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where a column is missing or a value cannot be read, a named chromosome is not there, or there are fewer
            regions than parts are asked for.
        """
        if self.by == "region":
            return self.cut_groups(table, self.groups(table), "the genome, cut by region,")
        labels = self._chromosomes(table)
        if self.test_chromosomes:
            return self.checked(table, [self._named(table, labels)])
        return self.cut_groups(table, labels, "the genome, cut by chromosome,")

    def _named(self, table: Table, labels: NDArray[np.object_]) -> Fold:
        known = {str(name) for name in labels}
        held, validation = _as_set(self.test_chromosomes), _as_set(self.valid_chromosomes)
        for name in sorted(held | validation):
            if name not in known:
                raise DataError(f"{table.source}: split 'interval': no chromosome {name!r}. {nearest(name, known)}")
        test: Rows = np.flatnonzero(np.isin(labels, list(held)))
        rest: Rows = np.setdiff1d(np.arange(len(labels)), test)
        if validation:
            chosen = np.isin(labels[rest], list(validation))
            return Fold(rest[~chosen], rest[chosen], test)
        rng = np.random.default_rng(self.seed)
        share = min(self.valid * len(labels) / max(len(rest), 1), 1.0)
        train, valid = cut_validation(groups(labels), deal_groups, rest, share, rng)
        return Fold(train, valid, test)


def _as_set(names: Names) -> set[str]:
    return set() if names is None else {names} if isinstance(names, str) else {str(name) for name in names}


def _positions(table: Table, values: pd.Series[Any]) -> NDArray[np.int64]:
    numbers = pd.to_numeric(values, errors="coerce")
    bad = np.flatnonzero(~np.isfinite(numbers.astype(np.float64)))
    if len(bad):
        row = int(bad[0])
        raise DataError(
            f"{where(table, row)}: column {values.name!r} holds {values.iloc[row]!r}, which is no position "
            f"({len(bad):,} such rows)."
        )
    return numbers.to_numpy(dtype=np.int64)


def _regions(names: NDArray[Any], start: NDArray[np.int64], end: NDArray[np.int64], margin: int) -> NDArray[np.object_]:
    """The first position of the chain of neighbours that each interval belongs to."""
    labels = np.empty(len(names), dtype=object)
    for chrom in pd.unique(names):
        rows = np.flatnonzero(names == chrom)
        rows = rows[np.argsort(start[rows], kind="stable")]
        furthest = np.maximum.accumulate(end[rows])
        gap = start[rows][1:] - furthest[:-1]
        breaks = np.concatenate([[True], gap >= margin])
        firsts = start[rows][breaks]
        labels[rows] = [f"{chrom}:{firsts[number]}" for number in np.cumsum(breaks) - 1]
    return labels


EXPORT = IntervalSplit
