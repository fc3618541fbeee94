"""Letters as high as numbers: sequence logos, and the effects of exchanging each letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.report.figures._canvas import FONTS, colour
from exapt.report.figures.track import AGAINST, CELL, FOR, PER_ROW

Floats = NDArray[np.float64]
_NUCLEOTIDES = {"A": "frozen", "C": "transfer", "G": "scratch", "T": "other-2", "U": "other-2"}
_RESIDUES = {  # by what their side chains are: acidic, basic, polar, small or special; hydrophobic ones in ink
    **dict.fromkeys("DE", "other-2"),
    **dict.fromkeys("KRH", "transfer"),
    **dict.fromkeys("STNQ", "frozen"),
    **dict.fromkeys("CGP", "scratch"),
}
HIGH = 40  # of the highest letter, above and below
LEFT, TOP = 60, 68


def colours_of(alphabet: Sequence[str]) -> Mapping[str, str]:
    """Letter -> colour of `COLOURS`, of nucleotides or of residues."""
    nucleotides = set(alphabet) <= set(_NUCLEOTIDES)
    return {letter: colour((_NUCLEOTIDES if nucleotides else _RESIDUES).get(letter, "ink")) for letter in alphabet}


@cache
def _glyph(letter: str) -> str:
    """The outline of a bold letter in a box of width and height 1, y downwards."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    path = TextPath((0, 0), letter, size=100, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = path.get_extents()
    scale, low = (1 / max(box.width, 40), 1 / box.height), (box.x0 - max(0, 40 - box.width) / 2, box.y0)
    commands = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    parts = []
    for points, code in path.iter_segments(curves=True, simplify=False):
        pairs = zip(points[::2], points[1::2], strict=True) if code != 79 else ()
        numbers = " ".join(f"{(x - low[0]) * scale[0]:.3f} {1 - (y - low[1]) * scale[1]:.3f}" for x, y in pairs)
        parts.append(commands[int(code)] + numbers)
    return "".join(parts)


def stack(
    heights: Sequence[tuple[str, float]], left: float, base: float, width: float, fill: Mapping[str, str]
) -> Iterator[str]:
    """Letters one on the other, the highest outermost: positive ones above the base line, negative ones below it."""
    up = down = base
    for letter, height in sorted(heights, key=lambda one: abs(one[1])):
        if abs(height) < 0.4:
            continue
        top = up - height if height > 0 else down
        up, down = (up - height, down) if height > 0 else (up, down - height)
        yield (
            f'<path d="{_glyph(letter)}" transform="translate({left + 0.04 * width:.2f} {top:.2f}) '
            f'scale({0.92 * width:.2f} {abs(height):.2f})" style="fill: {fill.get(letter, colour("ink"))}"/>'
        )


def frame(width: float, height: float, label: str, parts: Sequence[str], *, paper: bool) -> str:
    """A standalone SVG; with white paper behind it, or none where it stands in a page."""
    sheet = f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>' if paper else ""
    return (
        f'<svg width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{escape(label)}" font-family="{FONTS}" font-size="11" xmlns="http://www.w3.org/2000/svg">'
        f'{sheet}<g style="fill: {colour("ink")}">{"".join(parts)}</g></svg>\n'
    )


def mutagenesis(
    letters: Sequence[str], values: ArrayLike, changes: ArrayLike, alphabet: Sequence[str], *, title: str, unit: str
) -> str:
    """Draw a letter as high as it is worth at each position, and below it what each other letter would change.

    Parameters
    ----------
    letters
        (L,) what stands at each position.
    values
        (L,) what it is worth: the mean loss of the score where it is exchanged.
    changes
        (L, A) change of the score with each letter of the alphabet.
    alphabet
        (A,) the letters that are put in place.
    title
        What is shown, above.
    unit
        Of values and changes.

    Returns
    -------
    str
        A standalone SVG with 60 positions a line.

    Examples
    --------
    >>> svg = mutagenesis(list("AC"), [0.5, -1.0], [[0, -0.5], [2.0, 0]], "AC", title="s1", unit="log-odds")
    >>> svg.count("scale("), "full height 1 log-odds" in svg, svg.count("<rect")  # two letters; paper and two cells
    (2, True, 3)
    """
    worth, table = np.asarray(values, dtype=np.float64), np.asarray(changes, dtype=np.float64)
    limit, most = (float(np.abs(x).max(initial=0.0)) or 1.0 for x in (worth, table))
    fill = colours_of(alphabet)
    cell = CELL if len(alphabet) <= 6 else 9
    each = 2 * HIGH + len(alphabet) * cell + 40
    rows = -(-len(letters) // PER_ROW) or 1
    width, height = LEFT + min(PER_ROW, max(len(letters), 40)) * CELL + 10, TOP + rows * each
    legend = (
        f"letters: worth of what stands there, full height {limit:.3g} {unit}",
        f"cells: change with another letter, orange raises, blue lowers, full colour {most:.3g}; dot: the own letter",
    )
    parts = [f'<text x="8" y="20" font-weight="bold">{escape(title)}</text>']
    for line, said in enumerate(legend):
        parts.append(f'<text x="8" y="{37 + 15 * line}" style="fill: {colour("muted")}">{escape(said)}</text>')
    for row in range(rows):
        here = range(row * PER_ROW, min(len(letters), (row + 1) * PER_ROW))
        base = TOP + row * each + HIGH
        parts.append(f'<path d="M{LEFT - 2} {base}h{len(here) * CELL + 2}" stroke="{colour("baseline")}"/>')
        parts += _numbers(here, base)
        for i in here:
            left = LEFT + (i - here.start) * CELL
            parts += stack([(letters[i][:1], HIGH * worth[i] / limit)], left, base, CELL, fill)
            parts += _cells(letters[i], table[i] / most, alphabet, left, base + HIGH + 20, cell)
        parts += _names(alphabet, base + HIGH + 20, cell)
    return frame(width, height, title, parts, paper=True)


def _numbers(here: range, base: float) -> Iterator[str]:
    """Positions, counted from 1, at the start of a line and at every tenth."""
    for i in here:
        if (i + 1) % 10 == 0 or i == here.start:
            yield (
                f'<text x="{LEFT + (i - here.start + 0.5) * CELL:g}" y="{base + HIGH + 14}" text-anchor="middle" '
                f'font-size="10" style="fill: {colour("muted")}">{i + 1}</text>'
            )


def _names(alphabet: Sequence[str], top: float, cell: float) -> Iterator[str]:
    size = 11 if cell == CELL else 8
    for row, letter in enumerate(alphabet):
        middle = top + (row + 0.5) * cell + 0.36 * size
        yield f'<text x="{LEFT - 6}" y="{middle:g}" text-anchor="end" font-size="{size}">{escape(letter)}</text>'


def _cells(own: str, shares: Floats, alphabet: Sequence[str], left: float, top: float, cell: float) -> Iterator[str]:
    """One cell a letter of the alphabet; a dot for the letter that stands there."""
    for row, (letter, share) in enumerate(zip(alphabet, shares.tolist(), strict=True)):
        if letter == own:
            middle = top + (row + 0.5) * cell
            yield f'<circle cx="{left + CELL / 2:g}" cy="{middle:g}" r="{cell / 7:.2f}" fill="{colour("muted")}"/>'
        elif abs(share) >= 0.005:
            yield (
                f'<rect x="{left + 0.5:g}" y="{top + row * cell + 0.5:g}" width="{CELL - 1}" height="{cell - 1}" '
                f'fill="{FOR if share > 0 else AGAINST}" fill-opacity="{abs(share):.2f}"/>'
            )
