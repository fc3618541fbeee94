"""Whole families on one side: a family column, or what the identifiers share before a separator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Table
from exapt.core.errors import DataError
from exapt.data.splits._cut import CutSplit, column_called, column_of

NAMES = ("family", "superfamily", "clan", "genus", "species")


@dataclass(frozen=True)
class FamilySplit(CutSplit):
    """Families of genes, RNAs or proteins by name; where they have no name, the split `homology` finds them.

    Parameters
    ----------
    column
        The family column; None = the first that is called family, superfamily, clan, genus or species, in any case, and
        is no target.
    separator
        The family is what stands before the first of these separators: `_` reads `tRNA_0017` as tRNA. None = the whole
        value is the family. With a separator and no column, the identifiers are read.
    """

    column: str | None = None
    separator: str | None = None

    def groups(self, table: Table) -> NDArray[np.object_]:
        """The family of each row, (n,); None where it is missing.

        Raises
        ------
        DataError
            Where there is no family column, or no value has the separator.
        """
        name = self._column(table)
        values = column_of(table, name, "family")
        labels = np.full(len(table), None, dtype=object)
        known = values.notna().to_numpy()
        text = values[known].astype(str)
        if self.separator:
            has = text.str.contains(self.separator, regex=False)
            if not has.any():
                raise DataError(
                    f"{table.source}: split 'family': no value of column {name!r} has the separator {self.separator!r} "
                    f"(the first is {str(values.iloc[0])!r}). Give another separator or column."
                )
            text = text.str.split(self.separator, n=1, regex=False).str[0]
        labels[known] = text
        return labels

    def _column(self, table: Table) -> str:
        ids = table.names("id")
        name = self.column or (ids[0] if self.separator and ids else None)
        targets = [target.lower() for target in table.names("target")]
        return column_called(table, name, [word for word in NAMES if word not in targets], "family")

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where there is no family column, or it has fewer families than parts are asked for.
        """
        return self.cut_groups(table, self.groups(table), f"column {self._column(table)!r}")


EXPORT = FamilySplit
