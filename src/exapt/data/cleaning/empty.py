"""Drop rows whose input is empty: no letters, no number, or (expression) no value above zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import TEXT, Keep, Rule


@dataclass(frozen=True)
class Empty(Rule):
    """Without letters or values there is nothing to learn from.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"s": ["AC", ""]}), {"s": Column("input", "dna")}, "x.csv")
    >>> Empty()(table)[0].tolist()
    [True, False]
    """

    reason: ClassVar[str] = "empty input"

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows where every input holds something."""
        keep = np.ones(len(table), dtype=bool)
        for name in table.names("input"):
            if name in table.matrices:
                if table.columns[name].modality == "expression":
                    keep &= _any_value(table.matrices[name].values)
            elif table.columns[name].modality in TEXT:
                keep &= table.frame[name].str.len().to_numpy() > 0
            else:
                keep &= table.frame[name].notna().to_numpy()
        return keep, table


def _any_value(values: Any) -> Keep:
    totals = np.asarray(abs(values).sum(axis=1)).ravel()
    return np.asarray(totals != 0)


EXPORT = Empty
