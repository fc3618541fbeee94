"""bedGraph: what is written is read back, sorted and apart; tabix accepts it; what breaks the rules is refused."""

import gzip
import io

import numpy as np
import pysam
import pytest

from exapt.bio.formats import bedgraph
from exapt.bio.formats.bedgraph import Piece, Signal, Stretch
from exapt.core.errors import DataError

HEAD = 'track type=bedGraph name="effects"'


def signal():
    pieces = [
        Piece("chr2", 100, 104, "+", np.array([0.5, -0.25, 0.0, 1e-9])),
        Piece("chr1", 7, 10, "-", np.array([1.0, 2.0, 2.0])),
        Piece("chr2", 102, 106, "+", np.array([1.0, 1.0, 3.0])),
    ]
    return Signal(bedgraph.per_base(pieces), (HEAD,))


def test_letters_become_sorted_stretches_and_overlaps_the_mean():
    assert signal().stretches == (
        Stretch("chr1", 7, 9, 2.0),
        Stretch("chr1", 9, 10, 1.0),
        Stretch("chr2", 100, 101, 0.5),
        Stretch("chr2", 101, 102, -0.25),
        Stretch("chr2", 102, 104, 0.5),
        Stretch("chr2", 104, 105, 3.0),
    )
    assert bedgraph.per_base([]) == ()


@pytest.mark.parametrize("name", ["x.bedgraph", "x.bedgraph.gz"])
def test_what_is_written_is_read_back(tmp_path, name):
    bedgraph.write(tmp_path / name, signal())
    again = bedgraph.read(tmp_path / name)
    assert again == signal()
    bedgraph.write(tmp_path / f"again_{name}", again)
    assert (tmp_path / f"again_{name}").read_bytes() == (tmp_path / name).read_bytes()


def test_tabix_indexes_and_finds_it(tmp_path):
    path = tmp_path / "x.bedgraph"
    bedgraph.write(path, Signal(signal().stretches))
    pysam.tabix_compress(str(path), str(tmp_path / "x.bedgraph.gz"))
    pysam.tabix_index(str(tmp_path / "x.bedgraph.gz"), preset="bed")
    with pysam.TabixFile(str(tmp_path / "x.bedgraph.gz")) as file:
        assert list(file.fetch("chr2", 101, 104)) == ["chr2\t101\t102\t-0.25", "chr2\t102\t104\t0.5"]
        assert file.contigs == ["chr1", "chr2"]
    assert gzip.decompress((tmp_path / "x.bedgraph.gz").read_bytes()) == path.read_bytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("c\t0\t1\n", "x:1: 3 columns"),
        ("c\t0\t1\t2\t+\n", "5 columns"),
        ("c\t-1\t1\t2\n", "whole numbers from 0"),
        ("c\t1\t1\t2\n", "not behind the start"),
        ("c\t0\t1\tnan\n", "finite number"),
        ("c\t0\t1\t1_0\n", "finite number"),
        ("c\t0\t5\t1\nc\t4\t6\t1\n", "x:2: c:4 overlaps"),
        ("c\t5\t6\t1\nc\t0\t1\t1\n", "precedes"),
        ("c\t0\t1\t1\nd\t0\t1\t1\nc\t1\t2\t1\n", "x:3: sequence 'c' comes a second time"),
    ],
)
def test_what_breaks_the_rules_is_refused(text, message):
    with pytest.raises(DataError, match=message):
        bedgraph.parse(io.BytesIO(text.encode()), "x")


@pytest.mark.parametrize(
    ("stretches", "message"),
    [
        ([Stretch("c", 0, 0, 1.0)], "not behind"),
        ([Stretch("c d", 0, 1, 1.0)], "one word"),
        ([Stretch("track", 0, 1, 1.0)], "one word"),
        ([Stretch("c", 0, 1, float("inf"))], "finite"),
        ([Stretch("c", 0, 2, 1.0), Stretch("c", 1, 3, 1.0)], "overlaps"),
    ],
)
def test_what_would_break_the_rules_is_not_written(tmp_path, stretches, message):
    with pytest.raises(DataError, match=message):
        bedgraph.write(tmp_path / "x.bedgraph", Signal(tuple(stretches)))
    assert not (tmp_path / "x.bedgraph").exists()
