"""File formats that become tables, one file each; a format is found by the ending of a file's name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Matrix, Modality, Role
from exapt.core.errors import DataError, nearest
from exapt.core.registry import Registry


@dataclass(frozen=True)
class Hint:
    """What a format or a card knows about a column; None = not known.

    `optional` keeps the role for when a configuration asks for the column by name.
    """

    role: Role | None = None
    modality: Modality | None = None
    unit: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Raw:
    """What a file holds, before columns have roles.

    Attributes
    ----------
    frame
        Narrow columns, index 0..n-1.
    matrices
        Wide inputs by name.
    hints
        What is known about columns.
    lines
        Line number of each row in its file (n,), for messages; None where a format has no lines.
    gather
        Name of one matrix to make of all numeric columns that have no role; None = none.
    """

    frame: pd.DataFrame
    matrices: Mapping[str, Matrix] = field(default_factory=dict)
    hints: Mapping[str, Hint] = field(default_factory=dict)
    lines: NDArray[np.int64] | None = None
    gather: str | None = None

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: slice) -> Raw:
        """A run of rows."""
        return replace(
            self,
            frame=self.frame.iloc[rows].reset_index(drop=True),
            matrices={name: Matrix(m.values[rows], m.features) for name, m in self.matrices.items()},
            lines=None if self.lines is None else self.lines[rows],
        )


class Format(ABC):
    """Reads one kind of file; a frozen dataclass whose fields are the options."""

    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All rows; columns named in `text` stay text even where they look like numbers."""

    def chunks(self, path: Path, rows: int, text: Collection[str] = ()) -> Iterator[Raw]:
        """Runs of at most `rows` rows; a format that cannot be read in pieces is cut after reading."""
        whole = self.read(path, text)
        for start in range(0, len(whole), rows):
            yield whole.take(slice(start, start + rows))

    def files(self, path: Path) -> list[Path]:
        """The files behind a path, for their checksums."""
        return [path]


MISSING = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A")
PROBLEM = "why it cannot be read"  # column of a format that reads on where a record is broken
FORMATS: Registry[Format] = Registry("file format", "exapt.data.formats")


def format_of(path: Path) -> str:
    """The name of the format of a file or folder.

    Raises
    ------
    DataError
        Where nothing is there, or the ending of the name is not known.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cells.tsv.gz"
    >>> path.touch()
    >>> format_of(path)
    'delimited'
    """
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(f"{path}: no such file. {nearest(path.name, beside)}")
    known = {suffix: name for name in FORMATS.names() for suffix in FORMATS.get(name).suffixes}
    ending = "/" if path.is_dir() else Path(path.name.removesuffix(".gz")).suffix.lower()
    if ending not in known:
        endings = ", ".join(sorted(known.keys() - {"/"}))
        raise DataError(f"{path}: unknown kind of file {ending!r}. Known: {endings} (also .gz), or a 10x folder.")
    return known[ending]


def open_format(name: str, options: Mapping[str, Any]) -> Format:
    """A format with its options; lists of a YAML become tuples."""
    return FORMATS.build(name, **{k: tuple(v) if isinstance(v, list) else v for k, v in options.items()})


def number_or_text(column: pd.Series) -> pd.Series:
    """Numbers where all that is written is a number or a word for "missing"; else text without blanks behind it.

    Examples
    --------
    >>> number_or_text(pd.Series(["1", "NA", "2.5"])).tolist()
    [1.0, nan, 2.5]
    >>> number_or_text(pd.Series(["1", "NA", "b "])).tolist()
    ['1', 'NA', 'b']
    """
    for part in (column.head(100), column):  # most text shows itself at once
        written = part.where(~part.isin(MISSING))
        numbers = pd.to_numeric(written, errors="coerce")
        if not numbers.notna().equals(written.notna()):
            return column.str.rstrip() if any(isinstance(value, str) for value in part) else column
    return numbers if written.notna().any() else column


def unique_names(names: Collection[str]) -> tuple[str, ...]:
    """Append -1, -2, ... to repeats, so that every name stands once.

    Examples
    --------
    >>> unique_names(["TBCE", "LYZ", "TBCE", "TBCE"])
    ('TBCE', 'LYZ', 'TBCE-1', 'TBCE-2')
    """
    if len(set(names)) == len(names):
        return tuple(names)
    taken, result = set(names), []
    seen: dict[str, int] = {}
    for name in names:
        if name not in seen:
            seen[name] = 0
            result.append(name)
            continue
        while (fresh := f"{name}-{seen[name] + 1}") in taken:
            seen[name] += 1
        taken.add(fresh)
        result.append(fresh)
    return tuple(result)
