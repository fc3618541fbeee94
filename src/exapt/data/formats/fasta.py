"""FASTA: identifier, sequence, and `key=value` header fields as columns (plain or gzip)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from exapt.bio.formats import fasta
from exapt.core.errors import ConfigError
from exapt.data.formats import Format, Hint, Raw, number_or_text

HINTS = {"id": Hint("id", "label"), "sequence": Hint("input")}


@dataclass(frozen=True)
class Fasta(Format):
    """One row a record.

    Parameters
    ----------
    pattern
        Regular expression with named groups, matched at the start of each identifier; the groups become columns,
        a group called ``id`` the identifier.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".fa", ".fasta", ".fna", ".faa", ".ffn", ".fas")
    pattern: str | None = None

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise ConfigError(f"fasta: pattern {self.pattern!r} is no regular expression: {error}.") from None

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All records."""
        columns: list[list[Any]] = [[], [], [], []]
        for piece in fasta.read_pieces(path):
            _extend(columns, piece)
        return self._rows(*columns, fields=True)

    def chunks(self, path: Path, rows: int, text: Collection[str] = ()) -> Iterator[Raw]:
        """Runs of records, in bounded memory; header fields are left in column `description`."""
        waiting: list[list[Any]] = [[], [], [], []]
        for piece in fasta.read_pieces(path):
            _extend(waiting, piece)
            while len(waiting[0]) >= rows:
                yield self._rows(*(column[:rows] for column in waiting))
                waiting = [column[rows:] for column in waiting]
        if waiting[0]:
            yield self._rows(*waiting)

    def _rows(
        self, ids: list[str], sequences: list[str], descriptions: list[str], lines: list[int], *, fields: bool = False
    ) -> Raw:
        columns: dict[str, Any] = {"id": ids, "sequence": sequences}
        if any(descriptions):
            columns["description"] = descriptions
        if fields and any("=" in description for description in descriptions):
            found = pd.DataFrame.from_records([fasta.fields(description) for description in descriptions])
            columns |= {str(name): number_or_text(found[name]) for name in found if name not in columns}
        if self.pattern is not None:
            columns |= self._groups(ids)
        return Raw(pd.DataFrame(columns), hints=HINTS, lines=np.array(lines, dtype=np.int64))

    def _groups(self, ids: list[str]) -> dict[str, list[str | None]]:
        pattern = re.compile(self.pattern or "")
        found = [match.groupdict() if (match := pattern.match(name)) else {} for name in ids]
        groups = {name: [row.get(name) for row in found] for name in pattern.groupindex}
        if "id" in groups:
            groups["id"] = [new or old for new, old in zip(groups["id"], ids, strict=True)]
        return groups


def _extend(columns: list[list[Any]], piece: tuple[list[Any], ...]) -> None:
    for column, more in zip(columns, piece, strict=True):
        column.extend(more)


EXPORT = Fasta
