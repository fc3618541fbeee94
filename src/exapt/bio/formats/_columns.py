"""The columns that GFF3 and GTF share, and features whose lines are still being read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from exapt.bio.formats.annotation import Attributes, Feature, Part, Strand

STRANDS: dict[str, Strand] = {"+": "+", "-": "-", ".": ".", "?": "?"}
PHASES = {".": None, "0": 0, "1": 1, "2": 2}
NATURAL = re.compile("[0-9]+")


def part(columns: list[str], attributes: Attributes) -> Part:
    """A part from columns 4 to 8 of a line; raises ValueError with what is wrong."""
    return Part(*interval(columns[3], columns[4]), strand(columns[6]), phase(columns[7]), score(columns[5]), attributes)


def interval(first: str, last: str) -> tuple[int, int]:
    """1-based and closed in the file, 0-based and half-open in memory."""
    if not (NATURAL.fullmatch(first) and NATURAL.fullmatch(last) and int(first)):
        raise ValueError(f"start and end are whole numbers from 1; found {first!r} and {last!r}.")
    if int(last) < int(first):
        raise ValueError(
            f"the end {last} is before the start {first}. Over the origin of a circular sequence, add its length "
            "to the end; on the other strand, the smaller number is the start all the same."
        )
    return int(first) - 1, int(last)


def strand(text: str) -> Strand:
    """One of four."""
    if text not in STRANDS:
        raise ValueError(f"the strand (column 7) is one of + - . ?; found {text!r}.")
    return STRANDS[text]


def phase(text: str) -> int | None:
    """0, 1, 2 or None."""
    if text not in PHASES:
        raise ValueError(f"the phase (column 8) is one of 0 1 2 and '.'; found {text!r}.")
    return PHASES[text]


def score(text: str, column: int = 6) -> float | None:
    """A finite number or None."""
    try:
        found = None if text == "." else float(text.replace("_", "?"))
    except ValueError:
        found = math.nan
    if found is not None and not math.isfinite(found):
        raise ValueError(f"the score (column {column}) is a finite number or '.'; found {text!r}.")
    return found


def number(value: float | None) -> str:
    """The shortest text that reads back as the same number; ``.`` for None.

    Examples
    --------
    >>> number(4.0), number(0.25), number(None)
    ('4', '0.25', '.')
    """
    if value is None:
        return "."
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def without(attributes: Attributes, gone: Iterable[str]) -> Attributes:
    """The attributes but for some."""
    return {name: values for name, values in attributes.items() if name not in gone}


@dataclass
class Draft:
    """A feature whose other lines may still come; its parts hold all their attributes."""

    seqid: str
    source: str
    type: str
    line: int
    id: str
    parents: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def feature(self) -> Feature:
        """What the lines say together: attributes that all parts share belong to the feature."""
        parts = self.parts
        shared = parts[0].attributes
        if len(parts) == 1 and "start_range" not in shared and "end_range" not in shared:
            return self._whole((parts[0]._replace(attributes={}),), shared, (False, False))
        if len(parts) > 1:
            shared = {k: v for k, v in shared.items() if all(part.attributes.get(k) == v for part in parts)}
            if len({part.strand for part in parts}) == 1:
                parts = sorted(parts, key=lambda part: part[:2])
        first, last = min(part.start for part in parts), max(part.end for part in parts)
        partial = (
            any(part.attributes.get("start_range") == (".", str(first + 1)) for part in parts),
            any(part.attributes.get("end_range") == (str(last), ".") for part in parts),
        )
        gone = {name for name, given in zip(("start_range", "end_range"), partial, strict=True) if given}
        if gone and shared.get("partial") == ("true",):
            gone.add("partial")
        own = tuple(part._replace(attributes=without(part.attributes, gone | set(shared))) for part in parts)
        return self._whole(own, without(shared, gone), partial)

    def _whole(self, parts: tuple[Part, ...], shared: Attributes, partial: tuple[bool, bool]) -> Feature:
        parents = tuple(self.parents)
        return Feature(self.seqid, self.type, parts, self.id, parents, self.source, shared, partial, self.line)
