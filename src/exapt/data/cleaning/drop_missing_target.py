"""Drop rows whose target is missing (or infinite)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import Keep, Rule


@dataclass(frozen=True)
class DropMissingTarget(Rule):
    """With several targets, rows where all are missing; a single known one is worth keeping.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> frame = pd.DataFrame({"s": ["AC", "AG"], "y": [0.5, None]})
    >>> table = Table(frame, {"s": Column("input", "dna"), "y": Column("target", "number")}, "x.csv")
    >>> DropMissingTarget()(table)[0].tolist()
    [True, False]
    """

    reason: ClassVar[str] = "no target"

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows with a known target."""
        names = table.names("target")
        if not names:
            return np.ones(len(table), dtype=bool), table
        return table.frame[names].notna().any(axis=1).to_numpy(), table


EXPORT = DropMissingTarget
