"""Files of entities beside a file of pairs: identifiers of the pairs become sequences or molecules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from exapt.core.errors import ConfigError, DataError, nearest
from exapt.data import modalities, tables
from exapt.data.formats import Hint, Raw, format_of, open_format

Files = Mapping[str, str | Mapping[str, Any]]


def paths(files: Files, pairs: Path) -> dict[str, Path]:
    """Column of the pair file -> its file of entities; relative paths start at the folder of the pair file.

    Raises
    ------
    ConfigError
        Where an entry names no file.
    """
    found = {}
    for column, entry in files.items():
        name = entry.get("file") if isinstance(entry, Mapping) else entry
        if not isinstance(name, str):
            raise ConfigError(
                f"entities: {column!r} has {entry!r}; write a file, or {{file: NAME, ...}} with options of its format."
            )
        found[column] = pairs.parent / name
    return found


class Entities:
    """What the identifiers of a pair file stand for, read once.

    Parameters
    ----------
    files
        Column of the pair file -> FASTA or table of entities, or a mapping of `file` and the options of its format.
    pairs
        The pair file.

    Raises
    ------
    DataError
        Where a file has no identifiers, no column of sequences or SMILES, or one identifier with two of them.
    """

    def __init__(self, files: Files, pairs: Path) -> None:
        self._pairs = pairs
        self._paths = paths(files, pairs)
        known: dict[tuple[Path, str], tuple[pd.DataFrame, str]] = {}
        self._known = {}
        for column, path in self._paths.items():
            entry = files[column]
            options = (
                {key: value for key, value in entry.items() if key != "file"} if isinstance(entry, Mapping) else {}
            )
            same = (path, repr(options))
            if same not in known:
                known[same] = _read(path, options)
            self._known[column] = known[same]

    def attach(self, raw: Raw) -> Raw:
        """The pairs with the columns of their entities: from `protein_a` comes `protein_a_sequence`, and so on.

        Pairs without an identifier get one of both names, `pair`.

        Raises
        ------
        DataError
            Where a column is missing, or an identifier is in no file; the message names the line.
        """
        parts, hints = [raw.frame], dict(raw.hints)
        for column, (known, value) in self._known.items():
            if column not in raw.frame:
                raise DataError(f"{self._pairs}: entities: no column {column!r}. {nearest(column, raw.frame.columns)}")
            ids = raw.frame[column]
            rows = known.index.get_indexer(pd.Index(ids.astype(object)))
            self._refuse_unknown(raw, column, ids, rows)
            part = known.iloc[rows].reset_index(drop=True).add_prefix(f"{column}_")
            twice = [name for name in part if name in raw.frame]
            if twice:
                raise DataError(
                    f"{self._pairs}: the column {twice[0]!r} is there and comes from entities too. Rename it."
                )
            parts.append(part)
            hints |= {str(name): Hint() for name in part}
            hints[f"{column}_{value}"] = Hint("input")
            hints.setdefault(column, Hint())
        if len(self._known) == 2 and not _identified(raw):
            first, second = (raw.frame[column].astype(str) for column in self._known)
            parts.insert(0, (first + "/" + second).rename("pair").to_frame())
            hints["pair"] = Hint("id", "label")
        return replace(raw, frame=pd.concat(parts, axis=1), hints=hints)

    def _refuse_unknown(self, raw: Raw, column: str, ids: pd.Series, rows: np.ndarray[Any, Any]) -> None:
        missing = np.flatnonzero(rows < 0)
        if not len(missing):
            return
        row = int(missing[0])
        line = f":{raw.lines[row]}" if raw.lines is not None else f": row {row + 1}"
        name, known = ids.iloc[row], self._known[column][0].index
        distinct = ids.iloc[missing].nunique()
        raise DataError(
            f"{self._pairs}{line}: {column!r} {name!r} is not in {self._paths[column]} ({len(missing):,} such pairs, "
            f"{distinct:,} identifiers). {nearest(str(name), map(str, known))}"
        )


def _identified(raw: Raw) -> bool:
    """Whether the pairs have identifiers, or a column is called so."""
    named = {str(name).lower() for name in raw.frame} & {"pair", *tables.ID_NAMES}
    return bool(named) or any(hint.role == "id" for hint in raw.hints.values())


def _read(path: Path, options: Mapping[str, Any]) -> tuple[pd.DataFrame, str]:
    """Entities by their identifier, and the name of the column that is the input."""
    reader = open_format(format_of(path), options)
    names = {form(name) for name in tables.ID_NAMES for form in (str.lower, str.upper, str.capitalize)}
    frame = reader.read(path, names).frame
    key = next((str(name) for name in frame if str(name).lower() in tables.ID_NAMES), str(frame.columns[0]))
    if pd.api.types.is_numeric_dtype(frame[key]):
        frame = reader.read(path, {key}).frame  # 007 is no number
    others: Collection[str] = [str(name) for name in frame if name != key]
    inputs = [name for name in others if tables.INPUT_NAME.search(name)]
    inputs = inputs or [name for name in others if modalities.is_sequence_column(frame[name])]
    if not inputs:
        raise DataError(
            f"{path}: no column of sequences or SMILES beside the identifiers in {key!r}. "
            f"Columns: {', '.join(map(str, frame.columns))}."
        )
    frame = frame.drop_duplicates().set_index(key)
    twice = frame.index[frame.index.duplicated()]
    if len(twice):
        raise DataError(
            f"{path}: identifier {twice[0]!r} stands for two entities ({len(set(twice)):,} such identifiers)."
        )
    return frame, inputs[0]
