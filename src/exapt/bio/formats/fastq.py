"""FASTQ, plain or gzip, read as a stream of records in bounded memory: four lines a read, qualities as Phred + 33.

References
----------
Cock et al. (2010) The Sanger FASTQ file format. doi:10.1093/nar/gkp1137
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.core.errors import DataError

OFFSET = 33
HIGHEST = 126  # the last printable character, quality 93


class Record(NamedTuple):
    """One read.

    Attributes
    ----------
    id
        Header up to the first blank.
    sequence
        Letters, case as in the file.
    quality
        One character a letter, as in the file: Phred + 33.
    description
        Header after the identifier.
    line
        Line number of the header, from 1; 0 where the record comes from no file.
    """

    id: str
    sequence: str
    quality: str
    description: str = ""
    line: int = 0

    @property
    def phred(self) -> NDArray[np.uint8]:
        """Qualities (L,), 0 to 93: -10 log10 of the probability that the letter is wrong.

        Examples
        --------
        >>> Record("r", "AC", "!I").phred.tolist()
        [0, 40]
        """
        return np.frombuffer(self.quality.encode(), dtype=np.uint8) - np.uint8(OFFSET)


def read(path: Path) -> Iterator[Record]:
    """Stream the records of a file.

    Raises
    ------
    DataError
        With ``file:line``: a header without ``@`` or identifier, a third line without ``+``, as many qualities as
        letters not there, a character that is no quality, a record cut short; or a gzip that is cut in the middle.
    """
    with open_binary(path) as file:
        yield from parse(file, str(path))


def parse(file: BinaryIO, where: str) -> Iterator[Record]:
    r"""Stream the records of an open file; `where` names it in errors.

    Examples
    --------
    >>> import io
    >>> list(parse(io.BytesIO(b"@r1 first\nAC\n+\n!I\n"), "x.fq"))
    [Record(id='r1', sequence='AC', quality='!I', description='first', line=1)]
    """
    lines = text_lines(file, where)
    for line, head in lines:
        if not head.strip():
            continue
        body = [text for _, text in islice(lines, 3)]
        if not head.startswith("@") or not head[1:].split(" ")[0]:
            raise DataError(f"{where}:{line}: expected a header '@name', found {head[:20]!r}. Is this a FASTQ file?")
        if len(body) < 3:
            raise DataError(f"{where}:{line}: the record has {len(body) + 1} of its 4 lines. The file is cut short.")
        sequence, plus, quality = body
        if not plus.startswith("+"):
            raise DataError(f"{where}:{line + 2}: expected '+', found {plus[:20]!r}. Records have four lines each.")
        if len(sequence) != len(quality):
            raise DataError(f"{where}:{line + 3}: {len(quality)} qualities for {len(sequence)} letters.")
        if quality and not OFFSET <= ord(min(quality)) <= ord(max(quality)) <= HIGHEST:
            raise DataError(f"{where}:{line + 3}: a quality is a character from '!' to '~'; found {quality[:40]!r}.")
        name, _, description = head[1:].partition(" ")
        yield Record(name, sequence, quality, description.strip(), line)


def write(path: Path, records: Iterable[Record]) -> int:
    """Write records atomically, gzip where the name ends in ``.gz``; returns how many."""
    count = 0
    with open_text(path) as file:
        for record in records:
            head = " ".join(filter(None, (record.id, record.description)))
            file.write(f"@{head}\n{record.sequence}\n+\n{record.quality}\n")
            count += 1
    return count
