"""What the encoders of molecules share: equal SMILES are read once, unreadable ones are refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.chem.standard import problem
from exapt.core.contracts import Matrix
from exapt.core.errors import DataError
from exapt.data.encoders._state import check_text


def distinct(encoder: str, values: Sequence[Any] | Matrix) -> tuple[NDArray[np.int64], list[str]]:
    """Each SMILES once, in order of appearance, and the number of that of each value (n,).

    Raises
    ------
    DataError
        Where values are no text.

    Examples
    --------
    >>> codes, smiles = distinct("graph", ["CO", "CC", "CO"])
    >>> codes.tolist(), smiles
    ([0, 1, 0], ['CO', 'CC'])
    """
    if isinstance(values, Matrix):
        raise DataError(f"encoder {encoder!r} reads SMILES; the input column holds numbers.")
    check_text(encoder, values)
    codes, smiles = pd.factorize(np.array(values, dtype=object))
    return codes.astype(np.int64), smiles.tolist()


def check_read(encoder: str, smiles: Sequence[str], codes: NDArray[np.int64], read: NDArray[np.bool_]) -> None:
    """Refuse molecules that could not be read.

    Parameters
    ----------
    encoder
        Its name, for the message.
    smiles, codes
        What `distinct` gave.
    read
        Whether each of `smiles` could be read.

    Raises
    ------
    DataError
        With the first such row, the reason, and the rule that drops such rows.
    """
    if read.all():
        return
    rows = np.flatnonzero(~read[codes])
    text = smiles[codes[rows[0]]]
    more = f" ({len(rows):,} such rows)" if len(rows) > 1 else ""
    raise DataError(
        f"encoder {encoder!r}: row {rows[0]} holds no molecule that can be read: {text[:60]!r}: "
        f"{problem(text) or 'too many atoms'}{more}.\n"
        "Mend these rows, or drop them with the cleaning rule 'readable_smiles' (data.clean)."
    )
