"""Paths and probabilities of hidden Markov models against the sum over all paths, whatever the windows."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exapt.bio.hmm.chain import NEVER, Chain, State
from exapt.bio.hmm.observed import of_arrays
from exapt.bio.hmm.posterior import class_probabilities
from exapt.bio.hmm.viterbi import best_paths

CLASSES = 3
SITES = 2


@st.composite
def chains(draw):
    count, silent = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    weight = st.integers(-40, 0).map(lambda n: n / 8)
    rare = st.one_of(st.just(NEVER), weight)
    runs = st.lists(st.tuples(st.integers(0, CLASSES - 1), st.integers(1, 2)), min_size=1, max_size=2).map(tuple)
    states = [State(f"s{i}", draw(runs), draw(rare), draw(st.integers(-1, SITES - 1))) for i in range(count)]
    states[0] = states[0]._replace(runs=((CLASSES - 1, 1),))
    states += [State(f"q{i}") for i in range(silent)]
    pairs = [(a.name, b.name) for a in states for b in states if a.runs or b.runs]
    edges = {pair: draw(weight) for pair in pairs if draw(st.booleans())}
    first = {state.name: draw(weight) for state in states if draw(st.booleans())}
    last = {state.name: draw(weight) for state in states if draw(st.booleans())}
    return Chain(tuple(states), edges, first, last)


def without_ties(chain):
    """Each state emits a class of its own, so that no two paths are worth the same."""
    random = np.random.default_rng(0)
    states = [
        state._replace(runs=tuple((CLASSES - 1 - row, length) for _, length in state.runs))
        for row, state in enumerate(chain.states)
    ]
    edges = {edge: weight + random.normal() for edge, weight in chain.edges.items()}
    return replace(chain, states=tuple(states), edges=edges)


@st.composite
def sequences(draw, chain, longest):
    length = draw(st.integers(1, longest))
    random = np.random.default_rng(draw(st.integers(0, 2**31)))
    return np.log(random.dirichlet(np.ones(chain.classes), length)), random.random((length, SITES)) < 0.7


def all_paths(chain, weights, sites):
    """Every path: (log weight, visits of the states that emit, class of each position)."""
    rows = {state.name: row for row, state in enumerate(chain.states)}

    def onwards(state, place, weight, visits, seen):
        if place == len(weights):
            end = chain.last.get(state.name)
            if end is not None:
                yield weight + end, visits, seen
        if state.runs and state.stay > NEVER and place < len(weights):
            more = weight + state.stay + weights[place, state.runs[-1][0]]
            start = visits[-1][0] if visits and visits[-1][2] == rows[state.name] else place
            kept = visits[:-1] if start < place else visits
            visit = (start, place + 1, rows[state.name])
            yield from onwards(state, place + 1, more, (*kept, visit), (*seen, state.runs[-1][0]))
        for (here, there), cost in chain.edges.items():
            if here != state.name:
                continue
            target = chain.states[rows[there]]
            kinds = [kind for kind, length in target.runs for _ in range(length)]
            stop = place + len(kinds)
            if stop > len(weights) or (target.site >= 0 and kinds and not sites[place, target.site]):
                continue
            gained = sum(weights[place + i, kind] for i, kind in enumerate(kinds))
            then = (*visits, (place, stop, rows[there])) if kinds else visits
            yield from onwards(target, stop, weight + cost + gained, then, (*seen, *kinds))

    for name, weight in chain.first.items():
        yield from onwards(chain.states[rows[name]], 0, weight, (), ())


def best_weights(paths):
    found = {}
    for weight, visits, _ in paths:
        found[visits] = max(weight, found.get(visits, NEVER))
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_best_path(data):
    chain = data.draw(chains())
    weights, sites = data.draw(sequences(chain, 7))
    paths = best_weights(all_paths(chain, weights, sites))
    if not paths:
        with pytest.raises(Exception, match="no path is allowed"):
            best_paths(chain, [of_arrays(weights, sites)])
        return
    [found] = best_paths(chain, [of_arrays(weights, sites)])
    assert math.isclose(paths[tuple(map(tuple, found))], max(paths.values()), abs_tol=1e-9)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_windows_do_not_matter(data):
    chain = without_ties(data.draw(chains()))
    several = [of_arrays(*data.draw(sequences(chain, 60))) for _ in range(3)]
    try:
        whole = best_paths(chain, several, core=64)
    except Exception as error:
        with pytest.raises(type(error)):
            best_paths(chain, several, core=4, early=2)
        return
    for core, early in ((4, 1), (7, 0), (16, 5)):
        cut = best_paths(chain, several, core=core, early=early)
        assert rows(cut) == rows(whole)


def rows(paths):
    """The state of each position: where a state that may stay is entered again is a tie."""
    return [[state for start, end, state in path for _ in range(start, end)] for path in paths]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_probabilities_over_all_paths(data):
    chain = data.draw(chains())
    weights, sites = data.draw(sequences(chain, 7))
    paths = list(all_paths(chain, weights, sites))
    if not paths:
        with pytest.raises(Exception, match="no path is allowed"):
            list(class_probabilities(chain, of_arrays(weights, sites)))
        return
    expected = np.zeros(weights.shape)
    for weight, _, kinds in paths:
        expected[np.arange(len(weights)), list(kinds)] += math.exp(weight)
    [(start, found)] = class_probabilities(chain, of_arrays(weights, sites))
    assert start == 0
    assert np.allclose(found, expected / expected[0].sum(), atol=1e-9)
