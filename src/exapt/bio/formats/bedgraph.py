r"""bedGraph: a number for each stretch of a sequence; plain or gzip. 0-based and half-open in the file as in memory.

Four columns (chrom, chromStart, chromEnd, value), stretches of a sequence in order and apart, sequences one after the
other: what genome browsers, tabix and bedGraphToBigWig ask for. Lines that start with ``#``, ``track`` or ``browser``
stand at the top.

References
----------
Kent et al. (2010), BigWig and BigBed, doi:10.1093/bioinformatics/btq351
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, TextIO

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.formats._columns import NATURAL, number
from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.core.errors import DataError

_HEAD = ("#", "track", "browser")


class Stretch(NamedTuple):
    """Letters `start` to `end` of a sequence that have the same value."""

    seqid: str
    start: int
    end: int
    value: float


@dataclass(frozen=True)
class Signal:
    """Numbers along sequences.

    Attributes
    ----------
    stretches
        In order and apart within a sequence; each sequence in one run.
    directives
        Lines above them: ``track type=bedGraph ...``, comments.
    """

    stretches: tuple[Stretch, ...]
    directives: tuple[str, ...] = ()


def read(path: Path) -> Signal:
    """Read a file whole.

    Raises
    ------
    DataError
        With ``file:line``: not four columns, a number that is none, an end that is not behind its start, stretches
        that overlap or are out of order; or a gzip that is damaged or cut in the middle.
    """
    with open_binary(path) as file:
        return parse(file, str(path))


def parse(file: BinaryIO, where: str) -> Signal:
    r"""Read an open file; `where` names it in errors.

    Examples
    --------
    >>> import io
    >>> parse(io.BytesIO(b"track type=bedGraph\nchr1\t0\t2\t1.5\nchr1\t2\t3\t-1\n"), "x").stretches[1]
    Stretch(seqid='chr1', start=2, end=3, value=-1.0)
    """
    stretches: list[Stretch] = []
    directives: list[str] = []
    checked = _Order()
    for line, text in text_lines(file, where):
        if text.startswith(_HEAD):
            directives.append(text)
        elif text.strip():
            try:
                stretches.append(checked(_stretch(text.split("\t") if "\t" in text else text.split())))
            except ValueError as error:
                raise DataError(f"{where}:{line}: {error}") from None
    return Signal(tuple(stretches), tuple(directives))


def _stretch(columns: Sequence[str]) -> Stretch:
    if len(columns) != 4:
        raise ValueError(f"{len(columns)} columns; bedGraph has four: chrom, chromStart, chromEnd, value.")
    seqid, first, last, text = columns
    if not (NATURAL.fullmatch(first) and NATURAL.fullmatch(last)):
        raise ValueError(f"chromStart and chromEnd are whole numbers from 0; found {first!r} and {last!r}.")
    try:
        value = float(text.replace("_", "?"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"the value (column 4) is a finite number; found {text!r}.")
    return Stretch(seqid, int(first), int(last), value)


class _Order:
    """Checks that stretches come as browsers want them, one after the other."""

    def __init__(self) -> None:
        self._done: set[str] = set()
        self._last: Stretch | None = None

    def __call__(self, one: Stretch) -> Stretch:
        last = self._last
        if one.end <= one.start or one.start < 0:
            raise ValueError(f"the end {one.end} is not behind the start {one.start}.")
        if last is not None and last.seqid == one.seqid:
            if one.start < last.end:
                raise ValueError(f"{one.seqid}:{one.start} overlaps or precedes the stretch that ends at {last.end}.")
        elif one.seqid in self._done:
            raise ValueError(f"sequence {one.seqid!r} comes a second time. Sort the file by sequence and start.")
        self._done.add(one.seqid)
        self._last = one
        return one


def write(path: Path, signal: Signal) -> None:
    """Write a file atomically, gzip where the name ends in ``.gz``.

    Raises
    ------
    DataError
        Where stretches overlap or are out of order, a value is not finite, or a name is empty or has a blank.
    """
    with open_text(path) as file:
        dump(file, signal)


def dump(file: TextIO, signal: Signal) -> None:
    """Write to an open text file."""
    checked = _Order()
    file.writelines(f"{directive}\n" for directive in signal.directives)
    for one in signal.stretches:
        try:
            checked(one)
        except ValueError as error:
            raise DataError(f"bedGraph: {error}") from None
        if len(one.seqid.split()) != 1 or one.seqid.startswith(_HEAD) or not math.isfinite(one.value):
            raise DataError(f"bedGraph cannot write {one}: names are one word, values are finite.")
        file.write(f"{one.seqid}\t{one.start}\t{one.end}\t{number(float(one.value))}\n")


class Piece(NamedTuple):
    """Values of single letters: those from `start` on, or, on the ``-`` strand, those from `end` down."""

    seqid: str
    start: int
    end: int
    strand: Literal["+", "-"]
    values: NDArray[np.float64]


def per_base(pieces: Iterable[Piece], *, decimals: int = 6) -> tuple[Stretch, ...]:
    """One stretch for each letter that has a value, in order; neighbours of the same value are joined.

    Where pieces overlap, a letter gets the mean. A piece may have fewer values than letters: they are those of the
    beginning, as the strand is read.

    Parameters
    ----------
    pieces
        Sequences with coordinates and a value a letter.
    decimals
        To which values are rounded.

    Examples
    --------
    >>> forward = Piece("c", 10, 13, "+", np.array([1.0, 2.0, 2.0]))
    >>> per_base([forward, Piece("c", 12, 14, "-", np.array([5.0, 4.0]))])[-2:]
    (Stretch(seqid='c', start=12, end=13, value=3.0), Stretch(seqid='c', start=13, end=14, value=5.0))
    """
    frames = []
    for piece in pieces:
        steps = np.arange(len(piece.values))
        places = piece.start + steps if piece.strand == "+" else piece.end - 1 - steps
        frames.append(pd.DataFrame({"seqid": piece.seqid, "place": places, "value": piece.values}))
    if not frames:
        return ()
    table = pd.concat(frames).groupby(["seqid", "place"], sort=True)["value"].mean().round(decimals).reset_index()
    names, places = table["seqid"].to_numpy(), table["place"].to_numpy()
    values = table["value"].to_numpy() + 0.0  # no minus zero
    new = np.ones(len(table), dtype=bool)
    new[1:] = (names[1:] != names[:-1]) | (places[1:] != places[:-1] + 1) | (values[1:] != values[:-1])
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(table)) - 1
    return tuple(
        Stretch(str(names[i]), int(places[i]), int(places[j]) + 1, float(values[i]))
        for i, j in zip(first, last, strict=True)
    )
