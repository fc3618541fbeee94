"""Rows dealt out at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exapt.core.contracts import Fold, Table
from exapt.data.splits._cut import CutSplit


@dataclass(frozen=True)
class RandomSplit(CutSplit):
    """Every row for itself. Optimistic where rows resemble each other: prefer `group` then."""

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table."""
        return self.cut_rows(table, np.zeros(len(table), dtype=np.int64))


EXPORT = RandomSplit
