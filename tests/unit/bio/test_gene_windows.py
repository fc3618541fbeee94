"""Blocks that cut no gene, windows that cover them, and values of windows in one row."""

from itertools import pairwise

import numpy as np
import pytest

from exapt.bio.transcripts.windows import blocks, stitched, windows
from exapt.core.errors import ConfigError


def test_blocks_end_between_genes():
    row = np.zeros(1000, dtype=np.uint8)
    row[180:260], row[470:505], row[740:755] = 3, 255, 8
    found = blocks(row, 250)
    assert len(found) == 4
    assert found[0][0] == 0
    assert found[-1][1] == 1000
    assert all(a[1] == b[0] for a, b in pairwise(found))
    assert all(row[end - 1] == row[end] == 0 for _, end in found[:-1])


def test_a_long_gene_moves_the_end():
    row = np.zeros(1000, dtype=np.uint8)
    row[310:720] = 9
    assert blocks(row, 500) == [(0, 309), (309, 1000)]
    assert blocks(row, 250) == [(0, 249), (249, 309), (309, 766), (766, 1000)]


def test_a_block_may_have_to_cut():
    assert blocks(np.full(100, 3, dtype=np.uint8), 50) == [(0, 50), (50, 100)]
    assert blocks(np.zeros(10, dtype=np.uint8), 50) == [(0, 10)]
    with pytest.raises(ConfigError, match="at least 1"):
        blocks(np.zeros(10, dtype=np.uint8), 0)


@pytest.mark.parametrize(
    ("length", "size", "overlap"), [(100, 30, 10), (101, 30, 0), (31, 30, 29), (30, 30, 5), (7, 30, 5)]
)
def test_windows_cover_and_overlap(length, size, overlap):
    found = windows(5, 5 + length, size, overlap)
    assert found[0][0] == 5
    assert found[-1][1] == 5 + length
    assert {end - start for start, end in found} == {min(size, length)}
    assert all(left[1] - right[0] >= overlap for left, right in pairwise(found))
    values = np.arange(5 + length)
    row = np.concatenate([part for _, part in stitched(found, (values[a:b] for a, b in found))])
    assert (row == values[5:]).all()


def test_windows_that_do_not_advance():
    with pytest.raises(ConfigError, match="overlap by less"):
        windows(0, 100, 10, 10)
