"""Write molecules with their properties as SDF (V2000; V3000 where a molecule needs it)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import IO, Any

from exapt.core.errors import ConfigError, DataError


def write_sdf(
    file: IO[str], smiles: Sequence[str], ids: Sequence[str], properties: Mapping[str, Sequence[Any]] | None = None
) -> int:
    """Append one record a molecule, with coordinates in two dimensions; called again it goes on.

    Parameters
    ----------
    file
        Open text file.
    smiles
        n SMILES; what RDKit cannot read, or has no atom, has no record.
    ids
        n names, the first line of each record.
    properties
        Name -> n values; written with `str`, numbers with at most six digits, line breaks as spaces.

    Returns
    -------
    int
        Number of records written.

    Raises
    ------
    ConfigError
        Where the name of a property holds ``<``, ``>`` or a line break, which SDF forbids.
    DataError
        Where ids or values are not as many as molecules.

    Examples
    --------
    >>> import io
    >>> file = io.StringIO()
    >>> write_sdf(file, ["CCO", "x"], ["ethanol", "broken"], {"rank": [1, 2], "score": [0.123456789, 0.1]})
    1
    >>> file.getvalue().splitlines()[0], file.getvalue().splitlines()[-8:]
    ('ethanol', ['M  END', '> <rank>', '1', '', '> <score>', '0.123457', '', '$$$$'])
    """
    from rdkit import Chem, rdBase
    from rdkit.Chem import rdDepictor

    wanted = properties or {}
    for name in wanted:
        if not name or re.search(r"[<>\r\n]", name):
            raise ConfigError(f"SDF: a property cannot be named {name!r}: '<', '>' and line breaks are forbidden.")
    lengths = {"ids": len(ids), **{name: len(values) for name, values in wanted.items()}}
    for name, length in lengths.items():
        if length != len(smiles):
            raise DataError(f"SDF: {len(smiles)} molecules got {length} values of {name!r}.")
    written = 0
    with rdBase.BlockLogs():
        for row, text in enumerate(smiles):
            molecule = Chem.MolFromSmiles(text)
            if molecule is None or not molecule.GetNumAtoms():
                continue
            rdDepictor.Compute2DCoords(molecule)
            molecule.SetProp("_Name", _line(ids[row]))
            block = Chem.MolToMolBlock(molecule)
            data = "".join(f"> <{name}>\n{_line(values[row])}\n\n" for name, values in wanted.items())
            file.write(f"{block}{data}$$$$\n")
            written += 1
    return written


def _line(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else " ".join(str(value).split())
