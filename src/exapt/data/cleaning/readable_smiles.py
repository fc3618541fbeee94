"""Drop molecules that RDKit cannot read; each is listed with its row and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from exapt.core.contracts import Rows, Table
from exapt.data.cleaning._rule import Keep, Rule, text_inputs
from exapt.data.formats import PROBLEM


@dataclass(frozen=True)
class ReadableSmiles(Rule):
    """What cannot be read has no scaffold, no fingerprint and no graph.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"s": ["CCO", "CN(C)(C)C"]}), {"s": Column("input", "molecule")}, "x.csv")
    >>> ReadableSmiles()(table)[0].tolist(), ReadableSmiles().details(table, np.array([1]))
    ([True, False], ['Explicit valence for atom # 1 N, 4, is greater than permitted: CN(C)(C)C'])
    """

    reason: ClassVar[str] = "SMILES that RDKit cannot read"

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows whose molecules can be read."""
        from exapt.bio.chem.standard import readable

        keep = np.ones(len(table), dtype=bool)
        for name in text_inputs(table, ["molecule"]):
            distinct, position = np.unique(table.frame[name].to_numpy(dtype=object), return_inverse=True)
            keep &= readable(distinct.tolist())[position]
        if PROBLEM in table.frame:
            keep &= table.frame[PROBLEM].isna().to_numpy()
        return keep, table

    def details(self, table: Table, rows: Rows) -> list[str]:
        """Why RDKit cannot read a molecule of each row, and the molecule."""
        return [_problem(table, int(row)) for row in rows]


def _problem(table: Table, row: int) -> str:
    from exapt.bio.chem.standard import problem

    known = table.frame[PROBLEM].iloc[row] if PROBLEM in table.frame else None
    cells = [table.frame[name].iloc[row] for name in text_inputs(table, ["molecule"])]
    reasons = [(known or problem(smiles), smiles) for smiles in cells]
    return "; ".join(f"{reason}: {smiles[:80]}" if smiles else str(reason) for reason, smiles in reasons if reason)


EXPORT = ReadableSmiles
