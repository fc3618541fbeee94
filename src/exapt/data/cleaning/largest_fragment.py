"""Leave salts, counter-ions and solvents out of molecules: the largest organic fragment stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import Keep, Rule, with_molecules


@dataclass(frozen=True)
class LargestFragment(Rule):
    """The label of a salt is that of its drug; its sodium says nothing.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"s": ["OCC", "CCN.Cl"]}), {"s": Column("input", "molecule")}, "x.csv")
    >>> LargestFragment()(table)[1].frame["s"].tolist()
    ['OCC', 'CCN']
    """

    reason: ClassVar[str] = "several fragments"
    mends: ClassVar[bool] = True

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Change what has it, keep all rows."""
        from exapt.bio.chem.standardise import largest_fragment

        return with_molecules(table, largest_fragment)


EXPORT = LargestFragment
