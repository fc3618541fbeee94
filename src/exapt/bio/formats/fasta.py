"""FASTA, plain or gzip, read as a stream of records in bounded memory.

====================  ======================================================================
``>id description``   header: the identifier ends at the first blank
``key=value``         fields inside the description; a value ends before the next key
``;``                 a comment line, skipped anywhere
letters               one or more lines; blanks are removed, lower case (soft mask) is kept
====================  ======================================================================

References
----------
Pearson & Lipman (1988) Improved tools for biological sequence comparison. doi:10.1073/pnas.85.8.2444
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from exapt.bio.formats.compressed import open_binary, open_text
from exapt.core.errors import DataError

BLOCK = 1 << 18
_FIELD = re.compile(r"(?:^|(?<=\s))([A-Za-z_]\w*)=(.*?)(?=\s+[A-Za-z_]\w*=|$)")


Piece = tuple[list[str], list[str], list[str], list[int]]


class Record(NamedTuple):
    """One sequence.

    Attributes
    ----------
    id
        Header up to the first blank.
    sequence
        Letters without line breaks, case as in the file.
    description
        Header after the identifier.
    line
        Line number of the header, from 1; 0 where the record comes from no file.
    """

    id: str
    sequence: str
    description: str = ""
    line: int = 0

    @property
    def fields(self) -> dict[str, str]:
        """``key=value`` pairs of the description.

        Examples
        --------
        >>> Record("Q6GZX4", "MAF", "Factor 001R OS=Frog virus 3 OX=654924").fields
        {'OS': 'Frog virus 3', 'OX': '654924'}
        """
        return fields(self.description)


def fields(description: str) -> dict[str, str]:
    """``key=value`` pairs of a header; a value runs to the next key, so it may hold blanks.

    Examples
    --------
    >>> fields("SET=train TARGET=0.5 VALIDATION=True")
    {'SET': 'train', 'TARGET': '0.5', 'VALIDATION': 'True'}
    """
    return dict(_FIELD.findall(description)) if "=" in description else {}


def read(path: Path) -> Iterator[Record]:
    """Stream the records of a file; memory is bounded by the longest record.

    Raises
    ------
    DataError
        With ``file:line``: letters before the first header, a header without identifier, bytes that are not
        text; or a gzip that is damaged or cut in the middle.
    """
    for piece in read_pieces(path):
        yield from map(Record, *piece)


def read_pieces(path: Path) -> Iterator[Piece]:
    """The same as columns, some thousand records at a time: faster where no record is looked at by itself."""
    with open_binary(path) as file:
        yield from _pieces(file, str(path))


def parse(file: BinaryIO, where: str, *, line: int = 1) -> Iterator[Record]:
    r"""Stream the records of an open file; `where` names it in errors, `line` is the number of its first line.

    Examples
    --------
    >>> import io
    >>> list(parse(io.BytesIO(b";note\n>a first\nAC\ngt\n>b\n"), "x.fa"))
    [Record(id='a', sequence='ACgt', description='first', line=2), Record(id='b', sequence='', description='', line=5)]
    """
    for piece in _pieces(file, where, line):
        yield from map(Record, *piece)


def _pieces(file: BinaryIO, where: str, line: int = 1) -> Iterator[Piece]:
    for start, block in _whole_records(file):
        try:
            text = block.decode()
        except UnicodeDecodeError as error:
            bad = line + block[: error.start].count(b"\n")
            byte = f"{block[error.start]:#04x}"
            raise DataError(f"{where}:{bad}: not text (byte {byte}); a FASTA file is UTF-8 or ASCII.") from None
        if start:
            text = _skip_preamble(text, where, line)
            line += block.count(b"\n") - text.count("\n")
        if text:
            yield _columns(text, line, where)
        line += text.count("\n")


def _whole_records(file: BinaryIO) -> Iterator[tuple[bool, bytes]]:
    """Cut the file before a header into pieces of about BLOCK bytes; True marks the first piece."""
    parts: list[bytes] = []
    first = True
    while block := file.read(BLOCK):
        cut = block.rfind(b"\n>") + 1
        if cut or (parts and parts[-1].endswith(b"\n") and block.startswith(b">")):
            parts.append(block[:cut])
            yield first, b"".join(parts)
            first = False
            parts = [block[cut:]]
        else:
            parts.append(block)
    if parts:
        yield first, b"".join(parts)


def _skip_preamble(text: str, where: str, line: int) -> str:
    """Drop comments and blank lines before the first header."""
    if text.startswith("\ufeff"):
        text = text[1:]
    while text and not text.startswith(">"):
        words, _, rest = text.partition("\n")
        if words.strip() and not words.startswith(";"):
            raise DataError(
                f"{where}:{line}: expected a header that starts with '>', found {words.strip()[:20]!r}. "
                "Is this a FASTA file?"
            )
        text, line = rest, line + 1
    return text


def _columns(text: str, line: int, where: str) -> Piece:
    """Columns of a text that starts with '>' at line `line`."""
    if "\r" in text or "\t" in text:
        text = text.replace("\r", "").replace("\t", " ")
    has_comments = "\n;" in text
    ids, sequences, descriptions, lines = [], [], [], []
    for record in text[1:].split("\n>"):
        header, _, body = record.partition("\n")
        if has_comments and ";" in body:
            body = "\n".join(part for part in body.split("\n") if not part.startswith(";"))
        sequence = body.replace("\n", "")
        name, _, description = header.partition(" ")
        ids.append(name)
        sequences.append(sequence.replace(" ", "") if " " in sequence else sequence)
        descriptions.append(description.strip())
        lines.append(line)
        line += record.count("\n") + 1
    if "" in ids:
        raise DataError(f"{where}:{lines[ids.index('')]}: the header has no identifier after '>'.")
    return ids, sequences, descriptions, lines


def write(path: Path, records: Iterable[Record], *, width: int = 60) -> int:
    """Write records atomically, gzip where the name ends in ``.gz``; returns how many.

    Parameters
    ----------
    path
        Where to write.
    records
        Any stream of records.
    width
        Letters a line; 0 writes each sequence on one line.
    """
    count = 0
    with open_text(path) as file:
        for record in records:
            file.write(text(record, width=width))
            count += 1
    return count


def text(record: Record, *, width: int = 60) -> str:
    r"""One record as it stands in a file.

    Examples
    --------
    >>> text(Record("a", "ACGTAC", "first"), width=4)
    '>a first\nACGT\nAC\n'
    """
    header = f">{record.id} {record.description}" if record.description else f">{record.id}"
    letters = record.sequence
    step = width or max(len(letters), 1)
    lines = [letters[i : i + step] for i in range(0, len(letters), step)]
    return "\n".join([header, *lines]) + "\n"
