"""Chains that are none, observations that do not fit, and paths of long sequences."""

import numpy as np
import pytest

from exapt.bio.hmm.chain import Chain, State
from exapt.bio.hmm.observed import Observed, of_arrays
from exapt.bio.hmm.posterior import class_probabilities
from exapt.bio.hmm.viterbi import best_paths
from exapt.core.errors import ConfigError, DataError

ON, OFF = State("on", ((1, 5),), 0.0), State("off", ((0, 1),), 0.0)
BOTH = {"on": 0.0, "off": 0.0}
SWITCH = Chain((ON, OFF), {("on", "off"): -3.0, ("off", "on"): -3.0}, BOTH, BOTH)


@pytest.mark.parametrize(
    ("states", "edges", "message"),
    [
        ((ON, ON), {}, "same name"),
        ((State("q"), ON), {}, "silent states of a chain come last"),
        ((ON,), {("on", "of"): 0.0}, "no state is named 'of'"),
        ((ON, State("q"), State("r")), {("q", "r"): 0.0}, "silent state 'r' follows the silent state 'q'"),
        ((State("a", ((0, 0),)),), {}, "positions >= 1"),
    ],
)
def test_chains_that_are_none(states, edges, message):
    with pytest.raises(ConfigError, match=message):
        Chain(states, edges, {}, {})


def test_observations_that_do_not_fit():
    with pytest.raises(DataError, match=r"c at 0-4: log weights of shape \(4, 3\)"):
        best_paths(SWITCH, [of_arrays(np.zeros((4, 3)), name="c")])
    weights = np.zeros((4, 2))
    weights[2, 1] = np.nan
    with pytest.raises(DataError, match="position 2 are NaN"):
        best_paths(SWITCH, [of_arrays(weights)])
    gated = Chain((ON._replace(site=0), OFF), SWITCH.edges, BOTH, BOTH)
    with pytest.raises(DataError, match="asks for 1 kinds"):
        best_paths(gated, [of_arrays(np.zeros((4, 2)))])
    with pytest.raises(ConfigError, match="emits 5 at once"):
        best_paths(SWITCH, [of_arrays(np.zeros((4, 2)))], core=4)


def test_no_path():
    never = Chain((ON, OFF), {}, {}, BOTH)
    with pytest.raises(DataError, match=r"no path is allowed through c of 4 positions"):
        best_paths(never, [of_arrays(np.zeros((4, 2)), name="c")])


def test_the_least_length():
    weights = np.stack([np.zeros(30), np.full(30, -4.0)], axis=1)
    weights[10:13, 1] = 9.0
    [path] = best_paths(SWITCH, [of_arrays(weights)])
    [(start, end)] = [(start, end) for start, end, state in path if state == 0]
    assert end - start == 5
    assert start <= 10
    assert end >= 13


def test_nothing_to_see_in_bounded_windows():
    """Where the letters say nothing, no window forgets its beginning: each is gone through again, and is right."""
    length, read, passed = 40_000, [], []

    def emissions(start, end):
        read.append(end - start)
        rows = np.zeros((end - start, 2))
        rows[max(0, 50 - start) : max(0, 100 - start), 1] = 1.0
        return rows

    edges = {("on", "off"): -0.5, ("off", "on"): -3.0}
    [path] = best_paths(Chain((ON, OFF), edges, BOTH, BOTH), [Observed(length, emissions)], advance=passed.append)
    assert [(start, end) for start, end, _ in path] == [(0, length)]
    assert max(read) < 1000
    assert sum(passed) == 2 * length


def test_probabilities_in_windows():
    weights = np.log(np.random.default_rng(0).dirichlet(np.ones(2), 3000))
    [(_, whole)] = class_probabilities(SWITCH, of_arrays(weights), core=3000)
    pieces = list(class_probabilities(SWITCH, of_arrays(weights), core=128, flank=64))
    assert [start for start, _ in pieces] == list(range(0, 3000, 128))
    found = np.concatenate([piece for _, piece in pieces])
    assert np.allclose(found, whole, atol=1e-6)
    assert np.allclose(found.sum(1), 1)


def test_empty_and_short_sequences_beside_a_long_one():
    random = np.random.default_rng(0)
    several = [random.normal(size=(length, 2)) for length in (1, 7000, 3)]
    together = best_paths(SWITCH, [of_arrays(one) for one in several])
    assert together == [best_paths(SWITCH, [of_arrays(one)])[0] for one in several]
    assert best_paths(SWITCH, [of_arrays(np.zeros((0, 2)))]) == [[]]
    assert not list(class_probabilities(SWITCH, of_arrays(np.zeros((0, 2)))))
