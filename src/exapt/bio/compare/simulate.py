"""A genome that has changed, and the list of all its changes: truth for everything that compares genomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import ConfigError

Kind = Literal["inversion", "translocation", "duplication", "deletion", "insertion"]
KINDS: tuple[Kind, ...] = ("inversion", "translocation", "duplication", "deletion", "insertion")
_LETTERS = np.frombuffer(b"ACGT", dtype=np.uint8)
_APART = 2000  # letters between two events, so that each has flanks of its own


class Small(NamedTuple):
    """A small change, on the forward strand of the ancestor.

    Attributes
    ----------
    start
        0-based; of an insertion the letter that it stands behind.
    ref, alt
        As in VCF; of an indel with the letter before it. Not yet shifted to the left.
    """

    start: int
    ref: str
    alt: str


class Event(NamedTuple):
    """A large change.

    Attributes
    ----------
    kind
        What happened.
    start, end
        The interval of the ancestor that was turned, moved, copied or lost, 0-based half-open; empty at the place of
        an insertion.
    place
        Where a moved or copied piece, or new letters, went: before this letter of the ancestor; else `start`.
    length
        Letters concerned.
    """

    kind: Kind
    start: int
    end: int
    place: int
    length: int


@dataclass(frozen=True)
class Evolved:
    """A descendant and how it came to be.

    Attributes
    ----------
    letters
        The descendant.
    small
        Substitutions and indels that are still there, by position.
    events
        Large changes, by position.
    """

    letters: str
    small: tuple[Small, ...]
    events: tuple[Event, ...]


def random_genome(length: int, *, gc: float = 0.5, seed: int = 0) -> str:
    """Letters drawn one by one.

    Examples
    --------
    >>> random_genome(12, seed=1)
    'GTATCCTCGATG'
    """
    share = np.array([1 - gc, gc, gc, 1 - gc]) / 2
    return _LETTERS[np.random.default_rng(seed).choice(4, size=length, p=share)].tobytes().decode()


def evolve(
    ancestor: str,
    *,
    divergence: float = 0.01,
    indels: float = 0.0,
    events: Mapping[Kind, int] | None = None,
    sizes: tuple[int, int] = (500, 5000),
    seed: int = 0,
) -> Evolved:
    """Change a genome.

    Parameters
    ----------
    ancestor
        A, C, G and T in capitals.
    divergence
        Share of letters that are substituted, each at most once, 0 to 0.5.
    indels
        Insertions and deletions a letter, half of each, of 1 to 20 letters (geometric, 2.5 on average).
    events
        How many of each kind of large change; their intervals lie apart.
    sizes
        Shortest and longest large change; lengths are uniform on the log scale.
    seed
        The same seed, the same descendant.

    Raises
    ------
    ConfigError
        Where a share is out of range, or the genome is too short for so many events.

    Examples
    --------
    >>> found = evolve("ACGTACGTAC" * 3, divergence=0.1, seed=3)
    >>> len(found.small), all(found.letters[one.start] == one.alt for one in found.small)
    (3, True)
    """
    if not 0 <= divergence <= 0.5 or not 0 <= indels <= 0.05:
        raise ConfigError(f"divergence is in [0, 0.5] and indels in [0, 0.05]; found {divergence:g} and {indels:g}.")
    random = np.random.default_rng(seed)
    large = _events(len(ancestor), events or {}, sizes, random)
    borders = sorted({border for event in large for border in (event.start, event.end, event.place)})
    small = _small(ancestor, divergence, indels, np.array(borders, dtype=np.int64), random)
    lost = [(event.start, event.end) for event in large if event.kind == "deletion"]
    small = [one for one in small if not any(start <= one.start < end for start, end in lost)]
    return Evolved(_written(ancestor, small, large, random), tuple(small), tuple(large))


def _events(
    length: int, counts: Mapping[Kind, int], sizes: tuple[int, int], random: np.random.Generator
) -> list[Event]:
    kinds = [kind for kind in KINDS for _ in range(counts.get(kind, 0))]
    if not kinds:
        return []
    spans = [round(float(np.exp(random.uniform(*np.log(sizes))))) for _ in kinds]
    places = sum(kind in ("translocation", "duplication") for kind in kinds)
    taken = [0 if kind == "insertion" else span for kind, span in zip(kinds, spans, strict=True)] + [0] * places
    free = length - sum(taken) - _APART * (len(taken) + 1)
    if free < 0:
        raise ConfigError(f"{length} letters are too few for {len(kinds)} large changes of up to {sizes[1]} letters.")
    order = random.permutation(len(taken))
    gaps = np.sort(random.integers(0, free + 1, size=len(taken)))
    starts = np.empty(len(taken), dtype=np.int64)
    walked = 0
    for rank, index in enumerate(order):
        starts[index] = gaps[rank] + walked + _APART * (rank + 1)
        walked += taken[index]
    goals = iter(starts[len(kinds) :].tolist())
    found = []
    for kind, start, span in zip(kinds, starts.tolist(), spans, strict=False):
        place = next(goals) if kind in ("translocation", "duplication") else start
        found.append(Event(kind, start, start if kind == "insertion" else start + span, place, span))
    return sorted(found, key=lambda event: event.start)


def _small(
    ancestor: str, divergence: float, indels: float, borders: NDArray[np.int64], random: np.random.Generator
) -> list[Small]:
    length = len(ancestor)
    codes = np.searchsorted(_LETTERS, np.frombuffer(ancestor.encode(), dtype=np.uint8))
    places = np.sort(random.choice(length, size=round(divergence * length), replace=False))
    new = _LETTERS[(codes[places] + random.integers(1, 4, size=len(places))) % 4].tobytes().decode()
    found = {int(p): Small(int(p), ancestor[p], letter) for p, letter in zip(places.tolist(), new, strict=True)}
    for start in np.sort(random.choice(length, size=round(indels * length), replace=False)).tolist():
        span = min(20, int(random.geometric(0.4)))
        inserted = random.random() < 0.5
        near = range(start - 1, start + 2 + (0 if inserted else span))
        behind = int(np.searchsorted(borders, start - 50))
        crowded = behind < len(borders) and borders[behind] < start + span + 50
        if start < 50 or start + span + 50 > length or crowded or any(place in found for place in near):
            continue
        anchor = ancestor[start]
        if inserted:
            found[start] = Small(start, anchor, anchor + _LETTERS[random.integers(0, 4, size=span)].tobytes().decode())
        else:
            found[start] = Small(start, ancestor[start : start + span + 1], anchor)
            found.update(dict.fromkeys(range(start + 1, start + span + 1), found[start]))
    return [one for place, one in sorted(found.items()) if place == one.start]


def _written(ancestor: str, small: list[Small], large: list[Event], random: np.random.Generator) -> str:
    starts = [one.start for one in small]

    def piece(start: int, end: int) -> str:
        first, last = np.searchsorted(starts, [start, end])
        parts, at = [], start
        for one in small[first:last]:
            parts += [ancestor[at : one.start], one.alt]
            at = one.start + len(one.ref)
        return "".join([*parts, ancestor[at:end]])

    written: dict[int, list[str]] = {}
    taken = sorted(
        (event.start, event.end) for event in large if event.kind in ("inversion", "translocation", "deletion")
    )
    for event in large:
        letters = piece(event.start, event.end)
        if event.kind == "inversion":
            written.setdefault(event.start, []).append(reverse_complement(letters))
        elif event.kind == "insertion":
            new = _LETTERS[random.integers(0, 4, size=event.length)].tobytes().decode()
            written.setdefault(event.place, []).append(new)
        elif event.kind != "deletion":
            written.setdefault(event.place, []).append(letters)
    parts, at = [], 0
    skip = dict(taken)
    for border in sorted({*written, *skip}):
        parts += [piece(at, border), *written.get(border, [])]
        at = skip.get(border, border)
    return "".join([*parts, piece(at, len(ancestor))])
