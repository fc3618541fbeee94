"""Genetic codes of prokaryotes, as arrays over codons, and translation.

A codon is a number: 16 a + 4 b + c for its letters a, b, c with A C G T = 0 1 2 3; 64 is a codon with any other letter.

References
----------
NCBI genetic codes 4 and 11. https://www.ncbi.nlm.nih.gov/Taxonomy/Utils/wprintgc.cgi
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.sequence.alphabets import DNA, reverse_complement
from exapt.core.errors import ConfigError, nearest

Digits = NDArray[np.uint8]
UNKNOWN = 4  # the digit of a letter that is not A, C, G or T
NO_CODON = 64
STARTS = ("ATG", "GTG", "TTG")  # in the order of the kinds of a start; rarer ones cost more false than they find true
_STANDARD = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"


@dataclass(frozen=True)
class GeneticCode:
    """Which codon means what.

    Attributes
    ----------
    table
        Number of the code at NCBI.
    amino_acids
        65 letters, one a codon: ``*`` a stop, ``X`` the codon with an unknown letter.
    """

    table: int
    amino_acids: str

    def stops(self) -> NDArray[np.bool_]:
        """Shape (65,): whether a codon is a stop."""
        letters = np.frombuffer(self.amino_acids.encode(), dtype=np.uint8)
        return np.asarray(letters == ord("*"), dtype=np.bool_)

    def translate(self, sequence: str, *, starts_at_start: bool = True) -> str:
        """Protein of a coding sequence, without its final stop.

        Parameters
        ----------
        sequence
            DNA, 5' to 3', in frame; a last part of a codon is left out. Case and IUPAC codes are allowed.
        starts_at_start
            The first codon is a start codon, so it is read as methionine whatever it is.

        Examples
        --------
        >>> CODES[11].translate("GTGTGGTGANNNTAA"), CODES[4].translate("GTGTGGTGANNNTAA")
        ('MW*X', 'MWWX')
        """
        protein = np.frombuffer(self.amino_acids.encode(), dtype=np.uint8)[codons(digits(sequence))[::3]].tobytes()
        text = protein.decode()
        if starts_at_start and text and text[0] != "X":
            text = "M" + text[1:]
        return text.removesuffix("*")


CODES: Mapping[int, GeneticCode] = {
    11: GeneticCode(11, _STANDARD + "X"),
    4: GeneticCode(4, _STANDARD[:56] + "W" + _STANDARD[57:] + "X"),  # TGA is tryptophan
}


def genetic_code(table: int) -> GeneticCode:
    """The code of a number.

    Raises
    ------
    ConfigError
        Where it is none of `CODES`.

    Examples
    --------
    >>> genetic_code(4).amino_acids.count("*")
    2
    """
    if table not in CODES:
        raise ConfigError(f"Genetic code {table!r} is not for prokaryotes. {nearest(str(table), map(str, CODES))}")
    return CODES[table]


def digits(sequence: str) -> Digits:
    """A C G T (or U) of either case as 0 1 2 3, any other letter as 4.

    Examples
    --------
    >>> digits("ACgtuN").tolist()
    [0, 1, 2, 3, 3, 4]
    """
    return _DIGITS[np.frombuffer(sequence.encode("ascii", "replace"), dtype=np.uint8)]


def other_strand(forward: Digits) -> Digits:
    """Digits of the reverse complement.

    Examples
    --------
    >>> other_strand(digits("AACN")).tolist()
    [4, 2, 3, 3]
    """
    return _COMPLEMENT[forward[::-1]]


def codons(forward: Digits) -> Digits:
    """The codon that begins at each letter, shape (max(L - 2, 0),).

    Examples
    --------
    >>> codons(digits("ATGAN")).tolist()
    [14, 56, 64]
    """
    if len(forward) < 3:
        return np.empty(0, dtype=np.uint8)
    found = 16 * forward[:-2] + 4 * forward[1:-1] + forward[2:]
    unknown = forward == UNKNOWN
    if unknown.any():
        found[unknown[:-2] | unknown[1:-1] | unknown[2:]] = NO_CODON
    return found


def _digit_table() -> Digits:
    table = np.full(256, UNKNOWN, dtype=np.uint8)
    for digit, letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
        table[list(letters.encode())] = digit
    return table


_DIGITS = _digit_table()
_COMPLEMENT = digits(reverse_complement(DNA.letters + DNA.unknown))[::-1].copy()
