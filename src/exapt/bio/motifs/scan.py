"""Where a motif fits into sequences: log-odds at every place of both strands, with exact p-values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.motifs.motif import PSEUDOCOUNT, UNIFORM, Floats, Motif, one_hot

BINS = 2000  # steps from the lowest to the highest possible score
_NEVER = -1e9  # the score of a letter that is none of the four


@dataclass(frozen=True)
class Tail:
    """The distribution of a motif's score over random letters of the background.

    Attributes
    ----------
    low, step
        Score of the first bin, and between bins, in bits.
    chance
        (n,) probability of a score of that bin or a higher one.
    """

    low: float
    step: float
    chance: Floats

    def p_values(self, scores: Floats) -> Floats:
        """Probability that random letters score as high, of the shape of the scores."""
        bins = np.clip(np.floor((scores - self.low) / self.step + 0.5), 0, len(self.chance) - 1).astype(np.int64)
        found: Floats = np.where(scores <= _NEVER / 2, 1.0, self.chance[bins])
        return found


def tail(log_odds: Floats, background: Sequence[float] = UNIFORM) -> Tail:
    """The exact distribution of the sum of independent letters, by convolution over the positions.

    Parameters
    ----------
    log_odds
        (L, 4) bits.
    background
        Shares of A C G T.

    References
    ----------
    Staden (1989), Methods for calculating the probabilities of finding patterns in sequences,
    doi:10.1093/bioinformatics/5.2.89

    Examples
    --------
    >>> found = tail(np.array([[1.0, 0.0, 0.0, 0.0]] * 2))
    >>> found.p_values(np.array([2.0, 1.0, 0.0])).tolist()
    [0.0625, 0.4375, 1.0]
    """
    lows = log_odds.min(1)
    step = float((log_odds.max(1) - lows).sum()) / BINS or 1.0
    steps = np.rint((log_odds - lows[:, None]) / step).astype(np.int64)
    chance = np.ones(1)
    for row in steps:
        longer = np.zeros(len(chance) + int(row.max()))
        for shift, share in zip(row.tolist(), background, strict=True):
            longer[shift : shift + len(chance)] += share * chance
        chance = longer
    return Tail(float(lows.sum()), step, chance[::-1].cumsum()[::-1])


def scores(sequence: str, motif: Motif, *, pseudocount: float = PSEUDOCOUNT) -> tuple[Floats, Floats]:
    """Log-odds in bits at every place, of the strand as it stands and of the other one.

    Returns
    -------
    forward, backward
        (len(sequence) - len(motif) + 1,) each; place i covers letters i to i + len(motif). Minus 1e9 where a letter
        is none of ACGTU.

    Examples
    --------
    >>> site = Motif("m", "m", np.array([[9.0, 0, 0, 0], [0, 9.0, 0, 0]]))
    >>> [int(one.argmax()) for one in scores("GGACGT", site)]
    [2, 4]
    """
    letters = one_hot(sequence)
    places = len(letters) - len(motif) + 1
    if places < 1:
        return np.empty(0), np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(letters, (len(motif), 4))[:, 0]
    unknown = windows.sum((1, 2)) < len(motif)
    found = []
    for one in (motif, motif.reverse_complement()):
        bits = np.tensordot(windows, one.log_odds(pseudocount), axes=2)
        found.append(np.where(unknown, _NEVER, bits))
    return found[0], found[1]


def scan(sequences: Sequence[str], ids: Sequence[str], motif: Motif, *, p: float = 1e-4) -> pd.DataFrame:
    """Places where random letters would score as high with a probability of at most `p`.

    Returns
    -------
    DataFrame
        Columns id, start, end (0-based, half-open), strand, score (bits), p; in the order of the sequences.

    Examples
    --------
    >>> site = Motif("m", "m", 20 * one_hot("TATAAA"))
    >>> scan(["CCTATAAAGC", "GTTTATAGG"], ["a", "b"], site, p=1e-3)[["id", "start", "strand"]].values.tolist()
    [['a', 2, '+'], ['b', 1, '-']]
    """
    known = tail(motif.log_odds())
    parts: list[pd.DataFrame] = []
    for name, sequence in zip(ids, sequences, strict=True):
        for strand, found in zip("+-", scores(sequence, motif), strict=True):
            chance = known.p_values(found)
            start: NDArray[np.int64] = np.flatnonzero(chance <= p)
            parts.append(
                pd.DataFrame(
                    {"id": name, "start": start, "end": start + len(motif), "strand": strand, "score": found[start],
                     "p": chance[start]}
                )
            )  # fmt: skip
    columns = ["id", "start", "end", "strand", "score", "p"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
