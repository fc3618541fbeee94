"""From the columns of a file to a Table: roles, modalities and units, stated or inferred, each said aloud."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from exapt.core.config import DataConfig
from exapt.core.contracts import Column, Matrix, Modality, Role, Rows, Table
from exapt.core.errors import ConfigError, DataError, nearest
from exapt.data import modalities
from exapt.data.formats import MISSING, Hint, Raw

ID_NAMES = ("id", "ids", "identifier", "accession", "barcode", "cell", "name", "entry")
TARGET_NAMES = ("target", "label", "labels", "class", "y")
INPUT_NAME = re.compile(r"(^|[_\-. ])(seq|sequence|smiles)s?([_\-. ]|\d*$)", re.IGNORECASE)
LINE, ROW = "line", "row"


def assemble(raw: Raw, config: DataConfig, source: str, *, first_row: int = 0) -> tuple[Table, list[str]]:
    """Give the columns of a file their roles, modalities and units.

    A column `line` or `row` remembers where each row stood, so that messages name it after others were dropped.

    Parameters
    ----------
    raw
        The file's columns with what its format or card knows of them.
    config
        What was stated (an empty list: there is none); the rest is inferred.
    source
        Name for messages.
    first_row
        Number of rows before these, where a file is read in pieces.

    Returns
    -------
    Table
        Columns without a role stay in its frame.
    list of str
        One line a column that has a role, and why.

    Raises
    ------
    DataError
        Where a stated column is missing, or no column can be an input.
    """
    _check_stated(raw, config, source)
    roles = _roles(raw, config)
    if raw.gather is not None:
        raw, roles = _gather(raw, raw.gather, roles, source)
    if "input" not in roles.values():
        raise DataError(_no_input(raw, source))
    columns, notes = {}, []
    for name, role in sorted(roles.items(), key=lambda item: get_args(Role).index(item[1])):
        columns[name], note = _describe(raw, name, role, config, source)
        notes.append(note)
    frame = _typed(raw.frame, columns, source)
    if raw.lines is not None and LINE not in frame:
        frame[LINE] = raw.lines
    elif raw.lines is None and ROW not in frame:
        frame[ROW] = np.arange(first_row + 1, first_row + 1 + len(frame))
    return Table(frame, columns, source, dict(raw.matrices)), notes


def where(table: Table, row: int) -> str:
    """File and line of a row, or file and row, for messages.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["a", "b"], "line": [1, 7]})
    >>> where(Table(frame, {"id": Column("id", "label")}, "x.fa"), 1)
    'x.fa:7 (b)'
    """
    name = f" ({table.frame[table.names('id')[0]].iloc[row]})" if table.names("id") else ""
    return places(table, np.array([row]))[0] + name


def places(table: Table, rows: Rows) -> list[str]:
    """File and line, or file and row, of each of some rows.

    Examples
    --------
    >>> places(Table(pd.DataFrame({"s": ["AC", "GT"]}), {}, "x.parquet"), np.array([1]))
    ['x.parquet: row 2']
    """
    frame, given = table.frame, table.columns
    if LINE in frame and LINE not in given:
        return [f"{table.source}:{line}" for line in frame[LINE].iloc[rows]]
    numbers = frame[ROW].iloc[rows] if ROW in frame and ROW not in given else rows + 1
    return [f"{table.source}: row {number}" for number in numbers]


def text_columns(config: DataConfig) -> set[str]:
    """Columns that must stay text even where they look like numbers: identifiers, stated or by their name."""
    stated = {config.id} if config.id else set()
    return stated | {form(name) for name in ID_NAMES for form in (str.lower, str.upper, str.capitalize)}


def as_list(names: str | Sequence[str] | None) -> list[str]:
    """A stated name or names as a list.

    Examples
    --------
    >>> as_list("a"), as_list(None), as_list(["a", "b"])
    (['a'], [], ['a', 'b'])
    """
    if names is None:
        return []
    return [names] if isinstance(names, str) else list(names)


def _check_stated(raw: Raw, config: DataConfig, source: str) -> None:
    known = [*raw.frame.columns, *raw.matrices, *([raw.gather] if raw.gather else [])]
    stated = {
        "id": as_list(config.id),
        "input": as_list(config.input),
        "target": as_list(config.target),
        "group": as_list(config.group),
        "modality": list(config.modality),
        "unit": list(config.unit),
    }
    for key, names in stated.items():
        for name in names:
            if name not in known:
                raise DataError(f"{source}: {key}: no column {name!r}. {nearest(name, known)}")
    unknown = sorted(set(config.modality.values()) - set(get_args(Modality)))
    if unknown:
        raise ConfigError(f"data.modality: unknown modality {unknown[0]!r}. {nearest(unknown[0], get_args(Modality))}")
    both = sorted(set(stated["input"]) & set(stated["target"]))
    if both:
        raise ConfigError(f"data: column {both[0]!r} is stated as input and as target.")


def _roles(raw: Raw, config: DataConfig) -> dict[str, Role]:
    """Roles by statement, else by what the format or card knows, else by name and content."""
    stated: dict[Role, str | list[str] | None] = {
        "id": config.id,
        "input": config.input,
        "target": config.target,
        "group": config.group,
    }
    roles: dict[str, Role] = {name: role for role, names in stated.items() for name in as_list(names)}
    for name, hint in raw.hints.items():
        if hint.role and not hint.optional and stated.get(hint.role) is None and name not in roles:
            roles[name] = hint.role
    free = [str(name) for name in raw.frame.columns if name not in roles and name not in raw.hints]
    if "id" not in roles.values():
        names = _named(free, ID_NAMES)
        roles |= {name: "id" for name in names[:1] if raw.frame[name].is_unique and raw.frame[name].notna().all()}
    if config.target is None and "target" not in roles.values():
        roles |= dict.fromkeys(_named(free, TARGET_NAMES)[:1], "target")
    if "input" not in roles.values() and raw.gather is None:
        free = [name for name in free if name not in roles]
        inputs = [*raw.matrices, *(name for name in free if INPUT_NAME.search(name))]
        inputs = inputs or [name for name in free if modalities.is_sequence_column(raw.frame[name])]
        roles |= dict.fromkeys(inputs, "input")
    return roles


def _named(columns: Iterable[str], names: Sequence[str]) -> list[str]:
    by_lower = {column.lower(): column for column in reversed(list(columns))}
    return [by_lower[name] for name in names if name in by_lower]


def _gather(raw: Raw, name: str, roles: dict[str, Role], source: str) -> tuple[Raw, dict[str, Role]]:
    """Make one wide input of all numeric columns without a role."""
    numeric = raw.frame.select_dtypes("number").columns
    chosen = [column for column in numeric if column not in roles]
    if not chosen:
        raise DataError(f"{source}: matrix {name!r}: no numeric column is left without a role.")
    matrix = Matrix(raw.frame[chosen].to_numpy(dtype=np.float32), tuple(map(str, chosen)))
    hints = {**raw.hints, name: Hint("input", "expression")}
    raw = replace(raw, frame=raw.frame.drop(columns=chosen), matrices={**raw.matrices, name: matrix}, hints=hints)
    return raw, {**roles, name: "input"}


def _no_input(raw: Raw, source: str) -> str:
    numeric = len(raw.frame.select_dtypes("number").columns)
    wide = f", or read the {numeric} numeric columns as one with options: {{matrix: expression}}" if numeric > 1 else ""
    columns = ", ".join(map(str, raw.frame.columns[:12]))
    what = "no column looks like an input (sequence, SMILES)"
    return f"{source}: {what}. Name one with `input`{wide}. Columns: {columns}."


def _describe(raw: Raw, name: str, role: Role, config: DataConfig, source: str) -> tuple[Column, str]:
    hint = raw.hints.get(name, Hint())
    modality, why = _modality(raw, name, role, config.modality.get(name), hint, source)
    unit, unit_why = config.unit.get(name, hint.unit), ""
    if unit is None and modality == "expression" and name in raw.matrices:
        guess = modalities.unit_of_expression(raw.matrices[name])
        if guess is not None:
            unit, unit_why = guess[0], f"; unit inferred: {guess[1]}"
    extent = ""
    if name in raw.matrices:
        extent = " of " + " x ".join(map(str, raw.matrices[name].values.shape[1:]))
    parts = ", ".join(part for part in (f"{modality}{extent}", unit) if part)
    return Column(role, modality, unit), f"{role} {name!r}: {parts} ({why}{unit_why})"


def _modality(raw: Raw, name: str, role: Role, stated: str | None, hint: Hint, source: str) -> tuple[Modality, str]:
    if stated is not None:
        return stated, "stated"  # type: ignore[return-value]
    if hint.modality is not None:
        return hint.modality, "declared by the card or file"
    if name in raw.matrices:
        return "expression", "a wide numeric input"
    values = raw.frame[name]
    guess = modalities.of_input(name, values) if role == "input" else None
    if role == "target":
        guess = modalities.of_target(values)
    if role in ("id", "group"):
        guess = "label", "its role"
    if guess is None:
        raise DataError(
            f"{source}: the modality of input {name!r} cannot be told from its values "
            f"({str(values.iloc[0])[:30]!r}, ...). State it: modality: {{{name}: ...}}; "
            f"known: {', '.join(get_args(Modality))}."
        )
    return guess[0], f"inferred: {guess[1]}"


def _typed(frame: pd.DataFrame, columns: Mapping[str, Column], source: str) -> pd.DataFrame:
    """Text identifiers and inputs, numbers as float64, labels with one word for "missing"."""
    changed: dict[str, Any] = {}
    for name, column in columns.items():
        if name not in frame:
            continue
        values = frame[name]
        if column.role == "id":
            changed[name] = values.astype(str)
        elif column.modality == "number":
            changed[name] = _numbers(values, name, source)
        elif column.role == "target" and not pd.api.types.is_numeric_dtype(values):
            changed[name] = values.astype(object).where(~values.isin((*MISSING, "")), None)
        elif column.modality in ("dna", "rna", "protein", "molecule"):
            changed[name] = _text(values, name, column.modality, source)
    return frame.assign(**changed) if changed else frame.copy(deep=False)


def _text(values: pd.Series, name: str, modality: str, source: str) -> pd.Series:
    found = pd.api.types.infer_dtype(values, skipna=True)
    if found not in ("string", "categorical", "empty") and values.notna().any():
        first = values.dropna().tolist()[0]
        raise DataError(
            f"{source}: input {name!r} was taken for {modality}, but it holds {first!r} ({found}), no text."
        )
    return values.astype(object).where(values.notna(), "")


def _numbers(values: pd.Series, name: str, source: str) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    bad = np.flatnonzero((numbers.isna() & values.notna() & ~values.isin(MISSING)).to_numpy())
    if len(bad):
        raise DataError(
            f"{source}: column {name!r} holds {values.iloc[bad[0]]!r} in row {bad[0] + 1}, which is no number "
            f"({len(bad):,} such rows). Mend them, or state modality: {{{name}: label}}."
        )
    return numbers.replace([np.inf, -np.inf], np.nan)
