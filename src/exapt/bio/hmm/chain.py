"""The states of a hidden Markov model and how they may follow each other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exapt.core.errors import ConfigError, nearest

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
NEVER = -np.inf


class State(NamedTuple):
    """What a path emits while it is in a state.

    Attributes
    ----------
    name
        Unique in its chain.
    runs
        (class, positions) one after another, emitted whole when the state is entered: a codon is three classes of one
        position, an intron of at least 30 positions is a run of 30. Without any the state is silent.
    stay
        Log weight of each further position of the last class; ``NEVER`` where the state is left at once.
    site
        Column of the sites where the state may begin; -1: anywhere.
    """

    name: str
    runs: tuple[tuple[int, int], ...] = ()
    stay: float = NEVER
    site: int = -1

    @property
    def least(self) -> int:
        """Positions that the state emits at least."""
        return sum(length for _, length in self.runs)


class Edges(NamedTuple):
    """Edges sorted by one end: `near` (E,) is that end, `starts` (N,) where each of its states begins.

    A state without an edge has one of weight ``NEVER`` from itself.
    """

    near: Indices
    far: Indices
    weight: Array
    starts: Indices


class Rounds(NamedTuple):
    """The edges into states that emit, dealt in rounds: one to each state, a second to those that have one, and so on.

    `target`, `source` (E,) and `weight` (E,) in this order; `counts` edges in each round, those of a later round being
    of the first states of the first; `places` (N,) where each state is in the first.
    """

    target: Indices
    source: Indices
    weight: Array
    counts: tuple[int, ...]
    places: Indices


@dataclass(frozen=True)
class Chain:
    """A hidden Markov model in log weights, which need not be normalised.

    Attributes
    ----------
    states
        Those that emit first, then the silent ones.
    edges
        (from, to) -> log weight. What is not named is forbidden. No silent state follows a silent one.
    first
        State -> log weight of having just left it before the first position; it may also stay.
    last
        State -> log weight of being in it at the last position.

    Examples
    --------
    >>> fair, loaded = State("fair", ((0, 1),), -0.1), State("loaded", ((1, 1),), -0.1)
    >>> edges = {("fair", "loaded"): -2.3, ("loaded", "fair"): -2.3}
    >>> Chain((fair, loaded), edges, {"fair": 0.0}, {"fair": 0.0, "loaded": 0.0}).names
    ('fair', 'loaded')
    """

    states: tuple[State, ...]
    edges: Mapping[tuple[str, str], float]
    first: Mapping[str, float]
    last: Mapping[str, float]

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.states):
            raise ConfigError("two states of a chain have the same name.")
        if any(state.runs for state in self.states[self.emitting :]):
            raise ConfigError("the silent states of a chain come last.")
        for state in self.states:
            if any(length < 1 or kind < 0 for kind, length in state.runs):
                raise ConfigError(f"state {state.name!r} has runs {state.runs}; each is (class >= 0, positions >= 1).")
        for name in (*(end for edge in self.edges for end in edge), *self.first, *self.last):
            if name not in self._index:
                raise ConfigError(f"no state is named {name!r}.{nearest(name, self.names)}")
        for start, end in self.edges:
            if min(self._index[start], self._index[end]) >= self.emitting:
                raise ConfigError(f"the silent state {end!r} follows the silent state {start!r}.")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the states."""
        return tuple(state.name for state in self.states)

    @cached_property
    def emitting(self) -> int:
        """How many states emit."""
        return sum(1 for state in self.states if state.runs)

    @cached_property
    def reach(self) -> int:
        """Most positions that a state emits at once."""
        return max(state.least for state in self.states)

    @cached_property
    def classes(self) -> int:
        """How many classes the states emit."""
        return 1 + max(kind for state in self.states for kind, _ in state.runs)

    @cached_property
    def into_emitting(self) -> Edges:
        """All edges into states that emit, by target."""
        return self._sorted(range(self.emitting), range(len(self.states)), by=1)

    @cached_property
    def rounds(self) -> Rounds:
        """The edges of `into_emitting`, joined faster in this order: there are many states of few edges."""
        edges = self.into_emitting
        degrees = np.diff(np.append(edges.starts, len(edges.near)))
        order = np.argsort(-degrees, kind="stable")
        dealt = [edges.starts[order[degrees[order] > number]] + number for number in range(degrees.max())]
        rows = np.concatenate(dealt)
        counts = tuple(len(one) for one in dealt)
        return Rounds(edges.near[rows], edges.far[rows], edges.weight[rows], counts, np.argsort(order))

    @cached_property
    def into_silent(self) -> Edges:
        """All edges into silent states, by target."""
        return self._sorted(range(self.emitting, len(self.states)), range(self.emitting), by=1)

    @cached_property
    def out_to_emitting(self) -> Edges:
        """The edges of all states to those that emit, by source."""
        return self._sorted(range(len(self.states)), range(self.emitting), by=0)

    @cached_property
    def out_to_silent(self) -> Edges:
        """The edges of emitting states to silent ones, by source."""
        return self._sorted(range(self.emitting), range(self.emitting, len(self.states)), by=0)

    def weights(self, of: Mapping[str, float]) -> Array:
        """Log weight of each state, (S,)."""
        return np.array([of.get(name, NEVER) for name in self.names])

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    def _sorted(self, near: Collection[int], far: Collection[int], *, by: int) -> Edges:
        ends = ((self._index[a], self._index[b], weight) for (a, b), weight in self.edges.items())
        rows = [(edge[by], edge[1 - by], edge[2]) for edge in ends if edge[by] in near and edge[1 - by] in far]
        lonely = set(near) - {row[0] for row in rows}
        rows = sorted(rows + [(state, min(far, default=0), NEVER) for state in lonely])
        nears = np.array([row[0] for row in rows], dtype=np.int64)
        starts = np.searchsorted(nears, np.array(list(near), dtype=np.int64)).astype(np.int64)
        return Edges(
            nears, np.array([row[1] for row in rows], dtype=np.int64), np.array([row[2] for row in rows]), starts
        )
