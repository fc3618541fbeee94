"""Structures whose atoms are coloured by a number, as SVG: for attributions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import DataError

WIDTH, HEIGHT = 300, 220
AGAINST, FOR = (0.13, 0.40, 0.67), (0.84, 0.38, 0.05)  # blue and orange, told apart by all kinds of colour vision
STRONGEST = 0.8  # share of the full colour at the limit, so that the letters of atoms stay readable on it
ATOM = re.compile(r"\[|Br$|Cl$|[BCNOPSFIbcnops*]$")  # a SMILES token that is an atom


def draw_atoms(
    smiles: str, values: ArrayLike | None = None, *, limit: float | None = None, size: tuple[int, int] = (WIDTH, HEIGHT)
) -> str:
    """Draw a molecule, each atom on a disc in the colour of its value.

    Parameters
    ----------
    smiles
        The molecule.
    values
        (N,) one number an atom, in the order of the SMILES as RDKit keeps it; None = no colours.
    limit
        Absolute value of the full colour; None = the largest of `values`.
    size
        Width and height in pixels.

    Returns
    -------
    str
        An SVG without XML declaration, white behind.

    Raises
    ------
    DataError
        Where RDKit cannot read the SMILES, or the number of values is not that of the atoms.

    Examples
    --------
    >>> svg = draw_atoms("CCO", [0.0, -0.5, 1.0])
    >>> svg.startswith("<svg"), svg.count("<ellipse")
    (True, 2)
    """
    from rdkit.Chem.Draw import rdMolDraw2D

    molecule = _molecule(smiles)
    colours: dict[int, tuple[float, float, float]] = {}
    if values is not None:
        numbers = np.asarray(values, dtype=np.float64)
        if numbers.shape != (molecule.GetNumAtoms(),):
            raise DataError(f"{smiles}: {molecule.GetNumAtoms()} atoms, but {numbers.shape} values to colour them by.")
        full = float(np.abs(numbers).max(initial=0.0)) if limit is None else limit
        colours = {
            i: colour(value / full) for i, value in enumerate(numbers.tolist()) if full and abs(value) > full / 50
        }
    drawer = rdMolDraw2D.MolDraw2DSVG(*size)
    options: Any = drawer.drawOptions()
    options.fillHighlights = True
    if colours:
        options.useBWAtomPalette()  # the only colours are those of the values
    options.padding = 0.06
    options.bondLineWidth = 1.6
    options.fixedBondLength = 32.0  # small molecules are not blown up
    rdMolDraw2D.PrepareAndDrawMolecule(
        drawer,
        molecule,
        highlightAtoms=list(colours),
        highlightAtomColors=colours,
        highlightAtomRadii=dict.fromkeys(colours, 0.48),
        highlightBonds=[],
    )
    drawer.FinishDrawing()
    return _tidy(drawer.GetDrawingText(), size)


def colour(share: float) -> tuple[float, float, float]:
    """Red, green, blue in [0, 1] of a value between -1 (blue, against) over 0 (white) to 1 (orange, for).

    Examples
    --------
    >>> colour(0.0), colour(-5.0) == colour(-1.0)
    ((1.0, 1.0, 1.0), True)
    """
    end = FOR if share > 0 else AGAINST
    depth = STRONGEST * min(1.0, abs(share))
    red, green, blue = (1 + depth * (part - 1) for part in end)
    return red, green, blue


def legend(limit: float | None, unit: str) -> str:
    """The colour scale as an SVG of 300 x 46 pixels.

    Parameters
    ----------
    limit
        Absolute value of the full colours; None = each drawing has its own.
    unit
        What the numbers are.

    Examples
    --------
    >>> "−1.5" in legend(1.5, "log-odds")
    True
    """
    ends = ("against", "for") if limit is None else (f"−{limit:.2g}", f"+{limit:.2g}")
    steps = np.linspace(-1, 1, 41)
    cells = "".join(
        f'<rect x="{70 + 4 * i}" y="6" width="4.5" height="14" fill="{_hex(colour(float(step)))}"/>'
        for i, step in enumerate(steps)
    )
    text = 'font-family="sans-serif" font-size="12" fill="#1b2430"'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="46" viewBox="0 0 300 46" role="img" '
        f'aria-label="Colour scale: blue speaks against, orange for">{cells}'
        f'<text x="64" y="18" text-anchor="end" {text}>{ends[0]}</text><text x="240" y="18" {text}>{ends[1]}</text>'
        f'<text x="152" y="38" text-anchor="middle" {text}>{escape(unit)}</text></svg>\n'
    )


def sheet(drawings: Sequence[tuple[str, str]], scale: str, *, columns: int = 4) -> str:
    """Several drawings on one page, each with a line of text below, and the colour scale on top.

    Parameters
    ----------
    drawings
        SVG of `draw_atoms` in its usual size, and its caption.
    scale
        SVG of `legend`.
    columns
        Drawings beside each other.

    Returns
    -------
    str
        A standalone SVG.
    """
    high = HEIGHT + 26
    columns = max(1, min(columns, len(drawings)))
    rows = -(-len(drawings) // columns)
    width, height = columns * WIDTH, 52 + rows * high
    parts = [_placed(scale, 0, 4)]
    for i, (svg, caption) in enumerate(drawings):
        left, top = (i % columns) * WIDTH, 52 + (i // columns) * high
        parts.append(_placed(svg, left, top))
        parts.append(
            f'<text x="{left + WIDTH // 2}" y="{top + HEIGHT + 16}" text-anchor="middle" font-family="sans-serif" '
            f'font-size="12" fill="#1b2430">{escape(_short(caption, 46))}</text>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def atoms_of_tokens(smiles: str, tokens: Sequence[str]) -> NDArray[np.int64]:
    """Which atom of the molecule each token of its SMILES is.

    Parameters
    ----------
    smiles
        The molecule.
    tokens
        The SMILES cut into bracket atoms, atoms, bonds, brackets and ring numbers; may end early.

    Returns
    -------
    array
        (len(tokens),) int64 number of the atom; -1 for what is no atom, and for hydrogens that RDKit leaves out.

    Raises
    ------
    DataError
        Where RDKit cannot read the SMILES.

    Examples
    --------
    >>> atoms_of_tokens("C(=O)[H]", ["C", "(", "=", "O", ")", "[H]"]).tolist()
    [0, -1, -1, 1, -1, -1]
    """
    from rdkit import Chem

    _molecule(smiles)
    settings: Any = Chem.SmilesParserParams()
    settings.removeHs = False
    molecule = Chem.MolFromSmiles(smiles, settings)
    for atom in molecule.GetAtoms():
        atom.SetIntProp("written", atom.GetIdx())
    place = {atom.GetIntProp("written"): atom.GetIdx() for atom in Chem.RemoveHs(molecule).GetAtoms()}
    is_atom = np.array([bool(ATOM.match(token)) for token in tokens], dtype=np.bool_)
    written = np.cumsum(is_atom) - 1
    return np.array(
        [place.get(int(n), -1) if atom else -1 for n, atom in zip(written, is_atom, strict=True)], dtype=np.int64
    )


def symbols(smiles: str) -> list[str]:
    """Element symbol of each atom, in RDKit's order.

    Raises
    ------
    DataError
        Where RDKit cannot read the SMILES.

    Examples
    --------
    >>> symbols("CC(=O)[O-]")
    ['C', 'C', 'O', 'O']
    """
    return [atom.GetSymbol() for atom in _molecule(smiles).GetAtoms()]


def _molecule(smiles: str) -> Any:
    from rdkit import rdBase

    from exapt.bio.chem._molecules import read

    with rdBase.BlockLogs():
        molecule = read(smiles)
    if molecule is None:
        raise DataError(f"{smiles!r}: RDKit cannot read this molecule, so it cannot be drawn.")
    return molecule


def _tidy(svg: str, size: tuple[int, int]) -> str:
    """Without declaration, comments and classes, numbers cut to a tenth, scaled by its box."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(
        r"<!--.*?-->| class='[^']*'| xmlns:\w+='[^']*'| xml:space='[^']*'| version='[^']*'| baseProfile='[^']*'",
        "",
        svg,
    )
    svg = re.sub(
        r"stroke-(linecap:butt|linejoin:miter|opacity:1);?|(fill-rule:evenodd|fill-opacity:1);?|(?<=\d)\.0(?!\d)",
        "",
        svg,
    )
    svg = re.sub(r"\d+\.\d\d+", lambda hit: f"{float(hit[0]):.1f}", svg)
    svg = re.sub(
        r"<svg[^>]*>",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="0 0 {size[0]} {size[1]}" role="img">',
        svg,
        count=1,
    )
    return re.sub(r"\n\s*", "\n", svg).strip() + "\n"


def _placed(svg: str, left: int, top: int) -> str:
    return re.sub(r"^<svg ", f'<svg x="{left}" y="{top}" ', svg.strip())


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
