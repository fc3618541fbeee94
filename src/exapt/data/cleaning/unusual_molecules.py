"""Drop molecules that few models know: with a wildcard atom, a metal, or no bond at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from exapt.core.contracts import Rows, Table
from exapt.data.cleaning._rule import Keep, Rule, text_inputs

# In SMILES a metal stands in brackets, and an atom outside of them is one of these; so the spelling says it all.
_METALS = """
    Li Be Na Mg Al K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Cs Ba La Ce Pr Nd Pm Sm
    Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po Fr Ra Ac Th Pa U Np Pu Am Cm
"""
_METAL = re.compile(rf"\[\d*({'|'.join(_METALS.split())})(?![a-z])")
_ATOM = r"(?:\[[^\]]+\]|Br|Cl|[BCNOPSFI*])"
_NO_BOND = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")


@dataclass(frozen=True)
class UnusualMolecules(Rule):
    """A wildcard (``*``) stands for what is not known; bonds to metals are drawn as one likes; a lone atom is rare.

    After `largest_fragment` the counter-ions are no longer among them.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> frame = pd.DataFrame({"s": ["CCO", "*CC", "[Cl-].[Na+]", "C"]})
    >>> table = Table(frame, {"s": Column("input", "molecule")}, "x.csv")
    >>> UnusualMolecules()(table)[0].tolist()
    [True, False, False, False]
    >>> UnusualMolecules().details(table, np.array([1, 2, 3]))
    ['a wildcard atom: *CC', 'a metal (Na): [Cl-].[Na+]', 'no bond: C']
    """

    reason: ClassVar[str] = "a wildcard atom, a metal or no bond"

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows whose molecules are as most are."""
        keep = np.ones(len(table), dtype=bool)
        for name in text_inputs(table, ["molecule"]):
            keep &= np.array([_unusual(smiles) is None for smiles in table.frame[name]], dtype=bool)
        return keep, table

    def details(self, table: Table, rows: Rows) -> list[str]:
        """What the molecule of each row has, and the molecule."""
        columns = [table.frame[name].iloc[rows] for name in text_inputs(table, ["molecule"])]
        pairs = ([(_unusual(smiles), smiles) for smiles in cells] for cells in zip(*columns, strict=True))
        return ["; ".join(f"{found}: {smiles[:80]}" for found, smiles in row if found) for row in pairs]


def _unusual(smiles: str) -> str | None:
    if "*" in smiles:
        return "a wildcard atom"
    metal = _METAL.search(smiles)
    if metal is not None:
        return f"a metal ({metal.group(1)})"
    return "no bond" if _NO_BOND.fullmatch(smiles) else None


EXPORT = UnusualMolecules
