"""The one recursion of Viterbi and forward algorithm, over many windows at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exapt.bio.hmm.chain import NEVER, Array, Chain
from exapt.bio.hmm.observed import Batch, Observed, load

STEPS = 512  # positions whose state weights are held at a time


def forward(
    chain: Chain,
    pieces: Sequence[tuple[Observed, int]],
    history: Array,
    join: np.ufunc,
    entered: Array | None = None,
) -> None:
    """Fill the rows behind the first ones.

    Parameters
    ----------
    chain
        S states, of which the first E emit; R is its reach.
    pieces
        B windows: a sequence and the first position in it.
    history
        (R + n, S, B): its first R rows say what a path to each state is worth just before the window; row R + t becomes
        what it is worth behind position t.
    join
        ``np.maximum`` for the best path, ``np.logaddexp`` for the sum over all.
    entered
        (n, E, B), filled with what it is worth to have entered a state whose runs end here.
    """
    for start in range(0, len(history) - chain.reach, STEPS):
        some = history[start : start + chain.reach + STEPS]
        batch = load(chain, [(one, place + start) for one, place in pieces], len(some) - chain.reach)
        _filled(chain, batch, some, join, None if entered is None else entered[start : start + STEPS])


def last_rows(chain: Chain, pieces: Sequence[tuple[Observed, int]], rows: Array, steps: int) -> Array:
    """The rows that `forward` leaves last, (R, S, B), in the memory of a few of them."""
    history = np.concatenate([rows, np.empty((min(steps, STEPS), *rows.shape[1:]))])
    for start in range(0, steps, STEPS):
        count = min(STEPS, steps - start)
        forward(chain, [(one, place + start) for one, place in pieces], history[: chain.reach + count], np.maximum)
        history[: chain.reach] = history[count : count + chain.reach].copy()
    return history[: chain.reach]


def _filled(chain: Chain, batch: Batch, history: Array, join: np.ufunc, entered: Array | None) -> None:
    reach, emitting = chain.reach, chain.emitting
    steps, states, width = len(history) - reach, history.shape[1], history.shape[2]
    edges, silent = chain.rounds, chain.into_silent
    least = np.array([state.least for state in chain.states[:emitting]])
    sources = (reach - least[edges.target]) * states + edges.source
    weight, quiet = edges.weight[:, None], silent.weight[:, None]
    arrivals, joined, single = (np.empty((count, width)) for count in (len(sources), emitting, emitting))
    entries, stays = batch.entries(chain, 0, steps), batch.stays(chain, 0, steps)
    flat = history.reshape(-1, width)  # a view: the rows of a history lie side by side
    for step in range(steps):
        past, now = flat[step * states : (step + reach) * states], history[step + reach]
        np.take(past, sources, axis=0, out=arrivals, mode="clip")
        np.add(arrivals, weight, out=arrivals)
        enter = entries[step] if entered is None else entered[step]
        done = emitting
        for count in edges.counts[1:]:
            join(arrivals[:count], arrivals[done : done + count], out=arrivals[:count])
            done += count
        np.take(arrivals, edges.places, axis=0, out=joined, mode="clip")
        np.add(joined, entries[step], out=enter)
        np.add(past[-states : emitting - states or None], stays[step], out=single)
        join(enter, single, out=now[:emitting])
        if len(quiet):
            join.reduceat(now[silent.far] + quiet, silent.starts, axis=0, out=now[emitting:])


def opening(chain: Chain, width: int) -> Array:
    """The rows before a window of which nothing is known: every state may have just been left, (R, S, B)."""
    rows = np.full((chain.reach, len(chain.states), width), NEVER)
    rows[-1] = 0.0
    return rows


def beginning(chain: Chain, join: np.ufunc = np.maximum) -> Array:
    """The rows before the first position of a sequence, (R, S)."""
    rows = np.full((chain.reach, len(chain.states)), NEVER)
    rows[-1] = chain.weights(chain.first)
    silent = chain.into_silent
    if len(silent.weight):
        reached = join.reduceat(rows[-1, silent.far] + silent.weight, silent.starts)
        rows[-1, chain.emitting :] = join(rows[-1, chain.emitting :], reached)
    return rows
