"""Motifs that a model has found: windows of important letters, grouped by what they look like.

1. Seqlets: windows whose contributions are more than chance (`exapt.bio.motifs.seqlets`).
2. Two seqlets are alike where the cosine of their contributions, at the best shift and strand, is above that of all
   but one in a thousand pairs of which one has its positions shuffled.
3. The seqlet with most of such neighbours is the seed of a group. The mean of the group is compared with all seqlets
   that are left, and what it resembles becomes the group; three times. Then the next seed, until groups are small.
4. Groups whose means are alike are joined. The letters of a group's windows, aligned, are its counts; positions
   without information at the ends are cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.motifs.motif import Floats, Motif
from exapt.bio.motifs.seqlets import WIDTH, Integers, Seqlets, Singles, aligned, moved, normalised, seqlets

QUANTILE = 0.999
SAME = 0.8  # cosine of the means of two groups that are joined
ROUNDS = 3
LEAST = 20  # seqlets of a group
SHORTEST = 4  # positions of a motif
LEAST_BITS = 0.25  # of the positions at its ends
SHUFFLED = 400  # seqlets whose shuffled windows say what is alike by chance


@dataclass(frozen=True)
class Pattern:
    """A motif that a model has found.

    Attributes
    ----------
    motif
        Counts of letters at its sites.
    effect
        (L, 4) mean contribution of each letter at each position, in the unit of the contributions.
    sites
        Columns row (int), start, end (0-based, half-open, clipped to the sequence), strand, score (sum of the
        contributions of the window's core).
    sign
        1 = speaks for the output, -1 = against it.
    """

    motif: Motif
    effect: Floats
    sites: pd.DataFrame
    sign: int


def discover(
    sequences: Sequence[str],
    contributions: Sequence[Floats],
    *,
    sign: int = 1,
    least: int = LEAST,
    seed: int = 0,
    prefix: str = "motif",
) -> list[Pattern]:
    """Find the motifs in the contributions of letters to an output, those with most sites first.

    Parameters
    ----------
    sequences
        n sequences of DNA.
    contributions
        (L,) of each, in any unit.
    sign
        1 = what speaks for the output, -1 = against it.
    least
        Sites of a motif.
    seed
        Of the shuffles that tell what chance would give.
    prefix
        Of the identifiers, which are numbered from 1.
    """
    found = seqlets(sequences, contributions, sign=sign, seed=seed)
    if len(found) < least:
        return []
    groups = _grouped(found, sign, least, seed)
    lengths = [len(values) for values in contributions]
    patterns = [_pattern(group, found, lengths, sign) for group in groups]
    kept = [pattern for pattern in patterns if pattern is not None]
    kept.sort(key=lambda pattern: -len(pattern.sites))
    return [_named(pattern, f"{prefix}_{number}") for number, pattern in enumerate(kept, start=1)]


def _named(pattern: Pattern, name: str) -> Pattern:
    motif = Motif(name, pattern.motif.consensus(), pattern.motif.counts, pattern.motif.about)
    return Pattern(motif, pattern.effect, pattern.sites, pattern.sign)


@dataclass(frozen=True)
class _Group:
    """Seqlets (n,), and how each is moved and turned to fit the others; their mean (WIDTH, 4)."""

    rows: Integers
    shift: Integers
    turned: NDArray[np.bool_]
    mean: Singles


def _grouped(found: Seqlets, sign: int, least: int, seed: int) -> list[_Group]:
    windows = normalised(sign * found.weighted)
    alike, *_ = aligned(windows, windows)
    enough = _by_chance(windows, seed)
    near = np.where(alike > enough, alike - enough, 0.0)
    left = np.ones(len(windows), dtype=bool)
    groups: list[_Group] = []
    while left.sum() >= least:
        degree = np.where(left, near @ left, -1.0)
        group = _refined(windows, windows[int(degree.argmax())], np.flatnonzero(left), enough)
        if len(group.rows) < least:
            if (near[degree.argmax()] > 0).sum() < least:
                break
            left[degree.argmax()] = False
            continue
        groups.append(group)
        left[group.rows] = False
    return _joined(windows, groups)


def _by_chance(windows: Singles, seed: int) -> float:
    """Likeness that one pair in a thousand exceeds where one window has its positions shuffled."""
    generator = np.random.default_rng(seed)
    some = windows[generator.permutation(len(windows))[:SHUFFLED]]
    order = generator.permuted(np.tile(np.arange(WIDTH), (len(some), 1)), axis=1)
    shuffled = np.take_along_axis(some, order[..., None], axis=1)
    return float(np.quantile(aligned(windows, shuffled)[0], QUANTILE))


def _refined(windows: Singles, mean: Singles, rows: Integers, enough: float) -> _Group:
    """What resembles the mean becomes the group, and its mean the next one."""
    group = _Group(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool), mean)
    for _ in range(ROUNDS):
        alike, shift, turned = aligned(normalised(mean[None]), windows[rows])
        members = np.flatnonzero(alike[0] > enough)
        if not len(members):
            break
        chosen = rows[members]
        moves, sides = shift[0, members], turned[0, members]
        mean = np.mean([moved(windows[i], s, t) for i, s, t in zip(chosen, moves, sides, strict=True)], axis=0)
        group = _Group(chosen, moves, sides, mean)
    return group


def _joined(windows: Singles, groups: Sequence[_Group]) -> list[_Group]:
    """Groups whose means are alike become one, in the frame of the larger."""
    found: list[_Group] = []
    for group in sorted(groups, key=lambda one: -len(one.rows)):
        if not found:
            found.append(group)
            continue
        means = normalised(np.stack([one.mean for one in found]))
        alike, shift, turned = aligned(means, normalised(group.mean[None]))
        home = int(alike[:, 0].argmax())
        if alike[home, 0] < SAME:
            found.append(group)
            continue
        s, t = int(shift[home, 0]), bool(turned[home, 0])
        moves = s - group.shift if t else s + group.shift
        rows = np.concatenate([found[home].rows, group.rows])
        shifts = np.concatenate([found[home].shift, moves])
        sides = np.concatenate([found[home].turned, group.turned ^ t])
        mean = np.mean([moved(windows[i], a, b) for i, a, b in zip(rows, shifts, sides, strict=True)], axis=0)
        found[home] = _Group(rows, shifts, sides, mean)
    return found


def _pattern(group: _Group, found: Seqlets, lengths: Sequence[int], sign: int) -> Pattern | None:
    """Counts, mean contributions and places of a group; None where no position says anything."""
    placed = list(zip(group.rows.tolist(), group.shift.tolist(), group.turned.tolist(), strict=True))
    counts = np.stack([moved(found.letters[i], s, t) for i, s, t in placed]).sum(0, dtype=np.float64)
    effect = np.stack([moved(found.weighted[i], s, t) for i, s, t in placed]).mean(0, dtype=np.float64)
    known = np.flatnonzero(counts.sum(1) >= 0.5 * len(placed))
    if not len(known):
        return None
    whole = slice(int(known[0]), int(known[-1]) + 1)
    says = np.flatnonzero(Motif("", "", counts[whole]).information() >= LEAST_BITS)
    if not len(says) or says[-1] + 1 - says[0] < SHORTEST:
        return None
    first, end = whole.start + int(says[0]), whole.start + int(says[-1]) + 1
    places = []
    for i, shift, turned in placed:
        # Position p of the aligned frame is position p - shift of the window, counted from its end where turned.
        low, high = (WIDTH - end + shift, WIDTH - first + shift) if turned else (first - shift, end - shift)
        row, start = int(found.row[i]), int(found.start[i])
        place = max(0, start + low), min(lengths[row], start + high)
        places.append((row, *place, "-" if turned else "+", float(found.score[i])))
    sites = pd.DataFrame(places, columns=["row", "start", "end", "strand", "score"])
    return Pattern(Motif("", "", counts[first:end]), effect[first:end], sites, sign)
