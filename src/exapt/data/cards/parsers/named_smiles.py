"""A SMILES file with names, and a table with one measured value a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from exapt.core.errors import DataError
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw


@dataclass(frozen=True)
class NamedSmiles(Parser):
    """Molecules and values joined by name, in the order of the molecules.

    Parameters
    ----------
    value
        Column of the table that is read; its first column holds the names.
    column
        What it is called here.
    """

    value: str
    column: str

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read and join.

        Raises
        ------
        DataError
            Where a molecule has no value, or a value no molecule.
        """
        molecules, values = files.values()
        lines = [line.split(maxsplit=1) for line in molecules.read_text(encoding="utf-8").splitlines() if line.strip()]
        frame = pd.DataFrame({"id": [name.strip() for _, name in lines], "smiles": [smiles for smiles, _ in lines]})
        table = pd.read_csv(values, dtype={0: str})
        measured = pd.Series(table[self.value].to_numpy(), index=table.iloc[:, 0].astype(str))
        alone = sorted(set(frame["id"]) ^ set(measured.index))
        if alone:
            raise DataError(
                f"{molecules} and {values}: {len(alone)} names stand in one of them only: {alone[0]!r}, ..."
            )
        return Raw(frame.assign(**{self.column: measured[frame["id"]].to_numpy()}))


EXPORT = NamedSmiles
