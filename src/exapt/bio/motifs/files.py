"""Files of motifs: TRANSFAC and JASPAR's own format are read, minimal MEME is read and written; plain or gzip.

========  ======================================================================================================
TRANSFAC  records ``AC``, ``ID``, ``PO`` and its rows, ``CC key:value``, closed by ``//``
JASPAR    ``>ID name``, then four lines ``A [ 1 2 3 ]`` to ``T [ ... ]``
MEME      ``MOTIF ID name``, ``letter-probability matrix: ... nsites= N``, one row a position
========  ======================================================================================================

References
----------
Rauluseviciute et al. (2024), JASPAR 2024, doi:10.1093/nar/gkad1059
Bailey et al. (2015), The MEME Suite, doi:10.1093/nar/gkv416
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.bio.motifs.motif import LETTERS, UNIFORM, Motif, of_counts
from exapt.core.errors import DataError

Lines = Sequence[tuple[int, str]]
Reader = Callable[[Lines], Motif]
Starts = Callable[[str], bool]
_SITES = re.compile(r"nsites=\s*(\d+)")


def read(path: Path) -> list[Motif]:
    """All motifs of a file.

    Raises
    ------
    DataError
        With ``file:line``: a format that is none of the three, a row that is no counts, a record that is cut short,
        or a gzip that is damaged.
    """
    with open_binary(path) as file:
        return parse(file, str(path))


def parse(file: BinaryIO, where: str) -> list[Motif]:
    r"""All motifs of an open file; `where` names it in errors.

    Examples
    --------
    >>> import io
    >>> [motif] = parse(io.BytesIO(b"AC M1\nXX\nID box\nPO\tA\tC\tG\tT\n01\t0\t0\t0\t9\n02\t9\t0\t0\t0\n//\n"), "x")
    >>> motif.id, motif.name, motif.consensus()
    ('M1', 'box', 'TA')
    """
    lines = [(number, text) for number, text in text_lines(file, where) if text.strip()]
    if not lines:
        raise DataError(f"{where}: no motifs, the file is empty.")
    first = lines[0][1]
    if first.startswith(">"):
        records, read_one = _cut(lines, lambda text: text.startswith(">")), _jaspar
    elif first.startswith("MEME version"):
        records, read_one = _cut(lines, lambda text: text.startswith("MOTIF")), _meme
    elif re.match(r"(AC|ID|VV|XX|DE|NA)\b", first):
        records, read_one = _transfac_records(lines, where), _transfac
    else:
        raise DataError(
            f"{where}:{lines[0][0]}: motifs are read as TRANSFAC (AC ...), JASPAR (>ID name) or MEME (MEME version); "
            f"found {first[:40]!r}."
        )
    found = [_made(record, read_one, where) for record in records]
    if not found:
        raise DataError(f"{where}: no motif in this file.")
    return found


def _made(record: Lines, read_one: Reader, where: str) -> Motif:
    try:
        return read_one(record)
    except ValueError as error:
        raise DataError(f"{where}:{record[0][0]}: {error}") from None


def _cut(lines: Lines, starts: Starts) -> Iterator[Lines]:
    """Runs of lines, each from one that starts a record; what stands before the first is left out."""
    heads = [row for row, (_, text) in enumerate(lines) if starts(text)]
    for head, end in pairwise([*heads, len(lines)]):
        yield lines[head:end]


def _transfac_records(lines: Lines, where: str) -> Iterator[Lines]:
    record: list[tuple[int, str]] = []
    for line in lines:
        if line[1].startswith("//"):
            if any(text.startswith(("PO", "P0")) for _, text in record):
                yield record
            record = []
        else:
            record.append(line)
    if any(text.startswith(("PO", "P0")) for _, text in record):
        raise DataError(f"{where}:{record[-1][0]}: the last record has no closing //: the file is cut short.")


def _transfac(record: Lines) -> Motif:
    identifier, name, about, rows, order = "", "", {}, [], ""
    for number, text in record:
        head, _, rest = text.partition("\t") if "\t" in text else text.partition(" ")
        if head == "AC":
            identifier = rest.strip()
        elif head in ("ID", "NA"):
            name = rest.strip()
        elif head in ("PO", "P0"):
            order = "".join(rest.split()[:4]).upper()
        elif head == "CC" and ":" in rest:
            key, _, value = rest.partition(":")
            about[key.strip()] = value.strip()
        elif head.isdigit():
            rows.append(_numbers(rest.split()[:4], number))
    if sorted(order) != sorted(LETTERS):
        raise ValueError(f"motif {identifier}: line PO names the columns A C G T; found {order!r}.")
    counts = np.array(rows, dtype=np.float64).reshape(-1, 4)[:, [order.index(letter) for letter in LETTERS]]
    return replace(of_counts(identifier or name, counts, name), about=about)


def _jaspar(record: Lines) -> Motif:
    identifier, _, name = record[0][1][1:].strip().replace("\t", " ").partition(" ")
    rows = [_numbers(re.sub(r"^[ACGT]\s*|[\[\]]", " ", text).split(), number) for number, text in record[1:]]
    if len(rows) != 4 or len({len(row) for row in rows}) != 1:
        raise ValueError(f"motif {identifier}: four lines A, C, G and T of as many counts; found {len(rows)} lines.")
    return of_counts(identifier, np.array(rows).T, name.strip())


def _meme(record: Lines) -> Motif:
    _, identifier, *names = record[0][1].split()
    start = next((row for row, (_, text) in enumerate(record) if text.startswith("letter-probability")), None)
    if start is None:
        raise ValueError(f"motif {identifier}: no line 'letter-probability matrix'.")
    sites = _SITES.search(record[start][1])
    rows = [_numbers(text.split(), number) for number, text in record[start + 1 :] if text[0] in " \t0123456789."]
    return of_counts(identifier, np.array(rows) * (int(sites[1]) if sites else 20), " ".join(names))


def _numbers(words: Sequence[str], line: int) -> list[float]:
    try:
        return [float(word) for word in words]
    except ValueError:
        raise ValueError(f"line {line}: counts are numbers; found {' '.join(words)!r}.") from None


def write_meme(path: Path, motifs: Iterable[Motif], background: Sequence[float] = UNIFORM) -> None:
    """Write minimal MEME: frequencies without pseudocounts, and the number of sites; gzip where the name says so.

    Parameters
    ----------
    path
        Where to write, atomically.
    motifs
        Their identifiers hold no blanks.
    background
        Shares of A C G T.

    Raises
    ------
    DataError
        Where an identifier is empty or has a blank.
    """
    shares = " ".join(f"{letter} {share:.5f}" for letter, share in zip(LETTERS, background, strict=True))
    with open_text(path) as file:
        file.write(
            f"MEME version 4\n\nALPHABET= {LETTERS}\n\nstrands: + -\n\nBackground letter frequencies\n{shares}\n"
        )
        for motif in motifs:
            if not motif.id or len(motif.id.split()) != 1:
                raise DataError(f"MEME: the identifier of a motif is one word; found {motif.id!r}.")
            sites = round(float(motif.counts.sum(1).max()))
            file.write(f"\nMOTIF {motif.id} {motif.name}\n")
            file.write(f"letter-probability matrix: alength= 4 w= {len(motif)} nsites= {sites} E= 0\n")
            for row in motif.frequencies(0.0):
                file.write(" " + "  ".join(f"{share:.6f}" for share in row) + "\n")
