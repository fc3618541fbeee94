"""Explanations of sequences as files: maps of exchanged letters, and attributions along a genome."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.formats import bedgraph
from exapt.bio.formats.bedgraph import Piece, Signal
from exapt.bio.sequence.alphabets import ALPHABETS
from exapt.core.contracts import Encoder, Table
from exapt.core.errors import InputError

Floats = NDArray[np.float64]
Strand = Literal["+", "-"]
_REGION = re.compile(r"(?P<chrom>[^\s:]+):(?P<start>\d+)-(?P<end>\d+)(?:\((?P<strand>[+-])\)|:(?P<other>[+-]))?")
_COLUMNS = ("chrom", "start", "end")


@dataclass(frozen=True)
class Place:
    """Where a row's sequence stands, 0-based and half-open."""

    seqid: str
    start: int
    end: int
    strand: Strand = "+"


def letter_ids(encoder: Encoder, modality: str) -> tuple[int, ...]:
    """Ids of the unambiguous letters in the alphabet's order; empty where a column is not read letter by letter."""
    tokens = getattr(encoder, "tokens", None)
    if tokens is None or modality not in ALPHABETS:
        return ()
    known = {token: i for i, token in enumerate(tokens())}
    letters = ALPHABETS[modality].letters
    return tuple(known[letter] for letter in letters) if set(letters) <= set(known) else ()


def map_table(ids: Sequence[str], letters: Sequence[Sequence[str]], maps: Sequence[Floats], names: str) -> pd.DataFrame:
    """Columns id, position (from 1), letter, and by how much the score changes with each letter instead."""
    frames = []
    for row, own, table in zip(ids, letters, maps, strict=True):
        frame = pd.DataFrame(table, columns=list(names))
        frame.insert(0, "letter", list(own))
        frame.insert(0, "position", np.arange(1, len(own) + 1))
        frame.insert(0, "id", row)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def places(table: Table, texts: Sequence[str]) -> tuple[list[Place], str]:
    """Where each row stands, and in a word or two how that is known.

    Columns chrom, start, end (0-based, half-open) and perhaps strand; else identifiers like ``chr1:100-180`` or
    ``chr1:100-180(-)``, of which the lengths say whether they count from 0 or from 1; else each row is a sequence of
    its own, named by its identifier.

    Raises
    ------
    InputError
        Where the columns do not agree with the length of a sequence.
    """
    if set(_COLUMNS) <= set(table.frame.columns):
        return _from_columns(table, texts), "columns chrom, start, end"
    found = [_REGION.fullmatch(row) for row in table.ids()]
    regions = [match for match in found if match]
    if len(regions) == len(texts):
        for first in (0, 1):
            known = [_region(match, first) for match in regions]
            if all(place.end - place.start == len(text) for place, text in zip(known, texts, strict=True)):
                return known, f"identifiers, counted from {first}"
    return _rows(table.ids(), texts), "rows"


def _region(match: re.Match[str], first: int) -> Place:
    strand: Strand = "-" if "-" in (match["strand"], match["other"]) else "+"
    return Place(match["chrom"], int(match["start"]) - first, int(match["end"]), strand)


def _from_columns(table: Table, texts: Sequence[str]) -> list[Place]:
    strands = table.frame["strand"] if "strand" in table.frame.columns else ["+"] * len(table)
    found = []
    rows = zip(table.ids(), *(table.frame[name] for name in _COLUMNS), strands, texts, strict=True)
    for name, chrom, start, end, strand, text in rows:
        try:
            place = Place(str(chrom), int(start), int(end), "-" if strand == "-" else "+")
        except ValueError:
            raise InputError(
                f"{table.source}: row {name}: start and end are whole numbers; {start!r}, {end!r}."
            ) from None
        if place.start < 0 or place.end - place.start != len(text):
            raise InputError(
                f"{table.source}: row {name}: {chrom}:{start}-{end} has {place.end - place.start} letters, its "
                f"sequence {len(text)}. Columns start and end are 0-based and half-open; rename them if they mean "
                "something else."
            )
        found.append(place)
    return found


def _rows(ids: Sequence[str], texts: Sequence[str]) -> list[Place]:
    """Each row a sequence of its own; names become one word, and are told apart where rows share one."""
    found, seen = [], {""}
    for number, (row, text) in enumerate(zip(ids, texts, strict=True), start=1):
        name = re.sub(r"\s+", "_", row.strip())
        if name in seen or name.startswith(("#", "track", "browser")):
            name = f"row{number}_{name}"
        seen.add(name)
        found.append(Place(name, 0, len(text)))
    return found


def write_bedgraph(path: Path, where: Sequence[Place], values: Sequence[Floats], description: str) -> None:
    """Attributions, one value a letter; the mean where rows overlap."""
    pieces = [
        Piece(place.seqid, place.start, place.end, place.strand, row) for place, row in zip(where, values, strict=True)
    ]
    said = description.replace('"', "'")
    head = f'track type=bedGraph name="exapt" description="{said}" visibility=full autoScale=on'
    bedgraph.write(path, Signal(bedgraph.per_base(pieces), (head,)))
