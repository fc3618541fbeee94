"""How probable each class is at each position, over all paths: the forward and backward algorithm in windows.

References
----------
Rabiner L (1989) A tutorial on hidden Markov models. doi:10.1109/5.18626.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exapt.bio.hmm.chain import NEVER, Array, Chain
from exapt.bio.hmm.observed import Batch, Observed, load
from exapt.bio.hmm.recursion import beginning, forward, opening
from exapt.core.errors import DataError

CORE = 2048  # positions of a window
FLANK = 1024  # positions on either side of it that are gone through with it
ABREAST = 16  # windows that advance side by side


def class_probabilities(
    chain: Chain, observed: Observed, *, core: int = CORE, flank: int = FLANK
) -> Iterator[tuple[int, Array]]:
    """The probability of each class at each position of a sequence, window by window from left to right.

    Exact for a sequence of up to core + 2 flank positions. In a longer one a window knows nothing of what is beyond
    its flanks, which matters as little as the observations there say much.

    Parameters
    ----------
    chain
        The model.
    observed
        The sequence.
    core, flank
        Positions.

    Yields
    ------
    tuple
        First position, and probabilities (n, K) of the classes at it and the next ones; each row sums to 1.

    Raises
    ------
    DataError
        Where no path is allowed.

    Examples
    --------
    >>> from exapt.bio.hmm.chain import State
    >>> from exapt.bio.hmm.observed import of_arrays
    >>> states = (State("fair", ((0, 1),), np.log(0.9)), State("loaded", ((1, 1),), np.log(0.9)))
    >>> edges = {("fair", "loaded"): np.log(0.1), ("loaded", "fair"): np.log(0.1)}
    >>> dice = Chain(states, edges, {"fair": 0.0, "loaded": 0.0}, {"fair": 0.0, "loaded": 0.0})
    >>> [(start, found)] = class_probabilities(dice, of_arrays(np.log([[0.5, 0.5], [0.1, 0.9], [0.5, 0.5]])))
    >>> start, found[:, 1].round(2).tolist()
    (0, [0.82, 0.9, 0.82])
    """
    length = observed.length
    steps = min(length, core + 2 * flank)
    cores = list(range(0, length, core)) if steps < length else [0][:length]
    for first in range(0, len(cores), ABREAST):
        group = cores[first : first + ABREAST]
        starts = [min(max(0, place - flank), length - steps) for place in group]
        found = _window_probabilities(chain, observed, starts, steps)
        for column, (place, start) in enumerate(zip(group, starts, strict=True)):
            end = length if steps == length else min(place + core, length)
            yield place, found[place - start : end - start, :, column]


def _window_probabilities(chain: Chain, observed: Observed, starts: list[int], steps: int) -> Array:
    rows, last = opening(chain, len(starts)), np.zeros((len(chain.states), len(starts)))
    for column, start in enumerate(starts):
        if start == 0:
            rows[:, :, column] = beginning(chain, np.logaddexp)
        if start + steps == observed.length:
            last[:, column] = chain.weights(chain.last)
    pieces = [(observed, start) for start in starts]
    history = np.concatenate([rows, np.empty((steps, *rows.shape[1:]))])
    entered = np.empty((steps, chain.emitting, len(starts)))
    forward(chain, pieces, history, np.logaddexp, entered)
    all_paths = np.logaddexp.reduce(history[-1] + last, axis=0)
    if not np.isfinite(all_paths).all():
        raise DataError(f"no path is allowed through {observed.name or 'a sequence'} of {observed.length} positions.")
    batch = load(chain, pieces, steps)
    stays = batch.stays(chain, 0, steps)
    behind = _backward(chain, batch, stays, last)[1:, : chain.emitting] - all_paths
    kept = np.exp(history[chain.reach - 1 : -1, : chain.emitting] + stays + behind)
    return _by_class(chain, np.exp(entered + behind), kept)


def _backward(chain: Chain, batch: Batch, stays: Array, last: Array) -> Array:
    """What follows each state behind so many positions is worth, (n + 1, S, B)."""
    steps, emitting, width = stays.shape
    entries = np.full((steps + chain.reach, emitting, width), NEVER)
    entries[:steps] = batch.entries(chain, 0, steps)
    worth = np.full((steps + 1 + chain.reach, len(chain.states), width), NEVER)
    least = np.array([state.least for state in chain.states[:emitting]])
    each, out, silent = np.arange(emitting), chain.out_to_emitting, chain.out_to_silent
    for step in range(steps, -1, -1):
        now, enter = worth[step], entries[step + least - 1, each] + worth[step + least, each]
        np.logaddexp.reduceat(enter[out.far] + out.weight[:, None], out.starts, axis=0, out=now)
        if step == steps:
            np.logaddexp(now, last, out=now)
        else:
            now[:emitting] = np.logaddexp(now[:emitting], stays[step] + worth[step + 1, :emitting])
        through = np.logaddexp.reduceat(now[silent.far] + silent.weight[:, None], silent.starts, axis=0)
        now[:emitting] = np.logaddexp(now[:emitting], through)
    return worth[: steps + 1]


def _by_class(chain: Chain, entered: Array, kept: Array) -> Array:
    """Probabilities of entering and of keeping each state at each position -> those of the classes, (n, K, B)."""
    steps, _, width = entered.shape
    change = np.zeros((steps + 1, chain.classes, width))
    found = np.zeros((steps, chain.classes, width))
    for index, state in enumerate(chain.states[: chain.emitting]):
        found[:, state.runs[-1][0]] += kept[:, index]
        ended, offset = entered[state.least - 1 :, index], 0
        for kind, length in state.runs:
            change[offset : offset + len(ended), kind] += ended
            offset += length
            change[offset : offset + len(ended), kind] -= ended
    found += np.cumsum(change, axis=0)[:steps]
    return found
