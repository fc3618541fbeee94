"""SMILES files: a SMILES a line, a blank or tab, and a name; comments (#) and a header are known by their looks.

A header is a first line whose first word is not a SMILES but a name for one (``smiles``, ``canonical_smiles``,
``smi``). Without a header all behind the SMILES is the name, blanks included; a header of more than two words names
that many columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from exapt.bio.formats.compressed import open_binary
from exapt.core.errors import DataError

COLUMNS = ("smiles", "id")
_HEADER = re.compile(r"\w*smiles?\w*|smi|structure", re.IGNORECASE)
_EXTENSION = re.compile(r"(\|[^|]*\|)\s*")  # CXSMILES: enhanced stereo and the like, between the SMILES and the name


class Line(NamedTuple):
    """One molecule.

    Attributes
    ----------
    smiles
        As written, with its CXSMILES extension.
    fields
        What follows: the name, or one value a column of the header; None where the line is shorter.
    number
        Line number, from 1.
    """

    smiles: str
    fields: tuple[str | None, ...]
    number: int


def read(path: Path) -> tuple[tuple[str, ...], Iterator[Line]]:
    """Names of the columns, SMILES first, and a stream of the molecules.

    Raises
    ------
    DataError
        Where the file is missing, is no text, or a gzip that is damaged or cut in the middle; while the stream is read.
    """
    with open_binary(path) as file:
        columns, _ = _start(file, str(path))
    return columns, _lines(path)


def _lines(path: Path) -> Iterator[Line]:
    with open_binary(path) as file:
        yield from parse(file, str(path))


def parse(file: BinaryIO, where: str) -> Iterator[Line]:
    r"""Stream the molecules of an open file; `where` names it in errors.

    Examples
    --------
    >>> import io
    >>> list(parse(io.BytesIO(b"# library\nCCO\tethyl alcohol\r\nCC\n"), "x.smi"))
    [Line(smiles='CCO', fields=('ethyl alcohol',), number=2), Line(smiles='CC', fields=(None,), number=3)]
    """
    columns, header = _start(file, where)
    file.seek(0)
    for number, text in _content(file, where):
        if number == header:
            continue
        tabs = "\t" in text
        smiles, rest = _cut(text, "\t" if tabs else None)
        if extension := _EXTENSION.match(rest):
            smiles, rest = f"{smiles} {extension.group(1)}", rest[extension.end() :]
        values = rest.split("\t" if tabs else None, len(columns) - 2) if rest else []
        fields: list[str | None] = [value.strip() or None for value in values]
        yield Line(smiles, (*fields, *[None] * (len(columns) - 1 - len(fields))), number)


def _start(file: BinaryIO, where: str) -> tuple[tuple[str, ...], int]:
    """Names of the columns, and the line number of the header, 0 where there is none."""
    for number, text in _content(file, where):
        words = [word.strip() for word in text.split("\t" if "\t" in text else None)]
        if not _HEADER.fullmatch(words[0]):
            break
        return (words[0], *(words[1:] or COLUMNS[1:])), number
    return COLUMNS, 0


def _content(file: BinaryIO, where: str) -> Iterator[tuple[int, str]]:
    """Number and text of the lines that are neither empty nor comments."""
    for number, raw in enumerate(file, start=1):
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n ")
        except UnicodeDecodeError as error:
            byte = f"{raw[error.start]:#04x}"
            raise DataError(f"{where}:{number}: not UTF-8 text (byte {byte}). Save it as UTF-8.") from None
        if text.strip() and not text.lstrip().startswith("#"):
            yield number, text if text.startswith("\t") else text.lstrip()


def _cut(text: str, separator: str | None) -> tuple[str, str]:
    smiles, *rest = text.split(separator, 1)
    return smiles.strip(), rest[0].strip() if rest else ""
