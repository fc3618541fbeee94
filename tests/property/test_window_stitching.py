"""Windows of any size give back what they were cut from; blocks cover a contig and end between genes."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exapt.bio.transcripts.labels import CLASSES, MASKED, as_text, of_text, on_other_strand
from exapt.bio.transcripts.windows import blocks, stitched, windows

labels = st.lists(st.sampled_from([*range(len(CLASSES)), MASKED]), min_size=1, max_size=300).map(
    lambda row: np.array(row, dtype=np.uint8)
)


@given(st.integers(0, 50), st.integers(1, 400), st.integers(1, 90), st.data())
@settings(max_examples=60, deadline=None)
def test_each_position_once_from_the_window_that_saw_most(start, length, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    places = windows(start, start + length, size, overlap)
    seen = [np.stack([np.arange(a, b), np.minimum(np.arange(a, b) - a, b - 1 - np.arange(a, b))], 1) for a, b in places]
    row = np.concatenate([part for _, part in stitched(places, seen)])
    assert row[:, 0].tolist() == list(range(start, start + length))
    inner = row[overlap // 2 : length - overlap // 2, 1]
    assert (inner >= min(overlap // 2, (size - 1) // 2) - 1).all()


@given(labels, st.integers(1, 120))
@example(row=np.array([0, 1, 1, 0], dtype=np.uint8), size=1)
@settings(max_examples=60, deadline=None)
def test_blocks_cover_and_cut_no_gene_where_they_need_not(row, size):
    found = blocks(row, size)
    assert np.concatenate([np.arange(*block) for block in found]).tolist() == list(range(len(row)))
    for left, right in found[:-1]:
        assert left < right
        assert row[right] == 0 or row[right - 1] == 0 or not (row[left + 1 :] == 0).any()


@given(labels)
@settings(max_examples=60, deadline=None)
def test_labels_survive_text_and_two_turns(row):
    assert (of_text(as_text(row)) == row).all()
    assert (on_other_strand(on_other_strand(row)) == row).all()
