"""Sequence logos of motifs: the one that a model has found above the known one that it looks like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.report.figures._canvas import Drawing, colour
from exapt.report.figures.letters import colours_of, frame, stack

Floats = NDArray[np.float64]
CELL, HIGH, LEFT = 20, 84, 46  # width of a position; height of two bits; room for the axis
BITS = 2.0


@dataclass(frozen=True)
class Logo:
    """A motif as it is drawn.

    Attributes
    ----------
    title
        Above it.
    shares
        (L, 4) of A C G T; rows sum to 1.
    bits
        (L,) information of each position, 0 to 2.
    offset
        Position where it begins, in those of the motif above.
    """

    title: str
    shares: Floats
    bits: Floats
    offset: int = 0


def logos(name: str, found: Logo, known: Logo | None, *, title: str, caption: str) -> Drawing:
    """Letters as high as their share of the information of a position; two logos aligned with each other.

    Examples
    --------
    >>> tata = np.eye(4)[[3, 0, 3, 0]]
    >>> drawing = logos("m", Logo("found", tata, np.full(4, 2.0)), None, title="TATA", caption="")
    >>> drawing.svg.count("scale("), float(drawing.numbers["bits"].sum())
    (4, 8.0)
    """
    drawn = [found] if known is None else [found, known]
    first = min(logo.offset for logo in drawn)
    positions = max(logo.offset + len(logo.bits) for logo in drawn) - first
    each = HIGH + 44
    parts = [part for row, logo in enumerate(drawn) for part in _logo(logo, logo.offset - first, row * each + 28)]
    width, height = max(LEFT + positions * CELL + 10, 260), len(drawn) * each
    said = f"{title}: {' above '.join(logo.title for logo in drawn)}"
    numbers = pd.concat([_table(logo, first) for logo in drawn], ignore_index=True)
    return Drawing(name, title, caption, said, frame(width, height, said, parts, paper=False), numbers)


def _logo(logo: Logo, start: int, top: int) -> Iterator[str]:
    base, fill, muted = top + HIGH, colours_of("ACGT"), f'style="fill: {colour("muted")}"'
    yield f'<text x="{LEFT}" y="{top - 10}" font-weight="bold">{escape(logo.title)}</text>'
    for bits in (0, 1, 2):
        y = base - bits / BITS * HIGH
        yield f'<text x="{LEFT - 8}" y="{y + 4:g}" text-anchor="end" font-size="10" {muted}>{bits}</text>'
    yield f'<text x="8" y="{top + HIGH / 2 + 4:g}" font-size="10" {muted}>bits</text>'
    axis = f"M{LEFT - 3} {top}V{base}H{LEFT + (start + len(logo.bits)) * CELL}"
    yield f'<path d="{axis}" style="fill: none; stroke: {colour("muted")}"/>'
    for i, (row, bits) in enumerate(zip(logo.shares, logo.bits.tolist(), strict=True)):
        left = LEFT + (start + i) * CELL
        yield from stack(list(zip("ACGT", row * bits / BITS * HIGH, strict=True)), left, base, CELL, fill)
        yield f'<text x="{left + CELL / 2:g}" y="{base + 12}" text-anchor="middle" font-size="9" {muted}>{i + 1}</text>'


def _table(logo: Logo, first: int) -> pd.DataFrame:
    position = np.arange(1, len(logo.bits) + 1)
    shares = {letter: logo.shares[:, row].round(6) for row, letter in enumerate("ACGT")}
    placed = {"motif": logo.title, "position": position, "column": position + logo.offset - first}
    return pd.DataFrame({**placed, **shares, "bits": logo.bits.round(6)})
