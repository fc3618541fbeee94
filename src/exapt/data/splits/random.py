"""Rows dealt out at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exapt.core.contracts import Fold, Split, Table
from exapt.data.splits._cut import check_shares, cut, deal_rows


@dataclass(frozen=True)
class RandomSplit(Split):
    """Every row for itself. Optimistic where rows resemble each other: prefer `group` then.

    Parameters
    ----------
    valid, test
        Share of all rows in the validation and the test part.
    folds
        Number of folds for cross-validation, each row once in a test part; None = one split.
    seed
        Of the random generator.
    """

    valid: float = 0.1
    test: float = 0.2
    folds: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_shares("random", valid=self.valid, test=self.test, folds=self.folds)

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table."""
        codes = np.zeros(len(table), dtype=np.int64)
        return cut(table, codes, deal_rows, valid=self.valid, test=self.test, folds=self.folds, seed=self.seed)


EXPORT = RandomSplit
