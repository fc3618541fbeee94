"""What both tools share: which letters are compared, when two sequences are relatives, and the relatives found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exapt.bio.sequence.alphabets import alphabet
from exapt.core.errors import ConfigError

Rows = NDArray[np.int64]
Tool = Literal["auto", "mmseqs", "kmers"]
TOOLS: tuple[Tool, ...] = ("auto", "mmseqs", "kmers")
SHORTEST_SEED, LONGEST_SEED = 8, 12  # letters of DNA; MMseqs2's default, 15, finds nothing in a promoter of 70 letters
REMOTE = 0.5  # identity below which a short alignment may be chance, so that the E-value has to say


@dataclass(frozen=True)
class Rules:
    """When two sequences are relatives.

    Attributes
    ----------
    identity
        Least share of identical letters among the columns of their best local alignment, gaps included, in [0, 1].
    coverage
        Least share of the letters of the shorter one that stand in the alignment, in [0, 1].
    """

    identity: float
    coverage: float

    @property
    def e_value(self) -> float:
        """Largest number of equally good chance hits; strict where the identity alone proves little."""
        return 1e-3 if self.identity < REMOTE else 10.0


@dataclass(frozen=True)
class Links:
    """Pairs of relatives, arrays of shape (pairs,)."""

    query: Rows
    reference: Rows
    identity: NDArray[np.float32]
    coverage: NDArray[np.float32]
    score: NDArray[np.float32]

    def take(self, chosen: NDArray[np.bool_] | Rows) -> Links:
        """Some of the pairs."""
        return Links(*(part[chosen] for part in vars(self).values()))

    def best(self) -> Links:
        """The pair with the highest score of each query; at the same score more identity, then the first reference."""
        order = np.lexsort((self.reference, -self.identity, -self.score, self.query))
        first = np.unique(self.query[order], return_index=True)[1]
        return self.take(order[first])


def check(identity: float, coverage: float, tool: str) -> Rules:
    """The thresholds, once they are known to be possible.

    Raises
    ------
    ConfigError
        Where one is outside [0, 1], or the tool is unknown.
    """
    for name, value in (("identity", identity), ("coverage", coverage)):
        if not 0 <= value <= 1:
            hint = f" Did you mean {value / 100:g}?" if 1 < value <= 100 else ""
            raise ConfigError(f"{name} is a share in [0, 1]; found {value:g}.{hint}")
    if tool not in TOOLS:
        raise ConfigError(f"Unknown tool {tool!r} to compare sequences. Known: {', '.join(TOOLS)}.")
    return Rules(float(identity), float(coverage))


def plain(sequences: Sequence[str], modality: str) -> list[str]:
    """The sequences as they are compared: upper case, U as T, no gaps, no final stop, anything unknown as N or X.

    Examples
    --------
    >>> plain(["acgu-N", "ACGJ"], "rna"), plain(["mkv*", "MU"], "protein")
    (['ACGTN', 'ACGN'], ['MKV', 'MX'])
    """
    letters = alphabet(modality)
    protein = modality == "protein"
    known = letters.letters + ("BZX" if protein else "T" + "".join(letters.ambiguous))
    table = dict.fromkeys(range(128), letters.unknown)
    table |= {ord(letter): letter for letter in known}
    table |= dict.fromkeys(map(ord, "-. \t\r\n"), "")
    if not protein:
        table[ord("U")] = "T"
    upper = [sequence.upper() for sequence in sequences]
    if protein:
        upper = [sequence.rstrip("*") for sequence in upper]
    text = "\0".join(upper).encode("ascii", "replace").decode()
    table[0] = "\0"
    return text.translate(table).split("\0") if upper else []


def seed_of_dna(letters: int) -> int:
    """Length of the seeds of DNA: a longer one where there are more letters to hit by chance.

    Examples
    --------
    >>> seed_of_dna(4_000), seed_of_dna(4_000_000), seed_of_dna(4_000_000_000)
    (8, 10, 12)
    """
    return int(np.clip(round(np.log2(max(letters, 1)) / 2 - 1), SHORTEST_SEED, LONGEST_SEED))
