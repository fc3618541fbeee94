"""Write sequences in upper case (a soft mask is lost)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import LETTERS, Keep, Rule, text_inputs, with_text


@dataclass(frozen=True)
class Uppercase(Rule):
    """DNA, RNA and protein only: in SMILES lower case means aromatic."""

    reason: ClassVar[str] = "lower-case letters"
    mends: ClassVar[bool] = True

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Change case, keep all rows."""
        changed = {name: [value.upper() for value in table.frame[name]] for name in text_inputs(table, LETTERS)}
        return np.ones(len(table), dtype=bool), with_text(table, changed)


EXPORT = Uppercase
