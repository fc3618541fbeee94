"""Leave stereo out of molecules: centres, and the geometry of double bonds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import Keep, Rule, with_molecules


@dataclass(frozen=True)
class NoStereo(Rule):
    """For data that give stereo here and there only; where it is known, it matters.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"s": ["OCC", "C[C@H](N)O"]}), {"s": Column("input", "molecule")}, "x.csv")
    >>> NoStereo()(table)[1].frame["s"].tolist()
    ['OCC', 'CC(N)O']
    """

    reason: ClassVar[str] = "stereo"
    mends: ClassVar[bool] = True

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Change what has it, keep all rows."""
        from exapt.bio.chem.standardise import without_stereo

        return with_molecules(table, without_stereo)


EXPORT = NoStereo
