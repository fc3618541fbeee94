"""Write molecules in RDKit's canonical SMILES, so that one molecule has one spelling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from exapt.core.contracts import Table
from exapt.data.cleaning._rule import Keep, Rule, with_molecules


@dataclass(frozen=True)
class CanonicalSmiles(Rule):
    """Stereo, isotopes, charges and fragments stay; put rules that change these before it, `merge_duplicates` after it.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"s": ["OCC", "C(C"]}), {"s": Column("input", "molecule")}, "x.csv")
    >>> CanonicalSmiles()(table)[1].frame["s"].tolist()
    ['CCO', 'C(C']
    """

    reason: ClassVar[str] = "other spellings"
    mends: ClassVar[bool] = True

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Spell anew what can be read, keep all rows."""
        return with_molecules(table, _respelled)


def _respelled(smiles: Sequence[str]) -> list[str]:
    from exapt.bio.chem.standard import canonical

    return [old if new is None else new for old, new in zip(smiles, canonical(smiles), strict=True)]


EXPORT = CanonicalSmiles
