"""Whole groups on one side: any column of groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Table
from exapt.core.errors import DataError
from exapt.data.splits._cut import CutSplit, column_of


@dataclass(frozen=True)
class GroupSplit(CutSplit):
    """No value of the group column stands in two parts. Large groups are placed first, so that the shares are met.

    Parameters
    ----------
    column
        The group column; None = the column with the role `group`.
    """

    column: str | None = None

    def groups(self, table: Table) -> NDArray[np.object_]:
        """The group of each row, (n,); None where a row is a group of its own.

        Raises
        ------
        DataError
            Where there is no group column.
        """
        values: NDArray[Any] = column_of(table, self._column(table), "group").astype(object).to_numpy()
        return values

    def _column(self, table: Table) -> str:
        name = self.column or next(iter(table.names("group")), None)
        if name is None:
            raise DataError(f"{table.source}: split 'group' needs a column: NAME; no column has the role group.")
        return name

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where there is no group column, or it has fewer groups than parts are asked for.
        """
        return self.cut_groups(table, self.groups(table), f"column {self._column(table)!r}")


EXPORT = GroupSplit
