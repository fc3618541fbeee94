"""Leave isotope labels out of molecules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import Keep, Rule, with_molecules


@dataclass(frozen=True)
class NoIsotopes(Rule):
    """A labelled drug is the drug, to most assays.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"s": ["OCC", "[13CH4]"]}), {"s": Column("input", "molecule")}, "x.csv")
    >>> NoIsotopes()(table)[1].frame["s"].tolist()
    ['OCC', 'C']
    """

    reason: ClassVar[str] = "isotope labels"
    mends: ClassVar[bool] = True

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Change what has it, keep all rows."""
        from exapt.bio.chem.standardise import without_isotopes

        return with_molecules(table, without_isotopes)


EXPORT = NoIsotopes
