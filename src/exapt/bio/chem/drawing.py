"""Structures as pictures: a contact sheet of molecules with what is said about each, in one SVG."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from exapt.bio.chem._molecules import read
from exapt.core.errors import DataError

WIDTH, HEIGHT = 240, 170  # of one structure, in pixels
LINE = 16  # height of a line of text
MARGIN = 10
LETTERS = 36  # of a line of notes in the width of a structure
MOST_LINES = 4  # lines of notes; what does not fit is cut with an ellipsis
FONT = "font-family='Helvetica, Arial, sans-serif'"


def contact_sheet(
    smiles: Sequence[str],
    titles: Sequence[str],
    notes: Sequence[str] = (),
    *,
    columns: int = 4,
    heading: str = "",
) -> str:
    """All structures in a grid, each under its title and over its notes.

    Parameters
    ----------
    smiles
        n SMILES; one that RDKit cannot read is an empty cell that says so.
    titles
        n lines in bold, such as rank and score.
    notes
        n texts, such as marks, wrapped to at most four lines; or none at all.
    columns
        Structures beside each other, at least 1.
    heading
        A line over the whole sheet.

    Returns
    -------
    str
        One SVG document with selectable text.

    Raises
    ------
    DataError
        Where there are not as many titles or notes as molecules.

    Examples
    --------
    >>> sheet = contact_sheet(["CCO", "x"], ["1 · 0.93", "2 · 0.91"], ["", "brenk: nitro_group"], heading="Best")
    >>> sheet.count("<text"), "cannot be read" in sheet
    (5, True)
    """
    notes = notes or [""] * len(smiles)
    if not len(smiles) == len(titles) == len(notes):
        raise DataError(f"A sheet of {len(smiles)} molecules got {len(titles)} titles and {len(notes)} notes.")
    columns = max(1, min(columns, len(smiles)))
    wrapped = [textwrap.wrap(note, LETTERS, max_lines=MOST_LINES, placeholder=" …") for note in notes]
    lines = max(map(len, wrapped), default=0)
    wide, high = WIDTH + 2 * MARGIN, HEIGHT + (lines + 1) * LINE + 3 * MARGIN
    top = 3 * LINE if heading else MARGIN
    rows = -(-len(smiles) // columns)
    size = (columns * wide + 2 * MARGIN, top + rows * high + MARGIN)
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{size[0]}' height='{size[1]}' "
        f"viewBox='0 0 {size[0]} {size[1]}' role='img'>",
        f"<title>{escape(heading or 'Structures')}</title><rect width='100%' height='100%' fill='#ffffff'/>",
    ]
    if heading:
        parts.append(_text(2 * MARGIN, 2 * LINE - 4, heading, size=16, bold=True))
    for number, (text, title, note) in enumerate(zip(smiles, titles, wrapped, strict=True)):
        corner = MARGIN + number % columns * wide, top + number // columns * high
        parts += _cell(text, title, note, corner, (wide, high))
    return "\n".join([*parts, "</svg>\n"])


def _cell(smiles: str, title: str, note: Sequence[str], corner: tuple[int, int], size: tuple[int, int]) -> list[str]:
    left, top = corner[0] + MARGIN, corner[1] + LINE + 2
    parts = [
        f"<rect x='{corner[0] + 3}' y='{corner[1]}' width='{size[0] - 6}' height='{size[1] - 6}' rx='4' "
        "fill='none' stroke='#d0d4da'/>",
        _text(left, top, title if len(title) <= LETTERS else title[: LETTERS - 1] + "…", bold=True),
    ]
    picture = structure(smiles, WIDTH, HEIGHT)
    if picture:
        parts.append(f"<svg x='{left}' y='{top + 6}' width='{WIDTH}' height='{HEIGHT}'>{picture}</svg>")
    else:
        parts.append(_text(left, top + HEIGHT // 2, "cannot be read", colour="#8a9099"))
    below = top + 6 + HEIGHT + LINE
    lines = [_text(left, below + place * LINE, line, size=12, colour="#9a3412") for place, line in enumerate(note)]
    return parts + lines


def structure(smiles: str, width: int = WIDTH, height: int = HEIGHT) -> str:
    """The drawing of one structure as the inside of an SVG; "" where RDKit cannot read it.

    Parameters
    ----------
    smiles
        A SMILES.
    width, height
        In pixels.

    Examples
    --------
    >>> structure("CCO").count("<path") > 0, structure("x")
    (True, '')
    """
    from rdkit import rdBase
    from rdkit.Chem.Draw import rdMolDraw2D

    with rdBase.BlockLogs():
        molecule = read(smiles)
        if molecule is None:
            return ""
        drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
        options: Any = drawer.drawOptions()
        options.clearBackground = False
        options.bondLineWidth = 1
        options.maxFontSize = 16
        options.minFontSize = 7
        options.fixedBondLength = 26
        rdMolDraw2D.PrepareAndDrawMolecule(drawer, molecule)
        drawer.FinishDrawing()
        drawn = drawer.GetDrawingText()
    inside = re.search(r"<svg\b[^>]*>(.*)</svg>", drawn, flags=re.DOTALL)
    return inside.group(1).strip() if inside else ""


def _text(x: int, y: int, text: str, *, size: int = 13, bold: bool = False, colour: str = "#1f2937") -> str:
    weight = " font-weight='bold'" if bold else ""
    return f"<text x='{x}' y='{y}' {FONT} font-size='{size}'{weight} fill='{colour}'>{escape(text)}</text>"
