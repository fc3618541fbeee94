"""Gene finding on any sequence: frames as a plain search finds them, chains that no other beats."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exapt.bio.genes.chain import OVERLAP, best_chain
from exapt.bio.genes.codes import CODES, STARTS, digits, other_strand
from exapt.bio.genes.frames import EDGE, SHORTEST, find_frames
from exapt.bio.sequence.alphabets import reverse_complement

LETTERS = st.text(alphabet="ACGTN", max_size=40)
CODON_RUNS = st.lists(
    st.sampled_from(["GCT", "ATG", "GTG", "TTG", "TAA", "TGA", "TAG", "A", "NNN", "CAC" * 15]), max_size=40
)


def plain_search(letters, table):
    """Every (start, end, kind, closed), one codon after the other."""
    stops = {"TAA", "TAG"} if table == 4 else {"TAA", "TAG", "TGA"}
    found = set()
    for frame in range(3):
        starts, whole = [], (len(letters) - frame) // 3
        for number in range(whole):
            place = frame + 3 * number
            codon = letters[place : place + 3]
            if codon in stops:
                found |= {(s, place + 3, k, True) for s, k in starts if place + 3 - s >= SHORTEST}
                starts = []
            elif codon in STARTS or number == 0:
                starts.append((place, EDGE) if number == 0 and codon not in STARTS else (place, STARTS.index(codon)))
                if number == 0 and codon in STARTS:
                    starts.insert(0, (place, EDGE))
        end = frame + 3 * whole
        found |= {(s, end, k, False) for s, k in starts if end - s >= SHORTEST}
    return found


@settings(deadline=None)
@given(CODON_RUNS, st.sampled_from([4, 11]))
def test_frames_are_those_of_a_plain_search(runs, table):
    letters = "".join(runs)
    frames = find_frames(digits(letters), CODES[table])
    owner = frames.owner
    found = set(
        zip(
            frames.start.tolist(),
            frames.end[owner].tolist(),
            frames.kind.tolist(),
            frames.closed[owner].tolist(),
            strict=True,
        )
    )
    assert found == plain_search(letters, table)


@given(LETTERS)
def test_the_other_strand_is_the_reverse_complement(letters):
    assert np.array_equal(other_strand(digits(letters)), digits(reverse_complement(letters)))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(130, 260), st.booleans(), st.integers(-3, 9)), min_size=1, max_size=8
    )
)
def test_no_chain_of_the_same_rules_weighs_more(rows):
    left = np.array([row[0] for row in rows])
    right = left + np.array([row[1] for row in rows])
    reverse, weight = np.array([row[2] for row in rows]), np.array([float(row[3]) for row in rows])
    chosen = best_chain(left, right, reverse, weight)
    best = 0.0
    for size in range(1, len(rows) + 1):
        for some in itertools.combinations(range(len(rows)), size):
            order = sorted(some, key=lambda row: (right[row], left[row]))
            if all(right[a] - left[b] <= OVERLAP for a, b in itertools.pairwise(order)):
                best = max(best, weight[list(some)].sum())
    assert weight[chosen].sum() == best  # genes this short have no tails
