"""SDF (structure-data file), plain or gzip, read as a stream of records in bounded memory.

==================  ==========================================================================
line 1              title of the molecule, often its name or blank
``M  END``          ends the structure (a mol block, V2000 or V3000)
``>  <NAME>``       a property; its value is the lines up to the next blank line
``$$$$``            ends the record; the last one may lack it
==================  ==========================================================================

References
----------
Dalby et al. (1992) Description of several chemical structure file formats. doi:10.1021/ci00007a012
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from exapt.bio.formats.compressed import open_binary

END = "M  END"
_PROPERTY = re.compile(r">.*?<(.+)>")


class Record(NamedTuple):
    """One molecule with its data, unread.

    Attributes
    ----------
    title
        First line, without blanks around it.
    block
        The structure, from the title to ``M  END``.
    properties
        Name -> value, lines joined by line breaks.
    number
        Number of the record in its file, from 1.
    line
        Line number of the title, from 1.
    """

    title: str
    block: str
    properties: dict[str, str]
    number: int
    line: int


def read(path: Path) -> Iterator[Record]:
    """Stream the records of a file; memory is bounded by the longest record.

    Raises
    ------
    DataError
        Where the file is missing, or a gzip that is damaged or cut in the middle.
    """
    with open_binary(path) as file:
        yield from parse(file)


def parse(file: BinaryIO) -> Iterator[Record]:
    r"""Stream the records of an open file; nothing is judged here, so that a bad record stops no other.

    Examples
    --------
    >>> import io
    >>> text = b"water\n\n\n  1  0\nO\nM  END\n>  <logP> (1)\n-0.5\n\n$$$$\nnext\n"
    >>> [(found.title, found.properties, found.number, found.line) for found in parse(io.BytesIO(text))]
    [('water', {'logP': '-0.5'}, 1, 1), ('next', {}, 2, 11)]
    """
    lines: list[str] = []
    number, start = 1, 1
    for count, raw in enumerate(file, start=1):
        text = _text(raw).rstrip("\r\n")
        if count == 1:
            text = text.removeprefix("\ufeff")
        if text.startswith("$$$$"):
            yield _record(lines, number, start)
            lines, number, start = [], number + 1, count + 1
        else:
            lines.append(text)
    if any(line.strip() for line in lines):
        yield _record(lines, number, start)


def _text(line: bytes) -> str:
    """UTF-8, or Latin-1 as older programs write names in."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _record(lines: list[str], number: int, start: int) -> Record:
    end = next((position for position, line in enumerate(lines, start=1) if line.startswith(END)), None)
    if end is None:  # without its end the structure is cut; the data begin at the first property
        end = next((position for position, line in enumerate(lines) if _PROPERTY.match(line)), len(lines))
    block = "\n".join([*lines[:end], ""])
    return Record(lines[0].strip() if lines else "", block, _properties(lines[end:]), number, start)


def _properties(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    name: str | None = None
    for line in lines:
        if match := _PROPERTY.match(line):
            name = match.group(1).strip()
            found[name] = []
        elif not line.strip():
            name = None
        elif name is not None:
            found[name].append(line.strip())
    return {key: "\n".join(value) for key, value in found.items()}
