"""Blocks: cutting and turning round lose nothing; two genomes aligned either way are the same columns."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exapt.bio.compare import alignment, simulate, variants
from exapt.bio.compare.blocks import DELETED, INSERTED, OTHER, SAME, of_cigar
from exapt.bio.compare.identity import identity
from exapt.bio.sequence.alphabets import reverse_complement

COLUMNS = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from("XID")), max_size=8
)  # between columns with the same letter, with which a block begins and ends


@st.composite
def blocks(draw):
    gaps = draw(COLUMNS)
    cigar = "".join(f"{draw(st.integers(1, 9))}={length}{symbol}" for length, symbol in gaps)
    cigar += f"{draw(st.integers(1, 9))}="
    return of_cigar("q", draw(st.integers(0, 50)), draw(st.sampled_from("+-")), "t", draw(st.integers(0, 50)), cigar)


def spans(block):
    return (block.query_start, block.query_end, block.target_start, block.target_end, block.strand)


def columns(block):
    """(target, query) of each pair of letters; None stands for a gap."""
    operations = np.repeat(block.operations, block.lengths).tolist()
    at, of = block.target_start, block.query_start if block.strand == "+" else block.query_end - 1
    step = 1 if block.strand == "+" else -1
    found = []
    for operation in operations:
        found.append((None if operation == INSERTED else at, None if operation == DELETED else of, operation))
        at += operation != INSERTED
        of += step * (operation != DELETED)
    return found


@given(blocks())
def test_turned_round_twice_is_the_same(block):
    again = block.swapped().swapped()
    assert (spans(again), again.cigar) == (spans(block), block.cigar)
    mirrored = {(query, target) for target, query, _ in columns(block) if None not in (target, query)}
    assert mirrored == {(target, query) for target, query, _ in columns(block.swapped()) if None not in (target, query)}


@given(blocks(), st.integers(0, 120), st.integers(0, 120))
def test_a_part_has_the_columns_of_the_whole(block, one, other):
    start, end = min(one, other), max(one, other)
    for part, side in ((block.in_target(start, end), 0), (block.in_query(start, end), 1)):
        whole = columns(block)
        inside = [column for column in whole if column[side] is not None and start <= column[side] < end]
        same = [column for column in inside if column[2] == SAME]
        if part is None:
            assert not same
            continue
        kept = columns(part)
        assert set(kept) <= set(whole)
        assert [column for column in kept if column[2] == SAME] == same
        assert kept[0][2] == kept[-1][2] == SAME
        assert spans(part)[2 * (1 - side)] >= start
        assert spans(part)[2 * (1 - side) + 1] <= end


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.01, 0.05, 0.12]), st.booleans())
def test_either_way_round_is_the_mirror_image(seed, rate, turned):
    first = simulate.random_genome(3000, seed=seed)
    second = simulate.evolve(first, divergence=rate, indels=rate / 10, seed=seed).letters
    second = reverse_complement(second) if turned else second
    one, other = alignment.align({"b": second}, {"a": first}), alignment.align({"a": first}, {"b": second})
    assert [repr(block) for block in one.swapped().blocks] == [repr(block) for block in other.blocks]
    assert identity(one).ani == identity(other).ani
    assert sum(block.matches for block in one.blocks) > 2000
    small = [variants.differences(found.blocks, found.query, found.target) for found in (one, other)]
    assert len(small[0]) == len(small[1])
    variants.check_reference(small[0], one.target)
    variants.check_reference(small[1], other.target)
    substituted = sum(int(block.lengths[block.operations == OTHER].sum()) for block in one.blocks)
    assert sum(found.is_substitution for found in small[0]) == substituted
