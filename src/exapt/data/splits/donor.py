"""Whole donors, patients, studies or batches on one side, for what shall work for the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Table
from exapt.data.splits._cut import CutSplit, column_called, column_of

UNITS = ("donor", "patient", "individual", "subject", "study", "cohort", "batch", "sample")
NAMES = tuple(name + ending for name in UNITS for ending in ("", "_id"))


@dataclass(frozen=True)
class DonorSplit(CutSplit):
    """Cells of one donor resemble each other, so that a row of a known donor is no new case.

    Parameters
    ----------
    column
        The column, or several whose values are joined (study and patient number, say); None = the first that is called
        donor, patient, individual, subject, study, cohort, batch or sample, with or without `_id`, in any case.
    """

    column: str | list[str] | tuple[str, ...] | None = None

    def groups(self, table: Table) -> NDArray[np.object_]:
        """The donor of each row, (n,); None where a value is missing.

        Raises
        ------
        DataError
            Where there is no such column.
        """
        columns = [column_of(table, name, "donor") for name in self._columns(table)]
        labels = np.full(len(table), None, dtype=object)
        known = ~np.any([column.isna() for column in columns], axis=0)
        parts = [column[known].astype(str) for column in columns]
        labels[known] = parts[0].str.cat(parts[1:], sep=" | ") if len(parts) > 1 else parts[0]
        return labels

    def _columns(self, table: Table) -> list[str]:
        if self.column is not None and not isinstance(self.column, str):
            return list(self.column)
        return [column_called(table, self.column, NAMES, "donor")]

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where there is no such column, or it has fewer donors than parts are asked for.
        """
        return self.cut_groups(table, self.groups(table), f"column {' + '.join(map(repr, self._columns(table)))}")


EXPORT = DonorSplit
