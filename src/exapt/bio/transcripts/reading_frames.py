"""The longest open reading frame of transcripts, and what it looks like, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import CODES, Digits, codons, digits
from exapt.bio.sequence.alphabets import DNA

START = codons(digits("ATG"))[0]
STOPS = CODES[11].stops()  # those of the standard code
CODONS = ["".join(letters) for letters in product(DNA.letters, repeat=3)]
FEATURES = (
    "log_length",
    "log_frame_length",
    "frame_share",
    "start_share",
    "gc",
    "gc_first",
    "gc_second",
    "gc_third",
    "cpg",
    "purine_before_start",
    "has_stop",
    *(f"codon_{codon}" for codon in CODONS),
)


def longest_frame(sequence: str) -> tuple[int, int]:
    """Where the longest frame from ATG to a stop, or to the end of the transcript, lies on the given strand.

    Parameters
    ----------
    sequence
        DNA or RNA in any case; a codon with another letter than the four is neither start nor stop.

    Returns
    -------
    tuple of int
        0-based, half-open, the stop included; (0, 0) where no ATG is. Of equally long frames the first.

    Examples
    --------
    >>> longest_frame("CCATGAAACCCTAAG")
    (2, 14)
    >>> longest_frame("CCAUGAAACCC"), longest_frame("CCC")
    ((2, 11), (0, 0))
    """
    return _longest(codons(digits(sequence)))


def frame_features(sequences: Sequence[str]) -> NDArray[np.float32]:
    """Numbers that tell coding from non-coding transcripts, (n, F) float32, columns as in ``FEATURES``.

    Lengths of transcript and frame and their ratio, where the frame starts, GC of the transcript and of the three codon
    positions, CpG against its expectation, a purine three letters before the start, whether there is a stop, and each
    codon's share of the frame (times 64, with one codon of each kind added, so that short frames say little).

    References
    ----------
    Wang et al. (2013), CPAT. doi:10.1093/nar/gkt006
    Kang et al. (2017), CPC2. doi:10.1093/nar/gkx428
    """
    return np.array([_features(sequence) for sequence in sequences], dtype=np.float32).reshape(-1, len(FEATURES))


def _longest(found: Digits) -> tuple[int, int]:
    best = (0, 0)
    for frame in range(3):
        own = found[frame::3]
        stops = np.flatnonzero(STOPS[own])
        starts = np.flatnonzero(own == START)
        begins, ends = (
            np.concatenate([[0], stops + 1]),
            np.append(stops, len(own) - 1),
        )  # of the stretches without a stop
        first = np.append(starts, len(own))[np.searchsorted(starts, begins)]
        lengths = ends - first + 1  # below 1 where a stretch has no start
        longest = int(np.argmax(lengths))
        if 3 * lengths[longest] > best[1] - best[0]:
            best = (int(frame + 3 * first[longest]), int(frame + 3 * ends[longest] + 3))
    return best


def _features(sequence: str) -> list[float]:
    letters = digits(sequence)
    found = codons(letters)
    start, end = _longest(found)
    strong = np.isin(letters, digits("CG"))
    within = strong[start:end]
    used = np.bincount(found[start : max(end - 2, start) : 3], minlength=65)[:64]
    return [
        float(np.log(max(len(letters), 1))),
        float(np.log(end - start + 30)),
        (end - start) / max(len(letters), 1),
        start / max(len(letters), 1),
        _share(strong),
        *(_share(within[phase::3]) for phase in range(3)),
        _cpg(letters),
        float(start >= 3 and letters[start - 3] in digits("AG")),
        float(end > start and STOPS[found[end - 3]]),
        *((used + 1) / (used.sum() + 64) * 64).tolist(),
    ]


def _share(chosen: NDArray[np.bool_]) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0


def _cpg(letters: Digits) -> float:
    """CpG dimers over what the shares of C and G let expect."""
    c, g = (letters == digit for digit in digits("CG"))
    return _share(c[:-1] & g[1:]) / max(_share(c) * _share(g), 1e-3)
