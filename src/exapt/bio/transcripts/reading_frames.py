"""The longest open reading frame of transcripts, and what it looks like, as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

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
    "log_whole",
    "log_cut_behind",
    "log_cut_before",
    "log_cut_twice",
    "log_second",
    "log_third",
    "log_stretch",
    "stretch_share",
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
    return _longest(list(_stretches(codons(digits(sequence)))))


def frame_features(sequences: Sequence[str]) -> NDArray[np.float32]:
    """Numbers that tell coding from non-coding transcripts, (n, F) float32, columns as in ``FEATURES``.

    Lengths of transcript and frame and their ratio, where the frame starts, GC of the transcript and of the three codon
    positions, CpG against its expectation, a purine three letters before the start, whether there is a stop. Many
    transcripts in catalogues are fragments: so also the longest frame that is whole, that the end of the transcript
    cuts, that its beginning cuts (no start is asked for), and that both cut; the second and third longest frame from a
    start; the longest stretch without a stop and its share of the transcript. Last each codon's share of the longest
    frame (times 64, with one codon of each kind added, so that short frames say little).

    References
    ----------
    Wang et al. (2013), CPAT. doi:10.1093/nar/gkt006
    Kang et al. (2017), CPC2. doi:10.1093/nar/gkx428
    """
    return np.array([_features(sequence) for sequence in sequences], dtype=np.float32).reshape(-1, len(FEATURES))


class _Stretches(NamedTuple):
    """The stretches without a stop of one reading frame, in order; numbers of codons, shape (S,) each."""

    frame: int
    begins: NDArray[np.intp]
    firsts: NDArray[np.intp]  # ATG; behind `ends` where there is none
    ends: NDArray[np.intp]  # the stop, or the last codon of the transcript

    @property
    def open_length(self) -> NDArray[np.intp]:
        """Letters of each whole stretch, its stop with it."""
        return 3 * (self.ends - self.begins + 1)

    @property
    def started_length(self) -> NDArray[np.intp]:
        """Letters of each from its first ATG on; 0 where there is none."""
        lengths: NDArray[np.intp] = 3 * np.maximum(self.ends - self.firsts + 1, 0)
        return lengths


def _stretches(found: Digits) -> Iterator[_Stretches]:
    for frame in range(3):
        own = found[frame::3]
        stops, starts = np.flatnonzero(STOPS[own]), np.flatnonzero(own == START)
        begins = np.concatenate([[0], stops + 1])
        firsts = np.append(starts, len(own))[np.searchsorted(starts, begins)]
        yield _Stretches(frame, begins, firsts, np.append(stops, len(own) - 1))


def _longest(stretches: Sequence[_Stretches]) -> tuple[int, int]:
    best = (0, 0)
    for one in stretches:
        lengths = one.started_length
        longest = int(np.argmax(lengths))
        if lengths[longest] > best[1] - best[0]:
            best = (int(one.frame + 3 * one.firsts[longest]), int(one.frame + 3 * one.ends[longest] + 3))
    return best


def _cut(stretches: Sequence[_Stretches], letters: int) -> list[float]:
    """Log lengths of frames that are whole or cut by an end of the transcript, and of the next longest ones."""
    whole = np.concatenate([one.started_length[:-1] for one in stretches])  # the last of each frame has no stop
    behind = np.concatenate([one.started_length[-1:] for one in stretches])
    before = np.concatenate([one.open_length[:-1][:1] for one in stretches])
    twice = np.array([int(one.open_length[0]) for one in stretches if len(one.begins) == 1])
    second, third = np.sort(np.concatenate([whole, behind]))[-2:-4:-1]
    stretch = max(int(one.open_length.max()) for one in stretches)
    longest = [found.max(initial=0) for found in (whole, behind, before, twice)]
    return [*(_log(length) for length in (*longest, second, third, stretch)), stretch / max(letters, 1)]


def _log(length: int) -> float:
    return float(np.log(length + 30))


def _features(sequence: str) -> list[float]:
    letters = digits(sequence)
    found = codons(letters)
    stretches = list(_stretches(found))
    start, end = _longest(stretches)
    strong = np.isin(letters, digits("CG"))
    within = strong[start:end]
    used = np.bincount(found[start : max(end - 2, start) : 3], minlength=65)[:64]
    return [
        float(np.log(max(len(letters), 1))),
        _log(end - start),
        (end - start) / max(len(letters), 1),
        start / max(len(letters), 1),
        _share(strong),
        *(_share(within[phase::3]) for phase in range(3)),
        _cpg(letters),
        float(start >= 3 and letters[start - 3] in digits("AG")),
        float(end > start and STOPS[found[end - 3]]),
        *_cut(stretches, len(letters)),
        *((used + 1) / (used.sum() + 64) * 64).tolist(),
    ]


def _share(chosen: NDArray[np.bool_]) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0


def _cpg(letters: Digits) -> float:
    """CpG dimers over what the shares of C and G let expect."""
    c, g = (letters == digit for digit in digits("CG"))
    return _share(c[:-1] & g[1:]) / max(_share(c) * _share(g), 1e-3)
