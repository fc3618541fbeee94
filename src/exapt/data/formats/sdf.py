"""SDF (plain or gzip): identifier, SMILES with the stereo that is drawn, and the properties as columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from exapt.bio.formats import sdf
from exapt.data.formats import PROBLEM, Format, Hint, Raw, number_or_text, unique_names

HINTS = {"id": Hint("id", "label"), "smiles": Hint("input", "molecule")}


@dataclass(frozen=True)
class Sdf(Format):
    """One row a record; the title is the identifier, `record_N` where it is blank.

    A record that RDKit cannot read stays a row, with its reason, until a rule or a check takes it out by name.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".sdf", ".sd", ".mol")

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All records."""
        return _rows(list(sdf.read(path)), text)

    def chunks(self, path: Path, rows: int, text: Collection[str] = ()) -> Iterator[Raw]:
        """Runs of records, in bounded memory; a run has the properties that stand in it."""
        records = sdf.read(path)
        while piece := list(islice(records, rows)):
            yield _rows(piece, text)


def _rows(records: list[sdf.Record], text: Collection[str]) -> Raw:
    from exapt.bio.chem.blocks import structures

    found = structures([record.block for record in records])
    own = {
        "id": [record.title or f"record_{record.number}" for record in records],
        "smiles": [one.smiles for one in found],
    }
    names = list(dict.fromkeys(name for record in records for name in record.properties))
    columns: dict[str, Any] = dict(own)
    for name, called in zip(names, unique_names([*own, *names])[len(own) :], strict=True):
        values = pd.Series([record.properties.get(name) or None for record in records], dtype=object)
        columns[called] = values if name in text else number_or_text(values)
    if any(one.problem for one in found):
        numbered = zip(records, found, strict=True)
        columns[PROBLEM] = [f"record {r.number}: {one.problem}" if one.problem else None for r, one in numbered]
    return Raw(
        pd.DataFrame(columns),
        hints={**HINTS, PROBLEM: Hint()},
        lines=np.array([record.line for record in records], dtype=np.int64),
    )


EXPORT = Sdf
