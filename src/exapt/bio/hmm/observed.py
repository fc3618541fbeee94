"""What is observed of a sequence, read window by window, and what it is worth to each state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.hmm.chain import NEVER, Array, Chain
from exapt.core.errors import DataError

FLOOR = -100.0  # the least log weight of a class at a position; sites and missing edges forbid, emissions advise


@dataclass(frozen=True)
class Observed:
    """A sequence as a model sees it.

    Attributes
    ----------
    length
        Positions.
    emissions
        (start, end) -> log weight of each class at each position, (end - start, K).
    sites
        (start, end) -> whether each kind of site begins at each position, (end - start, G); None: there are none.
    name
        For messages.
    """

    length: int
    emissions: Callable[[int, int], NDArray[Any]]
    sites: Callable[[int, int], NDArray[np.bool_]] | None = None
    name: str = ""


def of_arrays(emissions: NDArray[Any], sites: NDArray[np.bool_] | None = None, name: str = "") -> Observed:
    """A sequence whose observations lie in arrays or memory maps.

    Parameters
    ----------
    emissions
        (L, K) log weights; below -100 they count as -100.
    sites
        (L, G), or None.
    name
        For messages.

    Examples
    --------
    >>> of_arrays(np.zeros((5, 2))).length
    5
    """
    reader = None if sites is None else lambda start, end: sites[start:end]
    return Observed(len(emissions), lambda start, end: emissions[start:end], reader, name)


@dataclass(frozen=True)
class Batch:
    """Windows of equal length side by side: what each state is worth where.

    Attributes
    ----------
    total
        (K, R + n + 1, B) cumulative log weights; row R is the beginning of the window.
    barred
        (G, R + n, B) whether a site does not begin here.
    """

    total: Array
    barred: NDArray[np.bool_]

    def entries(self, chain: Chain, start: int, end: int) -> Array:
        """Log weight of the runs of each state that end with positions start .. end - 1 of the window, (n, E, B)."""
        found = np.empty((end - start, chain.emitting, self.total.shape[2]))
        gained: dict[tuple[tuple[int, int], ...], Array] = {}  # many states emit the same
        for index, state in enumerate(chain.states[: chain.emitting]):
            place = chain.reach + start + 1 - state.least
            if state.runs not in gained:
                gained[state.runs] = self._gained(state.runs, place, end - start)
            found[:, index] = gained[state.runs]
            if state.site >= 0:
                np.copyto(found[:, index], NEVER, where=self.barred[state.site, place : place + end - start])
        return found

    def stays(self, chain: Chain, start: int, end: int) -> Array:
        """Log weight of one more position of each state, for positions start .. end - 1 of the window, (n, E, B)."""
        states = chain.states[: chain.emitting]
        single = np.diff(self.total[:, chain.reach + start : chain.reach + end + 1], axis=1)
        found = np.empty((end - start, len(states), self.total.shape[2]))
        for index, state in enumerate(states):
            np.add(single[state.runs[-1][0]], state.stay, out=found[:, index])
        return found

    def _gained(self, runs: Sequence[tuple[int, int]], place: int, count: int) -> Array:
        gained = np.zeros((count, self.total.shape[2]))
        for kind, length in runs:
            gained += self.total[kind, place + length : place + length + count]
            gained -= self.total[kind, place : place + count]
            place += length
        return gained


def load(chain: Chain, pieces: Sequence[tuple[Observed, int]], length: int) -> Batch:
    """Windows of sequences: each (sequence, start) up to start + length, and as much before it as a state reaches.

    Positions outside a sequence weigh nothing.

    Raises
    ------
    DataError
        Where an observation is not a number, or has another shape than the chain asks for.
    """
    reach, kinds = chain.reach, chain.classes
    columns = 1 + max((state.site for state in chain.states), default=-1)
    total = np.zeros((kinds, reach + length + 1, len(pieces)))
    barred = np.ones((columns, reach + length, len(pieces)), dtype=np.bool_)
    for place, (observed, start) in enumerate(pieces):
        left, right = max(0, start - reach), min(observed.length, start + length)
        if left >= right:
            continue
        rows = slice(left - start + reach, right - start + reach)
        total[:, 1:][:, rows, place] = np.maximum(_checked(observed, left, right, kinds), FLOOR).T
        if columns:
            if observed.sites is None:
                raise DataError(f"{observed.name or 'a sequence'} has no sites; the chain asks for {columns} kinds.")
            barred[:, rows, place] = ~observed.sites(left, right)[:, :columns].T
    np.cumsum(total, axis=1, out=total)
    return Batch(total, barred)


def _checked(observed: Observed, start: int, end: int, kinds: int) -> NDArray[Any]:
    found = observed.emissions(start, end)
    if found.shape != (end - start, kinds):
        raise DataError(
            f"{observed.name or 'a sequence'} at {start}-{end}: log weights of shape {found.shape}, "
            f"but the chain asks for {(end - start, kinds)}."
        )
    wrong = np.flatnonzero(np.isnan(found).any(1))
    if len(wrong):
        raise DataError(
            f"{observed.name or 'a sequence'}: the log weights of position {start + int(wrong[0])} are NaN."
        )
    return found
