"""A motif of DNA as counts a position, and what follows from them: frequencies, log-odds, information, consensus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.bio.sequence.alphabets import DNA

Floats = NDArray[np.float64]
LETTERS = DNA.letters
UNIFORM = (0.25, 0.25, 0.25, 0.25)
PSEUDOCOUNT = 1.0  # letters that are added to each position, dealt out as in the background
_CODES = {frozenset(letters): code for code, letters in DNA.ambiguous.items()} | {frozenset(x): x for x in LETTERS}


@dataclass(frozen=True)
class Motif:
    """Counts of A, C, G and T at each position of a binding site.

    Attributes
    ----------
    id, name
        ``MA0108.3`` and ``TBP``, say.
    counts
        (L, 4) float64, at least 0: letters A C G T of the sites.
    about
        What else is known: ``tax_group``, ``tf_family`` ...
    """

    id: str
    name: str
    counts: Floats = field(compare=False)
    about: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.counts)

    def frequencies(self, pseudocount: float = PSEUDOCOUNT, background: Sequence[float] = UNIFORM) -> Floats:
        """Share of each letter (L, 4) after `pseudocount` letters of the background; rows sum to 1.

        Examples
        --------
        >>> Motif("m", "m", np.array([[3.0, 0.0, 0.0, 0.0]])).frequencies().tolist()
        [[0.8125, 0.0625, 0.0625, 0.0625]]
        """
        counts = self.counts + pseudocount * np.asarray(background, dtype=np.float64)
        shares: Floats = counts / counts.sum(1, keepdims=True)
        return shares

    def log_odds(self, pseudocount: float = PSEUDOCOUNT, background: Sequence[float] = UNIFORM) -> Floats:
        """Bits (L, 4) by which each letter speaks for a site and against the background."""
        return np.asarray(np.log2(self.frequencies(pseudocount, background) / np.asarray(background)))

    def information(self, background: Sequence[float] = UNIFORM) -> Floats:
        """Bits of each position (L,): how far its letters are from the background; at most 2 where that is uniform.

        Examples
        --------
        >>> Motif("m", "m", np.array([[9e9, 0, 0, 0], [1, 1, 1, 1]])).information().round(3).tolist()
        [2.0, 0.0]
        """
        bits: Floats = (self.frequencies(background=background) * self.log_odds(background=background)).sum(1)
        return bits

    def reverse_complement(self) -> Motif:
        """The same site read on the other strand."""
        return replace(self, counts=self.counts[::-1, ::-1])

    def trimmed(self, least: float = 0.25) -> Motif:
        """Without positions of less than `least` bits at both ends; whole where no position has as many."""
        inside = np.flatnonzero(self.information() >= least)
        return replace(self, counts=self.counts[inside[0] : inside[-1] + 1]) if len(inside) else self

    def consensus(self) -> str:
        """The letters of each position with at least half the share of the commonest, as one IUPAC code.

        Examples
        --------
        >>> Motif("m", "m", np.array([[9, 0, 0, 0], [0, 5, 0, 5], [1, 1, 1, 1]])).consensus()
        'AYN'
        """
        shares = self.frequencies()
        common = shares >= shares.max(1, keepdims=True) / 2
        return "".join(_CODES[frozenset(np.array(list(LETTERS))[row])] for row in common)


def one_hot(sequence: str) -> Floats:
    """Indicators (L, 4) of A C G T, upper or lower case, U as T; any other letter is a row of zeros.

    Examples
    --------
    >>> one_hot("aN").tolist()
    [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    codes = np.frombuffer(sequence.upper().replace("U", "T").encode("latin-1", "replace"), dtype=np.uint8)
    found: Floats = (codes[:, None] == np.frombuffer(LETTERS.encode(), dtype=np.uint8)).astype(np.float64)
    return found


def of_counts(identifier: str, counts: ArrayLike, name: str = "") -> Motif:
    """A motif of a table of counts.

    Raises
    ------
    ValueError
        Where it is not (L, 4), empty, has a negative or infinite number, or a position without any letter.
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != 4 or not len(table):
        raise ValueError(f"motif {identifier}: counts of A, C, G and T at one position or more; found {table.shape}.")
    if not np.isfinite(table).all() or (table < 0).any() or (table.sum(1) <= 0).any():
        raise ValueError(f"motif {identifier}: counts are finite, at least 0, and not all 0 at a position.")
    return Motif(identifier, name or identifier, table)
