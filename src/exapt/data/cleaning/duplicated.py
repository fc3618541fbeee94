"""Drop exact copies: rows whose inputs and targets are those of an earlier row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import Keep, Rule, input_keys


@dataclass(frozen=True)
class Duplicated(Rule):
    """The first of equal rows stays.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> frame = pd.DataFrame({"s": ["AC", "AC", "AC"], "y": [0, 0, 1]})
    >>> table = Table(frame, {"s": Column("input", "dna"), "y": Column("target", "label")}, "x.csv")
    >>> Duplicated()(table)[0].tolist()
    [True, False, True]
    """

    reason: ClassVar[str] = "the inputs and targets of an earlier row"

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep the first of equal rows."""
        keys = input_keys(table).join(table.frame[table.names("target")], rsuffix=" (target)")
        return ~keys.duplicated().to_numpy(), table


EXPORT = Duplicated
