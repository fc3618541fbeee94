"""The best path through a hidden Markov model, exact, for sequences of any length in bounded memory.

Windows of all sequences advance side by side. Each but the first of a sequence begins early, with nothing known, and by
the time it reaches its own first position what it holds is as a rule what its left neighbour holds there, but for a
constant; then its further steps are exact. Where it is not, the window is gone through again from what its neighbour
holds. A second pass follows the best path from right to left, a few windows in memory at a time.

References
----------
Viterbi A (1967) doi:10.1109/TIT.1967.1054010.
Maleki S, Musuvathi M, Mytkowicz T (2014) Parallelizing dynamic programming through rank convergence.
doi:10.1145/2555243.2555264.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from exapt.bio.hmm.chain import Array, Chain
from exapt.bio.hmm.observed import Observed
from exapt.bio.hmm.recursion import beginning, forward, last_rows, opening
from exapt.core.errors import ConfigError, DataError

CORE = 2048  # positions of a window
EARLY = 2048  # positions that a window begins before its core
ABREAST = 48  # windows that advance side by side; their cores are what is in memory
_SAME = 1e-6  # two log weights that differ by less are the same
Advance = Callable[[int], None]


class Visit(NamedTuple):
    """A state of a path: `start` and `end` of what it emits, 0-based half-open; `state` is its row in the chain."""

    start: int
    end: int
    state: int


def best_paths(
    chain: Chain,
    observed: Sequence[Observed],
    *,
    core: int = CORE,
    early: int = EARLY,
    advance: Advance = lambda positions: None,
) -> list[list[Visit]]:
    """The best path through each sequence, as the states that emit, from left to right.

    Parameters
    ----------
    chain
        The model.
    observed
        Sequences of any lengths.
    core, early
        Positions of a window and before it. The result does not depend on them, speed and memory do: about 8 bytes x
        states x core x 96.
    advance
        Called with positions gone through, twice the positions of all sequences in all.

    Raises
    ------
    DataError
        Where no path is allowed through a sequence.

    Examples
    --------
    >>> from exapt.bio.hmm.chain import State
    >>> from exapt.bio.hmm.observed import of_arrays
    >>> states = (State("fair", ((0, 1),), -0.1), State("loaded", ((1, 3),), -0.1))
    >>> edges = {("fair", "loaded"): -2.3, ("loaded", "fair"): -2.3}
    >>> dice = Chain(states, edges, {"fair": 0.0}, {"fair": 0.0, "loaded": 0.0})
    >>> weights = np.log([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])
    >>> [path] = best_paths(dice, [of_arrays(weights)])
    >>> [(visit.start, visit.end, dice.names[visit.state]) for visit in path]
    [(0, 2, 'fair'), (2, 7, 'loaded')]
    """
    if core < chain.reach:
        raise ConfigError(f"windows of {core} positions; a state of this chain emits {chain.reach} at once.")
    windows = [window for row, one in enumerate(observed) for window in _windows(row, one.length, core, early)]
    known = _known(chain, observed, windows, core, early, advance)
    trails = [_Trail(chain) for _ in observed]
    for start in reversed(range(0, len(windows), ABREAST)):
        group = windows[start : start + ABREAST]
        rows = np.stack([known[index] for index in range(start, start + len(group))], axis=2)
        length = max(window.end - window.start for window in group)
        history = np.concatenate([rows, np.empty((length, *rows.shape[1:]))])
        entered = np.empty((length, chain.emitting, len(group)))
        forward(chain, [(observed[window.row], window.start) for window in group], history, np.maximum, entered)
        for place in reversed(range(len(group))):
            window = group[place]
            trail, one = trails[window.row], observed[window.row]
            if window.end == one.length:
                trail.begin(history[chain.reach + one.length - window.start - 1, :, place], one)
            trail.follow(window, history[:, :, place], entered[:, :, place])
            advance(window.end - window.start)
    return [trail.visits[::-1] for trail in trails]


class _Window(NamedTuple):
    row: int
    start: int
    end: int


def _windows(row: int, length: int, core: int, early: int) -> Iterator[_Window]:
    """The first window is longer by what the others begin early, so that all of them take as many steps."""
    cuts = [0, *range(core + early, length, core), length]
    return (_Window(row, start, end) for start, end in pairwise(cuts))


def _known(
    chain: Chain, observed: Sequence[Observed], windows: Sequence[_Window], core: int, early: int, advance: Advance
) -> list[Array]:
    """What the states are worth just before each window, exactly but for a constant, (R, S) each."""
    known: list[Array] = []
    ends: Array | None = None  # of the window before
    for start in range(0, len(windows), ABREAST):
        group = windows[start : start + ABREAST]
        heads, tails = _guesses(chain, observed, group, core, early)
        for place, window in enumerate(group):
            if not window.start:
                known.append(beginning(chain))
                ends = tails[place]
            else:
                assert ends is not None  # a window that does not begin a sequence has one before it
                known.append(_level(ends))
                ends = tails[place] if _same(known[-1], heads[place]) else _again(chain, observed, window, known[-1])
            advance(window.end - window.start)
    return known


def _guesses(
    chain: Chain, observed: Sequence[Observed], group: Sequence[_Window], core: int, early: int
) -> tuple[list[Array], list[Array]]:
    """What the windows hold at their first and behind their last positions, begun with nothing known."""
    rows = opening(chain, len(group))
    for place, window in enumerate(group):
        if not window.start:
            rows[:, :, place] = beginning(chain)
    pieces = [(observed[window.row], window.start - early if window.start else 0) for window in group]
    steps = min(core + early, max(observed[w.row].length - start for w, (_, start) in zip(group, pieces, strict=True)))
    heads = last_rows(chain, pieces, rows, min(early, steps))
    later = [(one, start + early) for one, start in pieces]
    tails = last_rows(chain, later, heads, max(0, steps - early))
    places = range(len(group))
    return [_level(heads[:, :, place]) for place in places], [tails[:, :, place].copy() for place in places]


def _again(chain: Chain, observed: Sequence[Observed], window: _Window, rows: Array) -> Array:
    pieces = [(observed[window.row], window.start)]
    return last_rows(chain, pieces, rows[:, :, None], window.end - window.start)[:, :, 0]


def _level(rows: Array) -> Array:
    """The rows less the best of the last, which keeps sums small."""
    best = rows[-1].max() if len(rows) else 0.0
    return rows - best if np.isfinite(best) else rows.copy()


def _same(one: Array, other: Array) -> bool:
    return bool(np.allclose(one, other, rtol=0.0, atol=_SAME))


class _Trail:
    """The path of one sequence, followed from its end."""

    def __init__(self, chain: Chain) -> None:
        self.visits: list[Visit] = []
        self._chain = chain
        self._state = -1
        self._place = 0  # positions of the sequence that are still to be explained
        self._end = 0  # of the visit that is being followed
        edges = (chain.into_emitting, chain.into_silent)
        self._sources = [
            (far, weight)
            for kind in edges
            for far, weight in zip(
                np.split(kind.far, kind.starts[1:]), np.split(kind.weight, kind.starts[1:]), strict=True
            )
        ][: len(chain.states)]

    def begin(self, row: Array, observed: Observed) -> None:
        """Choose the last state by what the states are worth behind the last position."""
        worth = row + self._chain.weights(self._chain.last)
        self._state = int(worth.argmax())
        if not np.isfinite(worth[self._state]):
            raise DataError(
                f"no path is allowed through {observed.name or 'a sequence'} of {observed.length} positions."
            )
        self._place = self._end = observed.length
        if self._state >= self._chain.emitting:
            self._state = self._before(self._state, row)

    def follow(self, window: _Window, rows: Array, entered: Array) -> None:
        """Go on to the left, to the first position of the window or beyond."""
        chain, first = self._chain, self._chain.reach - window.start
        while self._place > window.start:
            steps = self._place - window.start
            entry = _entry(entered[:steps, self._state], rows[chain.reach : chain.reach + steps, self._state])
            if entry < 0:
                self._place = window.start
                break
            self._place = window.start + entry + 1 - chain.states[self._state].least
            self._close()
            if self._place:
                self._state = self._before(self._state, rows[first + self._place - 1])
        if not window.start:
            self._close()

    def _before(self, state: int, row: Array) -> int:
        """The state that emits before one, by what all of them are worth at that place."""
        far, weight = self._sources[state]
        found = int(far[(row[far] + weight).argmax()])
        return self._before(found, row) if found >= self._chain.emitting else found

    def _close(self) -> None:
        if self._end > self._place:
            self.visits.append(Visit(self._place, self._end, self._state))
            self._end = self._place


def _entry(entered: Array, worth: Array) -> int:
    """The last position at which a state was entered rather than kept, or -1."""
    end, width = len(worth), 1
    while end:
        start = max(0, end - width)
        found = np.flatnonzero(entered[start:end] >= worth[start:end])
        if len(found):
            return start + int(found[-1])
        end, width = start, min(4 * width, 256)
    return -1
