"""Drop molecules that RDKit cannot read; each is listed with its row and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import Keep, Rule, text_inputs


@dataclass(frozen=True)
class ReadableSmiles(Rule):
    """What cannot be read has no scaffold, no fingerprint and no graph.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"s": ["CCO", "CN(C)(C)C"]}), {"s": Column("input", "molecule")}, "x.csv")
    >>> ReadableSmiles()(table)[0].tolist(), ReadableSmiles().details(table, 1)
    ([True, False], 'Explicit valence for atom # 1 N, 4, is greater than permitted: CN(C)(C)C')
    """

    reason: ClassVar[str] = "SMILES that RDKit cannot read"

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows whose molecules can be read."""
        from exapt.bio.chem.standard import readable

        keep = np.ones(len(table), dtype=bool)
        for name in text_inputs(table, ["molecule"]):
            keep &= readable(table.frame[name].tolist())
        return keep, table

    def details(self, table: Table, row: int) -> str | None:
        """Why RDKit cannot read a molecule of this row, and the molecule."""
        from exapt.bio.chem.standard import problem

        for name in text_inputs(table, ["molecule"]):
            smiles = table.frame[name].iloc[row]
            found = problem(smiles)
            if found is not None:
                return f"{found}: {smiles[:80]}"
        return None


EXPORT = ReadableSmiles
