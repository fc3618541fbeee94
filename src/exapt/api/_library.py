"""Reading a library of molecules, and laying it down in blocks that any process can take up by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from exapt.api._screen_work import Blocks
from exapt.core.config import DataConfig
from exapt.core.errors import DataError, nearest
from exapt.core.progress import bar
from exapt.data import cards, modalities, tables
from exapt.data.formats import PROBLEM, Raw, format_of, open_format
from exapt.data.streaming import existing

OTHER_SPELLINGS = ("InChI=", "InChIKey=")


@dataclass(frozen=True)
class Source:
    """What to read.

    Attributes
    ----------
    name
        A card, or a file of SMILES (CSV, TSV, SMI, SDF, Parquet; gzip too).
    smiles
        The column of SMILES; None = found by name and content.
    id
        The column of identifiers; None = found by name, else the number of the row.
    """

    name: str
    smiles: str | None = None
    id: str | None = None

    def files(self) -> list[Path]:
        """The files behind it, for their checksums.

        Raises
        ------
        DataError
            Where nothing is there.
        """
        if self.name in cards.names():
            return list(cards.fetch(cards.read(self.name)).values())
        path = existing(self.name)
        return open_format(format_of(path), {}).files(path)

    def pieces(self, rows: int) -> Iterator[pd.DataFrame]:
        """Identifiers, SMILES and known problems, at most `rows` rows a piece; without an id, the number of the row.

        Raises
        ------
        DataError
            Where the file cannot be read, or has no column of SMILES, or several.
        """
        names: tuple[str, str | None] | None = None
        done = 0
        for raw in self._raw(rows):
            if not len(raw):
                continue
            if names is None:
                names = self._columns(raw)
            smiles, identifier = names
            numbers = pd.Series(np.arange(done + 1, done + 1 + len(raw)).astype(str), index=raw.frame.index)
            given = numbers if identifier is None else _text(raw.frame[identifier])
            piece = pd.DataFrame({"id": given.where(given != "", numbers), "smiles": _text(raw.frame[smiles])})
            piece["problem"] = raw.frame.get(PROBLEM, None)
            done += len(piece)
            yield piece
        if not done:
            raise DataError(f"{self.name}: no rows.")

    def read(self) -> pd.DataFrame:
        """All rows at once."""
        return pd.concat(list(self.pieces(1 << 16)), ignore_index=True)

    def _raw(self, rows: int) -> Iterator[Raw]:
        if self.name in cards.names():
            card = cards.read(self.name)
            whole = cards.parse(card, cards.fetch(card), {})
            yield from (whole.take(slice(start, start + rows)) for start in range(0, len(whole), rows))
            return
        path = existing(self.name)
        stated = {name for name in (self.smiles, self.id) if name}
        text = tables.text_columns(DataConfig(name=self.name)) | stated
        yield from open_format(format_of(path), {}).chunks(path, rows, text)

    def _columns(self, raw: Raw) -> tuple[str, str | None]:
        have = [str(name) for name in raw.frame.columns]
        for name in (self.smiles, self.id):
            if name is not None and name not in have:
                raise DataError(f"{self.name}: no column {name!r}. {nearest(name, have)}")
        smiles = self.smiles or self._smiles(raw, have)
        first = next((str(value) for value in raw.frame[smiles] if isinstance(value, str) and value), "")
        if first.startswith(OTHER_SPELLINGS):
            raise DataError(
                f"{self.name}: column {smiles!r} holds InChI ({first[:30]!r}). A screen reads SMILES: convert it, "
                f"or name another column with --input. Columns: {', '.join(have)}."
            )
        return smiles, self.id or _identifier(raw, have, smiles)

    def _smiles(self, raw: Raw, have: list[str]) -> str:
        hinted = [n for n, hint in raw.hints.items() if hint.role == "input" and hint.modality == "molecule"]
        named = [name for name in have if "smiles" in name.lower()]
        spelled = [name for name in have if _spelled(raw.frame[name])]
        for found in (hinted, named, spelled):
            if len(found) == 1:
                return found[0]
            if found:
                break
        what = f"several columns may be SMILES ({', '.join(found)})" if found else "no column looks like SMILES"
        raise DataError(f"{self.name}: {what}. Name one with --input. Columns: {', '.join(have[:12])}.")


def _spelled(values: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(values):
        return False
    guess = modalities.of_input("", values)
    return guess is not None and guess[0] == "molecule"


def _identifier(raw: Raw, have: list[str], smiles: str) -> str | None:
    """The column of identifiers: as the format knows, by its whole name, or the only one whose name ends in id."""
    hinted = [name for name, hint in raw.hints.items() if hint.role == "id"]
    lower = {name.lower(): name for name in reversed(have) if name != smiles}
    named = [lower[name] for name in tables.ID_NAMES if name in lower]
    ending = [name for name in lower.values() if name.lower().endswith(("_id", " id", "-id"))]
    return next(iter([*hinted, *named, *(ending if len(ending) == 1 else [])]), None)


def _text(values: pd.Series) -> pd.Series:
    """Text of one line without tabs, as a TSV can hold it."""
    text = values.astype(object).where(values.notna(), "").astype(str).str.strip()
    return text.str.replace(r"[\t\r\n]+", " ", regex=True)


def lay_down(source: Source, blocks: Blocks, rows: int, *, quiet: bool) -> list[int]:
    """Read a library and write its blocks, unless they are there; returns their sizes.

    Parameters
    ----------
    source
        What to read.
    blocks
        Where to write.
    rows
        Molecules a block.
    quiet
        No progress on stderr.
    """
    if (known := blocks.sizes()) is not None:
        return known
    sizes: list[int] = []
    with bar("read", None, unit="rows", quiet=quiet) as progress:
        for number, piece in enumerate(source.pieces(rows)):
            blocks.write(number, piece.to_dict("list"))
            sizes.append(len(piece))
            progress.advance(len(piece))
    blocks.close(sizes)
    return sizes
