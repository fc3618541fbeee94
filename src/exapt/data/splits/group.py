"""Whole groups on one side: donors, chromosomes, families, scaffolds, clusters."""

from __future__ import annotations

from dataclasses import dataclass

from exapt.core.contracts import Fold, Split, Table
from exapt.core.errors import DataError
from exapt.data.splits._cut import check_shares, column_of, cut, deal_groups, groups


@dataclass(frozen=True)
class GroupSplit(Split):
    """No value of the group column stands in two parts. Large groups are placed first, so that the shares are met.

    Parameters
    ----------
    column
        The group column; None = the column with the role `group`.
    valid, test
        Share of all rows in the validation and the test part, as near as whole groups allow.
    folds
        Number of folds for cross-validation, each group once in a test part; None = one split.
    seed
        Of the random generator.
    """

    column: str | None = None
    valid: float = 0.1
    test: float = 0.2
    folds: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_shares("group", valid=self.valid, test=self.test, folds=self.folds)

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where there is no group column, or it has fewer groups than parts are asked for.
        """
        name = self.column or next(iter(table.names("group")), None)
        if name is None:
            raise DataError(f"{table.source}: split 'group' needs a column: NAME; no column has the role group.")
        codes = groups(column_of(table, name, "group"))
        n_groups = int(codes.max(initial=-1)) + 1
        parts = self.folds or 1 + (self.test > 0) + (self.valid > 0)
        if self.folds is not None and self.valid > 0:
            parts = max(parts, 3)
        if n_groups < parts:
            raise DataError(
                f"{table.source}: column {name!r} has {n_groups} groups, and {parts} are needed, one a part at least. "
                f"Set valid or test to 0, ask for fewer folds, or choose another column."
            )
        return cut(table, codes, deal_groups, valid=self.valid, test=self.test, folds=self.folds, seed=self.seed)


EXPORT = GroupSplit
