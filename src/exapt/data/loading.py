"""Reading: a card or a file becomes a clean Table; `stream` gives it in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Table
from exapt.core.errors import DataError
from exapt.core.provenance import sha256
from exapt.data import cards, tables
from exapt.data.cleaning import CleaningReport, check, clean
from exapt.data.formats import Raw, format_of, open_format
from exapt.data.splits.predefined import COLUMNS, WORDS
from exapt.data.streaming import existing, stream

__all__ = ["Loaded", "load", "stream"]
DROP_MISSING = Piece(name="drop_missing_target")


@dataclass(frozen=True)
class Loaded:
    """A data set, ready to be cut.

    Attributes
    ----------
    table
        The clean rows.
    files
        Name -> SHA-256 of every file that was read.
    notes
        Printable lines: what was stated, what was inferred and why, and warnings of the card.
    report
        What cleaning did.
    split
        The split that the data ask for: a card's own, or `predefined` where a column says so; None = no wish.
    licence
        Of a card.
    """

    table: Table
    files: dict[str, str]
    notes: list[str]
    report: CleaningReport
    split: Piece | None = None
    licence: str | None = None


def load(config: DataConfig) -> Loaded:
    """Read, describe, clean and check a data set.

    Parameters
    ----------
    config
        A card or a file, and whatever is stated of it.

    Raises
    ------
    DataError
        Where the file or its rows cannot be used.
    ConfigError
        Where an option, a cleaning rule or a modality is unknown.
    """
    if config.name in cards.names():
        return _load_card(config)
    path = existing(config.name)
    form = open_format(format_of(path), config.options)
    raw = form.read(path, tables.text_columns(config))
    files = {str(file): sha256(file) for file in form.files(path)}
    if not len(raw):
        raise DataError(f"{path}: no rows" + (", only column names." if len(raw.frame.columns) else "."))
    return _finish(raw, config, str(path), files)


def _load_card(config: DataConfig) -> Loaded:
    card = cards.read(config.name)
    raw = cards.parse(card, cards.fetch(card), config.options)
    files = {f"{file.origin}/{file.path}": file.sha256 for file in card.files}
    wanted = tables.as_list(config.target)
    incomplete = any(name in card.columns and card.columns[name].missing == "drop" for name in wanted)
    own = [piece for piece in card.clean if piece.name not in {asked.name for asked in config.clean or []}]
    loaded = _finish(raw, config, card.name, files, [*own, *([DROP_MISSING] if incomplete else [])], known=True)
    notes = [*loaded.notes, *(f"card: {text}" for text in card.warnings)]
    return replace(loaded, notes=notes, split=card.split or loaded.split, licence=card.licence)


def _finish(
    raw: Raw,
    config: DataConfig,
    source: str,
    files: dict[str, str],
    rules: Sequence[Piece] = (),
    *,
    known: bool = False,
) -> Loaded:
    """Describe, clean and check; of data that are `known` the molecules are not read once more."""
    table, notes = tables.assemble(raw, config, source)
    asked = [*rules, *(config.clean or [])]
    table, report = clean(table, asked)
    check(table, molecules=not known and "readable_smiles" not in {piece.name for piece in asked})
    repeated = int(table.frame[table.names("id")[0]].duplicated().sum()) if table.names("id") else 0
    if repeated:
        notes.append(f"{repeated:,} identifiers stand more than once")
    return Loaded(table, files, notes, report, _predefined(table))


def _predefined(table: Table) -> Piece | None:
    """The predefined split, where a column without a role has the words for it and nothing else."""
    for name in table.frame.columns:
        if str(name).lower() in COLUMNS and name not in table.columns:
            words = set(table.frame[name].dropna().astype(str).str.strip().str.lower())
            known = {word: part for part, spellings in WORDS.items() for word in spellings}
            if words <= set(known) and {"train", "test"} <= {known[word] for word in words}:
                return Piece.model_validate({"name": "predefined", "column": str(name)})
    return None
