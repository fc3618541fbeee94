"""Rows dealt out at random with the same share of each label (or quantile of a number) in every part."""

from __future__ import annotations

from dataclasses import dataclass

from exapt.core.contracts import Fold, Table
from exapt.core.errors import DataError
from exapt.data.splits._cut import CutSplit, column_of, label_columns
from exapt.data.splits._deal import strata


@dataclass(frozen=True)
class StratifiedSplit(CutSplit):
    """Random within each label; numbers are cut at their quantiles into at most ten bins first.

    Parameters
    ----------
    column
        The column to stratify by; None = the first target.
    """

    column: str | None = None

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where there is no column to stratify by, or nearly every row has a label of its own.
        """
        name = self.column or next(iter(table.names("target")), None)
        if name is None:
            raise DataError(
                f"{table.source}: split 'stratified' needs a target column, or column: NAME. None is there."
            )
        values = column_of(table, name, "stratified")
        label = name in label_columns(table) or not _is_number(table, name)
        if label and values.nunique() * 2 > len(table):
            raise DataError(
                f"{table.source}: column {name!r} has {values.nunique():,} labels in {len(table):,} rows; at least two "
                f"rows a label are needed on average. Merge labels, or declare the column a number."
            )
        return self.cut_rows(table, strata(values, label=label))


def _is_number(table: Table, name: str) -> bool:
    if name in table.columns:
        return table.columns[name].modality == "number"
    return bool(table.frame[name].dtype.kind == "f")


EXPORT = StratifiedSplit
