"""Seqlets: short windows of sequences whose letters a model found important, aligned with each other.

References
----------
Shrikumar et al. (2018), TF-MoDISco, arXiv:1811.00416, whose terms these are; the steps are simpler ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.motifs.motif import Floats, one_hot

Integers = NDArray[np.int64]
Singles = NDArray[np.float32]
CORE = 9  # letters whose contributions are summed to find a window
FLANK = 6  # letters to both sides of the core that belong to the seqlet
WIDTH = CORE + 2 * FLANK
SHIFT = 7  # letters by which two seqlets are moved against each other at most
FALSE = 0.2  # share of windows that shuffled contributions would give too
MOST = 2000  # seqlets that are aligned; the strongest


@dataclass(frozen=True)
class Seqlets:
    """n windows of `WIDTH` letters around a peak of contributions.

    Attributes
    ----------
    row, start
        (n,) sequence, and first letter of the window; negative, or near the end, where it hangs over.
    score
        (n,) sum of the contributions in the core.
    letters
        (n, WIDTH, 4) indicators; zeros where the window hangs over and where a letter is none of the four.
    weighted
        (n, WIDTH, 4) contributions at the letters.
    """

    row: Integers
    start: Integers
    score: Floats
    letters: Singles
    weighted: Singles

    def __len__(self) -> int:
        return len(self.row)


def seqlets(sequences: Sequence[str], contributions: Sequence[Floats], *, sign: int = 1, seed: int = 0) -> Seqlets:
    """Windows whose letters together speak for (or against) an output more than chance would have it.

    Windows of 9 letters are ranked by the sum of their contributions, and do not overlap within a sequence. They
    count as long as the same contributions, shuffled within each sequence, would give at most 20 % as many.

    Parameters
    ----------
    sequences
        DNA or RNA.
    contributions
        (L,) of each sequence, positive where a letter speaks for the output.
    sign
        1 = what speaks for it, -1 = against it.
    seed
        Of the shuffling.
    """
    generator = np.random.default_rng(seed)
    found, by_chance = [], []
    for row, values in enumerate(contributions):
        if len(values) >= CORE:
            found += [(row, place, score) for place, score in _peaks(sign * values)]
            by_chance += [score for _, score in _peaks(sign * generator.permutation(values))]
    least = _threshold(np.array([one[2] for one in found]), np.array(by_chance))
    places = [one for one in sorted(found, key=lambda one: -one[2])[:MOST] if one[2] >= least]
    windows = [_window(sequences[row], contributions[row], place - FLANK) for row, place, _ in places]
    letters = np.stack([hot for hot, _ in windows]) if windows else np.zeros((0, WIDTH, 4), dtype=np.float32)
    weighted = np.stack([values for _, values in windows]) if windows else letters
    return Seqlets(
        np.array([row for row, _, _ in places], dtype=np.int64),
        np.array([place - FLANK for _, place, _ in places], dtype=np.int64),
        sign * np.array([score for _, _, score in places], dtype=np.float64),
        letters,
        weighted,
    )


def _window(sequence: str, values: Floats, start: int) -> tuple[Singles, Singles]:
    """Indicators and contributions (WIDTH, 4) of a window; zeros where it hangs over."""
    letters, weighted = np.zeros((2, WIDTH, 4), dtype=np.float32)
    there = values[max(0, start) : start + WIDTH]
    hot = one_hot(sequence[max(0, start) : max(0, start) + len(there)])
    here = slice(max(0, -start), max(0, -start) + len(there))
    letters[here], weighted[here] = hot, hot * there[:, None]
    return letters, weighted


def _peaks(values: Floats) -> list[tuple[int, float]]:
    """Start and sum of the windows of `CORE` letters with a positive sum, the highest first, none over another."""
    sums = np.convolve(values, np.ones(CORE), "valid")
    found = []
    while (place := int(sums.argmax())) >= 0 and sums[place] > 0:
        found.append((place, float(sums[place])))
        sums[max(0, place - CORE + 1) : place + CORE] = -np.inf
    return found


def _threshold(found: Floats, by_chance: Floats) -> float:
    """The least score from which on at most a share `FALSE` of what is found would be found by chance too."""
    steps = np.unique(found)
    counts, chance = (len(x) - np.searchsorted(np.sort(x), steps) for x in (found, by_chance))
    allowed = np.flatnonzero(chance <= FALSE * counts)
    return float(steps[allowed[0]]) if len(allowed) else np.inf


def normalised(weighted: Singles) -> Singles:
    """Each window divided by its length as a vector."""
    norms = np.linalg.norm(weighted, axis=(1, 2), keepdims=True)
    found: Singles = (weighted / np.maximum(norms, 1e-12)).astype(np.float32)
    return found


def aligned(windows: Singles, others: Singles) -> tuple[Singles, Integers, NDArray[np.bool_]]:
    """How alike windows are at the best shift, on the better strand.

    Parameters
    ----------
    windows, others
        (n, W, 4) and (m, W, 4), normalised.

    Returns
    -------
    likeness
        (n, m) cosine, what hangs over counting as 0.
    shift
        (n, m) by how many letters the other window, turned first where `turned`, is moved to the right.
    turned
        (n, m) whether it is the other window's reverse complement that fits.
    """
    width = windows.shape[1]
    best = np.full((len(windows), len(others)), -np.inf, dtype=np.float32)
    shifts, strands = np.zeros(best.shape, dtype=np.int64), np.zeros(best.shape, dtype=bool)
    for turned in (False, True):
        target = others[:, ::-1, ::-1] if turned else others
        for shift in range(-SHIFT, SHIFT + 1):
            here, there = (max(0, shift), min(width, width + shift)), (max(0, -shift), min(width, width - shift))
            one = windows[:, here[0] : here[1]].reshape(len(windows), -1)
            other = target[:, there[0] : there[1]].reshape(len(others), -1)
            alike = one @ other.T
            better = alike > best
            best[better], shifts[better], strands[better] = alike[better], shift, turned
    return best, shifts, strands


def moved(window: Singles, shift: int, turned: bool) -> Singles:
    """A window (W, 4), turned where asked, moved to the right by `shift` letters; zeros come in."""
    one = window[::-1, ::-1] if turned else window
    found = np.zeros_like(one)
    width = len(one)
    found[max(0, shift) : min(width, width + shift)] = one[max(0, -shift) : min(width, width - shift)]
    return found
