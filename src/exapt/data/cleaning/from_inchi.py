"""Write molecules that are given as InChI in SMILES; those that RDKit cannot read are dropped and listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from exapt.core.contracts import Rows, Table
from exapt.data.cleaning._rule import Keep, Rule, text_inputs, with_text


@dataclass(frozen=True)
class FromInchi(Rule):
    """An InChI is one for many tautomers: the SMILES may differ from the one that it was made of.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> frame = pd.DataFrame({"s": ["InChI=1S/CH4/h1H4", "CC"]})
    >>> FromInchi()(Table(frame, {"s": Column("input", "molecule")}, "x.csv"))[1].frame["s"].tolist()
    ['C', 'CC']
    """

    reason: ClassVar[str] = "InChI instead of SMILES"
    mends: ClassVar[bool] = True

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Write SMILES, drop what is no InChI that RDKit can read."""
        from exapt.bio.chem.standardise import from_inchi

        keep, changed = np.ones(len(table), dtype=bool), {}
        for name in text_inputs(table, ["molecule"]):
            old = table.frame[name].tolist()
            new = from_inchi(old)
            keep &= np.array([text is not None for text in new])
            changed[name] = [before if after is None else after for before, after in zip(old, new, strict=True)]
        return keep, with_text(table, changed)

    def details(self, table: Table, rows: Rows) -> list[str]:
        """Why RDKit cannot read an InChI of each row."""
        from exapt.bio.chem.standard import INCHI
        from exapt.bio.chem.standardise import problem_of_inchi

        columns = [table.frame[name].iloc[rows] for name in text_inputs(table, ["molecule"])]
        inchi = ([text for text in cells if text.startswith(INCHI)] for cells in zip(*columns, strict=True))
        return ["; ".join(f"{problem_of_inchi(text)}: {text[:80]}" for text in texts) for texts in inchi]


EXPORT = FromInchi
