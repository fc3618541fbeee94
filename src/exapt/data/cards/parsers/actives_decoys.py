"""Lists of a screening benchmark: a file of actives and one of decoys become one table with column `active`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from exapt.bio.formats.compressed import open_binary
from exapt.core.errors import DataError
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw

FIELDS = ["source_id", "id", "smiles"]


@dataclass(frozen=True)
class ActivesDecoys(Parser):
    """Columns `id`, `source_id` (ZINC or PubChem), `smiles` and `active` (1 or 0); actives first, in the files' order.

    Each file has a first line that starts with ``#`` and three fields a line; the ending of its name, ``_actives`` or
    ``_decoys``, says what it lists.

    References
    ----------
    Riniker & Landrum (2013) Open-source platform to benchmark fingerprints for ligand-based virtual screening.
    doi:10.1186/1758-2946-5-26
    """

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read both lists.

        Raises
        ------
        DataError
            Where a line has not three fields, or a list is missing.
        """
        frames = []
        for ending, active in (("_actives.dat.gz", 1), ("_decoys.dat.gz", 0)):
            (path,) = (place for name, place in files.items() if name.endswith(ending))
            frames.append(_rows(path).assign(active=active))
        return Raw(pd.concat(frames, ignore_index=True)[["id", "smiles", "active", "source_id"]])


def _rows(path: Path) -> pd.DataFrame:
    rows = []
    with open_binary(path) as file:
        for number, line in enumerate(file, start=1):
            fields = line.decode("utf-8").split()
            if not fields or fields[0].startswith("#"):
                continue
            if len(fields) != len(FIELDS):
                raise DataError(f"{path}:{number}: {len(fields)} fields; expected {', '.join(FIELDS)}.")
            rows.append(fields)
    return pd.DataFrame(rows, columns=FIELDS)


EXPORT = ActivesDecoys
