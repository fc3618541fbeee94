"""What the splits of molecules share: the column of SMILES."""

from __future__ import annotations

from exapt.core.contracts import Table
from exapt.core.errors import DataError, nearest


def smiles_of(table: Table, column: str | None, split: str) -> list[str]:
    """The SMILES of a table, (n,).

    Parameters
    ----------
    table
        The table.
    column
        Name of the column; None = the only input of molecules.
    split
        Name of the split, for messages.

    Raises
    ------
    DataError
        Where there is no such column, or more than one.
    """
    inputs = table.names("input")
    molecules = [name for name in inputs if table.columns[name].modality == "molecule"]
    if column is not None and column not in molecules:
        raise DataError(
            f"{table.source}: split {split!r} asks for the molecules of column {column!r}. {nearest(column, molecules)}"
        )
    if column is None and len(molecules) != 1:
        found = ", ".join(f"{name} ({table.columns[name].modality})" for name in inputs)
        raise DataError(
            f"{table.source}: split {split!r} needs one input of molecules, or column: NAME. Inputs: {found or 'none'}."
        )
    return table.frame[column or molecules[0]].astype(str).tolist()
