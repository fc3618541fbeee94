"""SMILES files (.smi, plain or gzip): a SMILES and a name a line, with or without a header."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from exapt.bio.formats import smi
from exapt.data.formats import Format, Hint, Raw, number_or_text, unique_names


@dataclass(frozen=True)
class Smi(Format):
    """One row a line; the second column is the identifier, `line_N` where a molecule has no name."""

    suffixes: ClassVar[tuple[str, ...]] = (".smi", ".smiles", ".ism")

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All lines."""
        names, lines = smi.read(path)
        return _rows(names, list(lines), text)

    def chunks(self, path: Path, rows: int, text: Collection[str] = ()) -> Iterator[Raw]:
        """Runs of lines, in bounded memory."""
        names, lines = smi.read(path)
        while piece := list(islice(lines, rows)):
            yield _rows(names, piece, text)


def _rows(names: tuple[str, ...], lines: list[smi.Line], text: Collection[str]) -> Raw:
    spelled, identifier, *others = unique_names(names)
    columns: dict[str, Any] = {
        spelled: [line.smiles for line in lines],
        identifier: [line.fields[0] or f"line_{line.number}" for line in lines],
    }
    for position, name in enumerate(others, start=1):
        values = pd.Series([line.fields[position] for line in lines], dtype=object)
        columns[name] = values if name in text else number_or_text(values)
    hints = {spelled: Hint("input", "molecule"), identifier: Hint("id", "label")}
    return Raw(pd.DataFrame(columns), hints=hints, lines=np.array([line.number for line in lines], dtype=np.int64))


EXPORT = Smi
