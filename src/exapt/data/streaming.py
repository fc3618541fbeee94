"""Reading for prediction: pieces of bounded memory that hold what a model reads, under the names that it knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from exapt.bio.sequence.alphabets import ALPHABETS
from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Table
from exapt.core.errors import DataError, nearest
from exapt.data import cards, modalities, tables
from exapt.data.cleaning import SIEVES, apply, check_inputs
from exapt.data.cleaning import rejected as of_steps
from exapt.data.formats import FORMATS, Hint, Raw, format_of, open_format

CHUNK_ROWS = 8192
Wanted = Mapping[str, str | Collection[str]]


def stream(
    data: str,
    *,
    inputs: Wanted | None = None,
    others: Collection[str] = (),
    options: Mapping[str, Any] | None = None,
    rules: Sequence[Piece] = (),
    rejected: Callable[[pd.DataFrame], None] | None = None,
    chunk_rows: int = CHUNK_ROWS,
) -> Iterator[Table]:
    """Read a card or a file in pieces: inputs and identifiers, no targets.

    Parameters
    ----------
    data
        A card name or a file.
    inputs
        Input column -> the modality, or the modalities, that a model reads. Columns are found by name; a single
        input may have another name in the file and is renamed. None = as inferred from the file.
    others
        Columns that were no input when the model was trained (targets, groups): where all numeric columns of a file
        are one input, they stay out of it.
    options
        Options of the file format, or of the card's parser; those that this format does not have are left out.
    rules
        Cleaning rules, applied to each piece.
    rejected
        Takes the rows that cannot be read and those that rules drop (columns where, id, rule, reason and the inputs),
        piece by piece, so that no bad row stops a library. None: a row that cannot be read is an error.
    chunk_rows
        Rows a piece.

    Yields
    ------
    Table
        At most `chunk_rows` rows; every piece has the same columns with a role.

    Raises
    ------
    DataError
        Where an input is missing; without `rejected`, where a molecule cannot be read, an input is empty, or a letter
        is not in its alphabet. The message names the row.
    """
    config: DataConfig | None = None
    names: dict[str, str] = {}
    done = 0
    for raw in _pieces(data, dict(options or {}), chunk_rows):
        if not len(raw):
            continue
        if config is None:
            names, config = _first(raw, data, inputs, others)
        table, _ = tables.assemble(_renamed(raw, names), config, data, first_row=done)
        kept = {name: column for name, column in table.columns.items() if column.role in ("id", "input", "group")}
        table, steps = apply(replace(table, columns=kept), [*rules, *(SIEVES if rejected else ())])
        lost = of_steps(steps)
        if rejected and len(lost):
            rejected(lost)
        else:
            check_inputs(table, molecules=rejected is None)
        done += len(raw)
        if len(table):
            yield table
    if config is None:
        raise DataError(f"{data}: no rows.")


def existing(name: str) -> Path:
    """The path of a file or folder that is there.

    Raises
    ------
    DataError
        Where it is not; the nearest cards or files are offered.
    """
    path = Path(name)
    if not path.exists() and len(path.parts) == 1 and not path.suffix:
        raise DataError(f"{name!r} is neither a file nor a data card. {nearest(name, cards.names(), show=30)}")
    return path


def _pieces(data: str, options: dict[str, Any], rows: int) -> Iterator[Raw]:
    if data in cards.names():
        card = cards.read(data)
        whole = cards.parse(card, cards.fetch(card), options)
        yield from (whole.take(slice(start, start + rows)) for start in range(0, len(whole), rows))
        return
    path = existing(data)
    name = format_of(path)
    known = FORMATS.options(name)
    form = open_format(name, {key: value for key, value in options.items() if key in known})
    yield from form.chunks(path, rows, tables.text_columns(DataConfig(name=data)))


def _first(raw: Raw, data: str, inputs: Wanted | None, others: Collection[str]) -> tuple[dict[str, str], DataConfig]:
    """Decide on the first piece: which columns get new names, and what is stated for all pieces."""
    names: dict[str, str] = {}
    left_out = [name for name in others if raw.gather and name in raw.frame] or None
    config = DataConfig(name=data, target=left_out)
    if inputs is not None:
        names = _new_names(raw, data, inputs)
        renamed = _renamed(raw, names)
        # Where the values fit nothing that is wanted, the check of letters says what is wrong with them.
        stated = {name: _fits(renamed, name, wanted) or min(_as_set(wanted)) for name, wanted in inputs.items()}
        config = DataConfig(name=data, input=list(inputs), target=left_out, modality=stated)
    table, _ = tables.assemble(_renamed(raw, names), config, data)
    ids = table.names("id")
    return names, DataConfig(
        name=data,
        id=ids[0] if ids else None,
        input=table.names("input"),
        target=table.names("target") if raw.gather else [],
        modality={name: table.columns[name].modality for name in table.names("input")},
        unit={name: unit for name in table.names("input") if (unit := table.columns[name].unit)},
    )


def _new_names(raw: Raw, data: str, inputs: Wanted) -> dict[str, str]:
    """Name in the file -> name that the model knows, where they differ."""
    have = [*map(str, raw.frame.columns), *raw.matrices, *([raw.gather] if raw.gather else [])]
    missing = [name for name in inputs if name not in have]
    if not missing:
        return {}
    name, wanted = missing[0], inputs[missing[0]]
    if len(inputs) == 1:
        fitting = [other for other in have if _may_be_input(raw, other) and _fits(raw, other, wanted)]
        if len(fitting) == 1:
            return {fitting[0]: name}
    kinds = " or ".join(sorted(_as_set(wanted)))
    raise DataError(f"{data}: input column {name!r} ({kinds}) is missing. {nearest(name, have)}")


def _may_be_input(raw: Raw, name: str) -> bool:
    if name in raw.hints:
        return raw.hints[name].role == "input"
    if name not in raw.frame:
        return True
    return bool(tables.INPUT_NAME.search(name)) or modalities.is_sequence_column(raw.frame[name])


def _fits(raw: Raw, name: str, wanted: str | Collection[str]) -> str | None:
    """The wanted modality that the values of a column have, if any."""
    modes = _as_set(wanted)
    if name not in raw.frame:
        modality = raw.hints.get(name, Hint()).modality or "expression"
        return modality if modality in modes else None
    values = raw.frame[name]
    guess = modalities.of_input(name, values)
    if guess is not None and guess[0] in modes:
        return guess[0]
    sample = [value for value in values.head(modalities.SAMPLE) if isinstance(value, str)]
    return next((m for m in sorted(modes & set(ALPHABETS)) if sample and ALPHABETS[m].accepts(sample)), None)


def _as_set(wanted: str | Collection[str]) -> set[str]:
    return {wanted} if isinstance(wanted, str) else set(wanted)


def _renamed(raw: Raw, names: Mapping[str, str]) -> Raw:
    if not names:
        return raw
    return replace(
        raw,
        frame=raw.frame.rename(columns=dict(names)),
        matrices={names.get(name, name): matrix for name, matrix in raw.matrices.items()},
        hints={names.get(name, name): hint for name, hint in raw.hints.items()},
        gather=names.get(raw.gather, raw.gather) if raw.gather else None,
    )
