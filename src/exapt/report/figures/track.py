"""Attributions along a sequence: a bar a letter, the letters below."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import ArrayLike

PER_ROW = 60  # letters in a line
CELL = 14
HIGH = 34  # of the largest bar, above and below
FOR, AGAINST = "#c2570b", "#2166ac"  # orange and blue, told apart by all kinds of colour vision


def track(letters: Sequence[str], values: ArrayLike, *, title: str, unit: str) -> str:
    """Draw one bar a letter, up and orange where it speaks for the explained output, down and blue against it.

    Parameters
    ----------
    letters
        (L,) what stands at each position; long names are cut to one character.
    values
        (L,) attributions.
    title
        What is shown, above.
    unit
        Of the values; the largest one is named.

    Returns
    -------
    str
        A standalone SVG with 60 positions a line.

    Examples
    --------
    >>> svg = track(list("ACGT"), [0.0, 1.0, -0.5, 0.0], title="s1", unit="log-odds")
    >>> svg.count("<rect"), "full bar: 1 log-odds" in svg
    (3, True)
    """
    numbers = np.asarray(values, dtype=np.float64)
    limit = float(np.abs(numbers).max(initial=0.0))
    rows = -(-len(letters) // PER_ROW) or 1
    each = 2 * HIGH + 30
    width, height = 60 + PER_ROW * CELL + 10, 36 + rows * each
    parts = [
        f'<text x="8" y="20" font-weight="bold">{escape(title)}</text>',
        f'<text x="{width - 8}" y="20" text-anchor="end" fill="#55616f">full bar: {limit:.3g} {escape(unit)}</text>',
    ]
    for row in range(rows):
        here = range(row * PER_ROW, min(len(letters), (row + 1) * PER_ROW))
        middle = 36 + row * each + HIGH
        parts.append(f'<text x="50" y="{middle + 4}" text-anchor="end" fill="#55616f">{here.start + 1}</text>')
        parts.append(f'<path d="M58 {middle}h{len(here) * CELL + 2}" stroke="#7b8794" stroke-width="1"/>')
        parts += [_cell(letters[i], float(numbers[i]) / limit if limit else 0.0, i - here.start, middle) for i in here]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="11" fill="#1b2430">'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _cell(letter: str, share: float, place: int, middle: int) -> str:
    left, high = 60 + place * CELL, abs(share) * HIGH
    text = escape(letter[:1] if len(letter) > 2 else letter) or "?"
    below = (
        f'<text x="{left + CELL / 2:g}" y="{middle + HIGH + 14}" text-anchor="middle" '
        f'font-family="monospace">{text}</text>'
    )
    if high < 0.3:
        return below
    top = middle - high if share > 0 else middle
    shade = FOR if share > 0 else AGAINST
    return f'<rect x="{left + 1}" y="{top:.1f}" width="{CELL - 2}" height="{high:.1f}" fill="{shade}"/>{below}'
