"""Remove blanks, gaps (-) and stops (*) from both ends of sequences, blanks from SMILES."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import LETTERS, Keep, Rule, text_inputs, with_text


@dataclass(frozen=True)
class Strip(Rule):
    """What stands at the ends of exported sequences and is no letter; inside, `bad_letters` decides."""

    reason: ClassVar[str] = "blanks, gaps or stops at the ends"
    mends: ClassVar[bool] = True

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Trim, keep all rows."""
        changed = {}
        for name in text_inputs(table):
            ends = " \t-*." if table.columns[name].modality in LETTERS else " \t"
            changed[name] = [value.strip(ends) for value in table.frame[name]]
        return np.ones(len(table), dtype=bool), with_text(table, changed)


EXPORT = Strip
