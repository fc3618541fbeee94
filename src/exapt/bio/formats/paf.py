"""PAF: alignments in twelve columns and tags; plain or gzip. 0-based and half-open in the file as in memory.

=======  ====================================================================================================
``cg``   CIGAR of the target's strand: ``5=1X2I`` ...; with ``=`` and ``X``, or ``M`` for both
``cs``   the letters that differ: ``:5*ac+gt`` ...
``tp``   ``P`` for primary, ``S`` for secondary, ``I`` for inversion
=======  ====================================================================================================

References
----------
Li H (2018) Minimap2: pairwise alignment for nucleotide sequences. doi:10.1093/bioinformatics/bty191
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from exapt.bio.formats._columns import NATURAL
from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.core.errors import DataError

_CIGAR = re.compile(r"([0-9]+)([MIDNSHP=X])")
_CS = re.compile(r"(:)([0-9]+)|([=+\-*])([A-Za-z]+)|(~)([a-z]{2}[0-9]+[a-z]{2})")
_TAG = re.compile(r"([A-Za-z][A-Za-z0-9]):([AifZHB]):(.*)")
_UNKNOWN_QUALITY = 255


@dataclass(frozen=True, slots=True)
class Alignment:
    """A piece of a query that is alike a piece of a target.

    Attributes
    ----------
    query, query_length, query_start, query_end
        Name and length of the sequence, and the interval on its own strand, 0-based half-open.
    strand
        ``-`` where the query is reversed and complemented.
    target, target_length, target_start, target_end
        The same of the target.
    matches
        Columns with equal letters.
    length
        All columns, gaps included.
    quality
        Mapping quality, 0 to 254; 255 is unknown.
    tags
        Name -> type (``A i f Z H B``) and value as in the file.
    line
        Line number in its file, from 1; 0 where it comes from no file.
    """

    query: str
    query_length: int
    query_start: int
    query_end: int
    strand: Literal["+", "-"]
    target: str
    target_length: int
    target_start: int
    target_end: int
    matches: int
    length: int
    quality: int = _UNKNOWN_QUALITY
    tags: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    line: int = field(default=0, compare=False)

    def tag(self, name: str, default: str = "") -> str:
        """The value of a tag."""
        return self.tags.get(name, ("", default))[1]

    @property
    def identity(self) -> float:
        """Equal letters a column, 0 to 1 (BLAST identity)."""
        return self.matches / self.length if self.length else 0.0

    @property
    def cigar(self) -> list[tuple[int, str]]:
        """Lengths and operations of the tag ``cg``, along the target.

        Examples
        --------
        >>> tags = {"cg": ("Z", "2=1X1D")}
        >>> Alignment("q", 9, 0, 3, "+", "t", 9, 0, 4, 2, 4, tags=tags).cigar
        [(2, '='), (1, 'X'), (1, 'D')]
        """
        return [(int(count), operation) for count, operation in _CIGAR.findall(self.tag("cg"))]

    @property
    def differences(self) -> list[tuple[str, str]]:
        """Operations of the tag ``cs``, along the target.

        ``:`` how many letters are equal, ``=`` equal letters, ``*`` letter of target and query, ``+`` letters only in
        the query, ``-`` only in the target, ``~`` an intron.

        Examples
        --------
        >>> Alignment("q", 9, 0, 3, "+", "t", 9, 0, 4, 2, 4, tags={"cs": ("Z", ":2*ac-g")}).differences
        [(':', '2'), ('*', 'ac'), ('-', 'g')]
        """
        found = _CS.findall(self.tag("cs"))
        return [(one[0] or one[2] or one[4], one[1] or one[3] or one[5]) for one in found]


def read(path: Path) -> Iterator[Alignment]:
    """Stream the alignments of a file.

    Raises
    ------
    DataError
        With ``file:line``: fewer than 12 columns, a number or strand that is none, an interval beyond its sequence,
        a ``cg`` or ``cs`` that cannot be read or covers other lengths; or a gzip that is cut in the middle.
    """
    with open_binary(path) as file:
        yield from parse(file, str(path))


def parse(file: BinaryIO, where: str) -> Iterator[Alignment]:
    r"""Stream the alignments of an open file; `where` names it in errors.

    Examples
    --------
    >>> import io
    >>> text = b"q\t9\t0\t4\t-\tt\t8\t2\t6\t4\t4\t60\ttp:A:P\tcg:Z:4=\n"
    >>> [found] = parse(io.BytesIO(text), "x.paf")
    >>> found.target_start, found.strand, found.tags, found.identity
    (2, '-', {'tp': ('A', 'P'), 'cg': ('Z', '4=')}, 1.0)
    """
    for line, text in text_lines(file, where):
        if text.strip():
            try:
                yield _alignment(text.split("\t"), line)
            except ValueError as error:
                raise DataError(f"{where}:{line}: {error}") from None


def _alignment(columns: list[str], line: int) -> Alignment:
    if len(columns) < 12:
        raise ValueError(f"found {len(columns)} columns; an alignment has at least 12, separated by tabs.")
    texts = [*columns[1:4], *columns[6:12]]
    if not all(NATURAL.fullmatch(text) for text in texts):
        wrong = next(text for text in texts if not NATURAL.fullmatch(text))
        raise ValueError(f"columns 2-4 and 7-12 are whole numbers; found {wrong!r}.")
    numbers = [int(text) for text in texts]
    if columns[4] not in ("+", "-"):
        raise ValueError(f"the strand (column 5) is + or -; found {columns[4]!r}.")
    for name, (size, first, last) in (("query", numbers[:3]), ("target", numbers[3:6])):
        if not first <= last <= size:
            raise ValueError(f"{first}-{last} is no interval of a {name} of {size} letters.")
    tags: dict[str, tuple[str, str]] = {}
    for text in columns[12:]:
        match = _TAG.fullmatch(text)
        if match is None:
            raise ValueError(f"a tag is NAME:TYPE:VALUE; found {text[:40]!r}.")
        tags[match[1]] = (match[2], match[3])
    strand: Literal["+", "-"] = "+" if columns[4] == "+" else "-"
    length, start, end, target_length, target_start, target_end, matches, width, quality = numbers
    target = (columns[5], target_length, target_start, target_end, matches, width, quality)
    found = Alignment(columns[0], length, start, end, strand, *target, tags, line)
    _check_lengths(found)
    return found


def _check_lengths(found: Alignment) -> None:
    spans = (found.query_end - found.query_start, found.target_end - found.target_start)
    for name, pattern, covered in (("cg", _CIGAR, _of_cigar), ("cs", _CS, _of_cs)):
        if name in found.tags:
            if pattern.sub("", found.tag(name)):
                raise ValueError(f"the tag {name} cannot be read: {found.tag(name)[:40]!r}.")
            if covered(found) != spans:
                raise ValueError(f"the tag {name} covers {covered(found)} letters of query and target, not {spans}.")


def _of_cigar(found: Alignment) -> tuple[int, int]:
    cigar = found.cigar
    return sum(n for n, op in cigar if op in "MI=X"), sum(n for n, op in cigar if op in "MDN=X")


def _of_cs(found: Alignment) -> tuple[int, int]:
    query = target = 0
    for operation, text in found.differences:
        size = int(text) if operation == ":" else int(text[2:-2]) if operation == "~" else len(text)
        if operation == "*":
            size = 1
        query += size if operation in ":=*+" else 0
        target += size if operation in ":=*-~" else 0
    return query, target


def write(path: Path, alignments: Iterable[Alignment]) -> int:
    """Write alignments atomically, gzip where the name ends in ``.gz``; returns how many."""
    count = 0
    with open_text(path) as file:
        for a in alignments:
            query = (a.query, a.query_length, a.query_start, a.query_end, a.strand)
            target = (a.target, a.target_length, a.target_start, a.target_end, a.matches, a.length, a.quality)
            tags = (f"{name}:{kind}:{value}" for name, (kind, value) in a.tags.items())
            file.write("\t".join((*map(str, (*query, *target)), *tags)) + "\n")
            count += 1
    return count
