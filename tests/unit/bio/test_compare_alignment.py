"""Blocks, their arithmetic, and the alignment of genomes that a simulator has changed."""

import numpy as np
import pytest

from exapt.bio.compare import alignment, simulate
from exapt.bio.compare.blocks import DELETED, INSERTED, OTHER, SAME, of_cigar
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import ConfigError

EVENTS = {"inversion": 2, "translocation": 2, "duplication": 2, "deletion": 2, "insertion": 2}
ANCESTOR = simulate.random_genome(120_000, seed=1)


@pytest.fixture(scope="module", params=[0.01, 0.05, 0.2])
def pair(request):
    evolved = simulate.evolve(
        ANCESTOR, divergence=request.param, indels=request.param / 10, events=EVENTS, sizes=(600, 4000), seed=2
    )
    return request.param, evolved, alignment.align({"q": evolved.letters}, {"t": ANCESTOR})


def replayed(block, query, target):
    """Target and query letters of each column, read from the genomes alone."""
    piece = query[block.query_start : block.query_end]
    piece = reverse_complement(piece) if block.strand == "-" else piece
    at, of = block.target_start, 0
    for operation, length in zip(block.operations.tolist(), block.lengths.tolist(), strict=True):
        one = "" if operation == INSERTED else target[at : at + length]
        other = "" if operation == DELETED else piece[of : of + length]
        at, of = at + len(one), of + len(other)
        yield operation, one, other
    assert (at, of) == (block.target_end, len(piece))


def test_columns_say_what_the_letters_are(pair):
    _, evolved, found = pair
    for block in (*found.blocks, *found.query_copies, *found.target_copies):
        for operation, one, other in replayed(block, evolved.letters, ANCESTOR):
            if operation == SAME:
                assert one == other
            if operation == OTHER:
                assert all(a != b for a, b in zip(one, other, strict=True))
        assert block.operations[0] == block.operations[-1] == SAME
        assert (np.diff(block.operations.astype(int)) != 0).all()


def test_no_letter_stands_in_two_blocks(pair):
    _, evolved, found = pair
    for side, length in (("query", len(evolved.letters)), ("target", len(ANCESTOR))):
        taken = np.zeros(length, dtype=int)
        for block in found.blocks:
            taken[getattr(block, f"{side}_start") : getattr(block, f"{side}_end")] += 1
        assert taken.max() == 1


def test_substitutions_are_found(pair):
    divergence, evolved, found = pair
    truth = {one.start for one in evolved.small if len(one.ref) == len(one.alt)}
    called = set()
    for block in found.blocks:
        edges, other = block.target_edges(), block.operations == OTHER
        for start, length in zip(edges[:-1][other].tolist(), block.lengths[other].tolist(), strict=True):
            called.update(range(start, start + length))
    least = 0.99 if divergence <= 0.05 else 0.98
    assert len(truth & called) >= least * len(called)
    assert len(truth & called) >= least * len(truth)


def test_breakpoints_are_ends_of_blocks(pair):
    _, evolved, found = pair
    ends = np.array([end for block in found.blocks for end in (block.target_start, block.target_end)])
    for event in evolved.events:
        for place in {event.start, event.end} if event.kind != "duplication" else {event.place}:
            assert np.abs(ends - place).min() <= 10, event


def test_second_copies_are_found_and_nothing_else(pair):
    _, evolved, found = pair
    copied = [event for event in evolved.events if event.kind == "duplication"]
    assert len(found.query_copies) == len(copied)
    assert not found.target_copies
    for event, copy in zip(copied, found.query_copies, strict=True):
        assert abs(copy.target_start - event.start) <= 30
        assert abs(copy.target_end - event.end) <= 30


def test_the_pair_is_aligned_the_same_way_round(pair):
    _, evolved, found = pair
    back = alignment.align({"t": ANCESTOR}, {"q": evolved.letters}).swapped()
    assert [repr(block) for block in back.blocks] == [repr(block) for block in found.blocks]
    assert [block.cigar for block in back.query_copies] == [block.cigar for block in found.query_copies]


def test_names_of_the_genomes_make_no_difference():
    letters = simulate.evolve(ANCESTOR[:20_000], divergence=0.02, seed=3).letters
    one = alignment.align({"a": letters}, {"b": ANCESTOR[:20_000]})
    other = alignment.align({"z": letters}, {"a": ANCESTOR[:20_000]})
    assert [block.cigar for block in one.blocks] == [block.cigar for block in other.blocks]


def test_several_contigs_either_strand_and_unknown_letters():
    target = {"one": ANCESTOR[:9_000], "two": ANCESTOR[20_000:26_000] + "N" * 500 + ANCESTOR[26_000:30_000]}
    query = {"x": reverse_complement(ANCESTOR[20_000:30_000]), "y": ANCESTOR[1_000:8_000], "short": "ACGT"}
    found = alignment.align(query, target)
    placed = {(b.query, b.target, b.strand, b.target_start, b.target_end) for b in found.blocks}
    assert placed == {("y", "one", "+", 1000, 8000), ("x", "two", "-", 0, 6000), ("x", "two", "-", 6500, 10500)}


def test_genomes_with_nothing_in_common():
    found = alignment.align({"a": ANCESTOR[:5_000]}, {"b": simulate.random_genome(6_000, seed=9)})
    assert found.blocks == found.query_copies == found.target_copies == ()


def test_parts_of_a_block():
    block = of_cigar("q", 10, "-", "t", 100, "4=1X2I5=")
    assert (block.query_start, block.query_end, block.target_end) == (10, 22, 110)
    assert repr(block.in_query(14, 22)) == "Block(q:14-22- on t:100-106, 4=1X2I1=)"
    assert repr(block.in_query(10, 14)) == "Block(q:10-14- on t:106-110, 4=)"
    assert repr(block.swapped().swapped()) == repr(block)
    assert block.swapped().strand == "-"
    assert (block.matches, block.identity) == (9, 0.9)


def test_a_row_of_paf_has_the_cigar():
    row = of_cigar("q", 0, "-", "t", 5, "3=1D2=").as_paf((50, 60), {"tp": ("A", "P")})
    assert (row.query_length, row.target_length, row.matches, row.length, row.tag("cg")) == (50, 60, 5, 6, "3=1D2=")


def test_the_simulator_refuses_what_it_cannot_do():
    with pytest.raises(ConfigError, match="too few"):
        simulate.evolve("ACGT" * 100, events={"inversion": 3})
    with pytest.raises(ConfigError, match=r"divergence is in \[0, 0.5\]"):
        simulate.evolve("ACGT", divergence=5)


def test_the_simulator_is_seeded():
    one, other, third = (simulate.evolve(ANCESTOR[:30_000], events={"inversion": 1}, seed=s) for s in (4, 4, 5))
    assert one == other
    assert one.letters != third.letters
