"""Cards of untranslated regions and of binding motifs: parsers on small files, and the real sets."""

import gzip

import numpy as np
import pytest

from exapt.core.config import DataConfig
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import SPLITS
from exapt.data import cards
from exapt.data.loading import load

HEAD = ",UTR_name,UTR,t0,t1,growth_rate\n"
ROWS = (
    "0,YAL001C:38:0,ACGT,317,364,0.29\n1,YAL001C:60:10,ACGA,50,20,-0.5\n2,YAL9:4:0_YGR2:4:0,AAGA,200,100,0.1\n"
    "3,YGR2:8:4_YZZ1-A:8:4,CCCC,300,1,-2.0\n"
)


def utr(tmp_path, text, **options):
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(text.encode()))
    return cards.PARSERS.build("yeast_utr5", **options)({"x": tmp_path / "x.csv.gz"}).frame


def test_genes_that_share_a_fragment_are_one_group(tmp_path):
    frame = utr(tmp_path, HEAD + ROWS)
    assert frame["id"].tolist() == ["YAL001C:38:0", "YAL9:4:0_YGR2:4:0", "YGR2:8:4_YZZ1-A:8:4"]
    assert frame["gene"].tolist() == ["YAL001C", "YAL9", "YAL9"]
    assert len(utr(tmp_path, HEAD + ROWS, more_reads_than=-1)) == 4
    with pytest.raises(DataError, match="gene:first:last"):
        utr(tmp_path, HEAD + "0,YAL001C,ACGT,317,364,0.29\n")
    with pytest.raises(ConfigError, match="more_reads_than"):
        cards.PARSERS.build("yeast_utr5", more_reads_than=1.5)


@pytest.mark.mirror
def test_yeast_utr5_native():
    result = load(DataConfig(name="yeast_utr5_native"))
    frame = result.table.frame
    assert len(frame) == 6710
    assert frame["reads"].min() == 101
    assert frame["gene"].nunique() == 3921
    assert frame["id"].str.contains("_").sum() == 56
    assert frame["sequence"].str.len().agg(["min", "max"]).tolist() == [2, 50]
    assert set("".join(frame["sequence"])) == set("ACGT")
    logarithm = np.log((frame["reads_after"] + 1) / (frame["reads"] + 1))
    np.testing.assert_allclose(frame["growth_rate"] - logarithm, 0.1608465, atol=1e-6)  # natural, not to the base of 2
    fold = SPLITS.build(result.split.name, **result.split.options)(result.table)[0]
    genes = [set(frame["gene"].to_numpy()[rows]) for rows in (fold.train, fold.valid, fold.test)]
    assert not (genes[0] & genes[2] or genes[0] & genes[1] or genes[1] & genes[2])
    assert (len(fold.train), len(fold.valid), len(fold.test)) == (4697, 671, 1342)
    every = load(DataConfig(name="yeast_utr5_native", options={"more_reads_than": -1})).table.frame
    assert len(every) == 11856
    assert every["growth_rate"].agg(["min", "max"]).round(2).tolist() == [-2.61, 2.36]


@pytest.mark.mirror
def test_jaspar2024_core():
    frame = load(DataConfig(name="jaspar2024_core")).table.frame.set_index("id")
    groups = frame["tax_group"].value_counts()
    assert (len(frame), groups["vertebrates"], groups["plants"]) == (2346, 879, 805)
    assert frame.loc["MA0108.3", ["name", "consensus"]].tolist() == ["TBP", "TATAAAW"]
