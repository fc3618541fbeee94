"""Take charges from molecules that a proton more or less removes (acids, amines)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import Keep, Rule, with_molecules


@dataclass(frozen=True)
class Neutralise(Rule):
    """Nitro groups, quaternary nitrogen and inner salts keep their charges.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"s": ["OCC", "C[NH3+]"]}), {"s": Column("input", "molecule")}, "x.csv")
    >>> Neutralise()(table)[1].frame["s"].tolist()
    ['OCC', 'CN']
    """

    reason: ClassVar[str] = "charges"
    mends: ClassVar[bool] = True

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Change what has it, keep all rows."""
        from exapt.bio.chem.standardise import neutralise

        return with_molecules(table, neutralise)


EXPORT = Neutralise
