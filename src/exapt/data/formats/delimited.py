"""CSV and TSV (plain or gzip): one row an example, a wide table of numeric profiles, or pairs of entities by name."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np
import pandas as pd

from exapt.bio.formats.compressed import open_binary
from exapt.core.errors import DataError
from exapt.data.formats import Format, Hint, Raw, number_or_text
from exapt.data.formats._entities import Entities, Files, paths

SEPARATORS = "\t,;"
_FIELDS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")


@dataclass(frozen=True)
class Delimited(Format):
    """Text columns.

    Parameters
    ----------
    separator
        Between fields; None = tab where the first line has one, else comma or semicolon, whichever it has more of.
    names
        Column names of a file without a header line; None = the first line has them.
    matrix
        Make one wide input with this name of all numeric columns that have no role.
    entities
        For pairs: column of identifiers -> FASTA or table of entities, relative to this file, whose sequences or SMILES
        become the inputs `COLUMN_sequence` or `COLUMN_smiles`; or a mapping of `file` and options of its format.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".tsv", ".tab", ".txt", ".data")
    separator: str | None = None
    names: tuple[str, ...] | None = None
    matrix: str | None = None
    entities: Files = field(default_factory=dict)

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All rows."""
        with _readable(path), open_binary(path) as file:
            raw = self.parse(file, str(path), {*text, *self.entities})
        return Entities(self.entities, path).attach(raw)

    def parse(self, file: BinaryIO, where: str, text: Collection[str] = ()) -> Raw:
        """All rows of an open file; `where` names it in errors."""
        options = self._options(file, where, text)
        frame = pd.read_csv(file, **options)
        if self.separator is None:
            _refuse_mixed(frame, 0, where, options)
        return self._rows(frame, 0, text)

    def chunks(self, path: Path, rows: int, text: Collection[str] = ()) -> Iterator[Raw]:
        """Runs of rows, in bounded memory."""
        text = {*text, *self.entities}
        known = Entities(self.entities, path)
        with _readable(path), open_binary(path) as file:
            done = 0
            options = self._options(file, str(path), text)
            for frame in pd.read_csv(file, chunksize=rows, **options):
                if self.separator is None:
                    _refuse_mixed(frame, done, str(path), options)
                yield known.attach(self._rows(frame, done, text))
                done += len(frame)

    def files(self, path: Path) -> list[Path]:
        """The file itself, and those of its entities."""
        return list(dict.fromkeys([path, *paths(self.entities, path).values()]))

    def _options(self, file: BinaryIO, where: str, text: Collection[str]) -> dict[str, Any]:
        first = file.readline().decode("utf-8-sig")
        file.seek(0)
        if not first.strip():
            raise DataError(f"{where}: the file is empty.")
        separator = self.separator or ("\t" if "\t" in first else max(SEPARATORS, key=first.count))
        header = self.names or [name.strip() for name in next(csv.reader([first], delimiter=separator))]
        twice = [name for number, name in enumerate(header) if name in header[:number]]
        if twice and not self.matrix:  # of a wide table the repeats are told apart, as of genes in other formats
            raise DataError(f"{where}: column {twice[0]!r} stands twice in the first line. Rename one.")
        return {
            "sep": separator,
            "header": None if self.names else 0,
            "names": list(self.names) if self.names else None,
            # An identifier 007 is no number, and a peptide "NA" (Asn-Ala) is no missing value.
            "dtype": {column: str for column in header if column in text},
            "keep_default_na": False,
            "na_values": [""],
            "encoding": "utf-8-sig",
            "skipinitialspace": True,
            "low_memory": False,
        }

    def _rows(self, frame: pd.DataFrame, done: int, text: Collection[str]) -> Raw:
        hints = {}
        if isinstance(frame.index, pd.MultiIndex):
            raise pd.errors.ParserError(f"rows have {frame.index.nlevels} fields more than the first line has names")
        named_rows = not isinstance(frame.index, pd.RangeIndex)  # the header is one name short, as R writes it
        frame = frame.reset_index(names="id") if named_rows else frame.reset_index(drop=True)
        frame.columns = [str(name).strip() for name in frame.columns]
        if frame.columns[0] in ("", "Unnamed: 0"):
            frame = frame.rename(columns={frame.columns[0]: "id"})
        if frame.columns[0] == "id":
            frame["id"] = frame["id"].astype(str)
            hints["id"] = Hint("id", "label")
        for name in frame.select_dtypes(object).columns.difference(list(text), sort=False):
            frame[name] = number_or_text(frame[name])
        first = 1 if self.names else 2
        lines = np.arange(done + first, done + first + len(frame), dtype=np.int64)
        return Raw(frame, hints=hints, lines=lines, gather=self.matrix)


def _refuse_mixed(frame: pd.DataFrame, done: int, where: str, options: dict[str, Any]) -> None:
    """Stop at a line that is one field only because it is written with another separator than the first line."""
    if frame.shape[1] < 2 or not pd.api.types.is_object_dtype(frame.dtypes.iloc[0]):
        return
    alone = frame.index[frame.iloc[:, 1:].isna().all(axis=1)] if isinstance(frame.index, pd.RangeIndex) else ()
    for row in alone:
        text = str(frame.iloc[row - frame.index[0], 0])
        other = next((mark for mark in SEPARATORS if mark != options["sep"] and mark in text), None)
        if other is not None:
            line = row - frame.index[0] + done + (2 if options["header"] == 0 else 1)
            raise DataError(
                f"{where}:{line}: separated by {other!r}, where the first line is separated by {options['sep']!r}: "
                f"{text[:60]!r}. Write the file with one separator, or state it: options: {{separator: ...}}."
            )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except pd.errors.EmptyDataError:
        raise DataError(f"{path}: the file is empty.") from None
    except pd.errors.ParserError as error:
        if fields := _FIELDS.search(str(error)):
            wanted, line, found = fields.groups()
            raise DataError(
                f"{path}:{line}: {found} fields, where the lines before have {wanted}. Quote a field that holds the "
                "separator, or state the separator: options: {separator: ...}."
            ) from None
        reason = str(error).replace("Error tokenizing data. C error: ", "").strip()
        remedy = "Is the separator right (options: {separator: ...})?"
        raise DataError(f"{path}: not a table: {reason}. {remedy}") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text (byte {error.object[error.start]:#04x}). Save it as UTF-8.") from None


EXPORT = Delimited
