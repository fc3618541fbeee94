"""How a SMILES is written: features of its text alone, not of the molecule that it stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from exapt.evaluate.metrics._metric import Floats

_BRACKET = re.compile(r"\[[^\]]*\]")
_AROMATIC = re.compile(r"\[\d*(?:[bcnops]|se|as|te)(?![a-z])")
_ATTACHED = re.compile(r"(?<!\[)H")  # [nH], [NH3+]; [H] is an atom of its own
_ISOTOPE = re.compile(r"\[\d")
_ELEMENT = re.compile(r"Cl|Br|[BCNOPSFI]|[bcnops]")
ELEMENTS = ("C", "N", "O", "S", "P", "B", "F", "CL", "BR", "I")

COUNTED = (
    "aromatic atoms in lower case",
    "double bonds '='",
    "bonds written 'C=C'",
    "triple bonds '#'",
    "single bonds '-'",
    "aromatic bonds ':'",
    "atoms in brackets",
    "positive charges",
    "negative charges",
    "hydrogens inside brackets",
    "hydrogens as atoms '[H]'",
    "isotopes",
    "dots (salts, mixtures)",
    "stereo marks '@'",
    "stereo bonds '/' or '\\'",
    "ring digits",
    "branches '('",
)
NAMES = (
    "length of the SMILES",
    "highest ring digit",
    "brackets at the start",
    *(f"number of {name}" for name in COUNTED),
    *(f"share of {name}" for name in COUNTED),
)


def writing(smiles: Sequence[str]) -> Floats:
    """Length, counts of written signs, and their shares of the length, (n, F) as named by `NAMES`.

    Examples
    --------
    >>> first, second = writing(["C1=CC=CC=C1[O-]", "c1ccccc1O"])
    >>> number = dict(zip(NAMES, first.tolist()))
    >>> number["number of double bonds '='"], number["number of negative charges"]
    (3.0, 1.0)
    >>> number["number of aromatic atoms in lower case"], float(second[3])
    (0.0, 6.0)
    """
    rows = np.array([_counts(text) for text in smiles], dtype=np.float64).reshape(len(smiles), -1)
    general, counts = rows[:, :3], rows[:, 3:]
    return np.hstack([general, counts, counts / np.maximum(general[:, :1], 1)])


def _counts(text: str) -> list[int]:
    inside = "".join(_BRACKET.findall(text))
    outside = _BRACKET.sub("", text)
    rings = [int(letter) for letter in outside if letter.isascii() and letter.isdigit()]
    return [
        len(text),
        max(rings, default=0),
        int(text.startswith("[")),
        sum(map(outside.count, "bcnops")) + len(_AROMATIC.findall(inside)),
        outside.count("="),
        outside.count("C=C"),
        outside.count("#"),
        outside.count("-"),
        outside.count(":"),
        inside.count("["),
        inside.count("+"),
        inside.count("-"),
        len(_ATTACHED.findall(inside)),
        inside.count("[H]"),
        len(_ISOTOPE.findall(inside)),
        outside.count("."),
        inside.count("@"),
        outside.count("/") + outside.count("\\"),
        len(rings),
        outside.count("("),
    ]


def elements(smiles: Sequence[str]) -> Floats:
    """Share of each common element among the atoms written, whatever the case, (n, 10) in the order of `ELEMENTS`.

    Examples
    --------
    >>> dict(zip(ELEMENTS, elements(["c1ccccc1Cl"])[0].round(2).tolist()))["CL"]
    0.14
    """
    counts = np.zeros((len(smiles), len(ELEMENTS)))
    place = {name: number for number, name in enumerate(ELEMENTS)}
    for row, text in zip(counts, smiles, strict=True):
        for atom in _ELEMENT.findall(text):
            row[place[atom.upper()]] += 1
    return np.asarray(counts / np.maximum(counts.sum(1, keepdims=True), 1))


def standardised(smiles: Sequence[str]) -> tuple[list[str], int]:
    """Neutralised, desalted, canonical SMILES, and how many could not be made and stay as they were."""
    from exapt.bio.chem.standard import neutral

    found = neutral(smiles)
    return [new or old for new, old in zip(found, smiles, strict=True)], sum(new is None for new in found)
