"""Splits that compute their groups: donor, family, interval, time; and how they refuse what they cannot read."""

import datetime

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import SPLITS


def table(**columns):
    frame = pd.DataFrame(columns)
    frame["seq"] = "ACGT"
    roles = {"seq": Column("input", "dna")} | ({"id": Column("id", "label")} if "id" in columns else {})
    return Table(frame, roles, "toy.csv")


def groups(name, rows, **options):
    return SPLITS.build(name, **options).groups(rows).tolist()


def cut(name, rows, **options):
    (fold,) = SPLITS.build(name, **options)(rows)
    return fold


def refused(name, rows, message, error=DataError, **options):
    with pytest.raises(error, match=message):
        SPLITS.build(name, **options)(rows)


# donor ------------------------------------------------------------------------------------------
def test_the_donor_column_is_found_by_its_name():
    rows = table(Batch=["x"] * 60, Patient_ID=np.arange(60) // 3)
    assert groups("donor", rows)[:4] == ["0", "0", "0", "1"]
    fold = cut("donor", rows)
    sides = [{row // 3 for row in part} for part in (fold.train, fold.valid, fold.test)]
    assert sum(map(len, sides)) == 20


def test_several_columns_are_one_donor_and_a_missing_value_stands_alone():
    rows = table(study=["s1", "s1", "s2", None], patient=[1, 2, 1, 1])
    assert groups("donor", rows, column=["study", "patient"]) == ["s1 | 1", "s1 | 2", "s2 | 1", None]
    assert groups("donor", rows, column=("study",)) == ["s1", "s1", "s2", None]


def test_donors_that_cannot_be_dealt_out():
    refused("donor", table(x=range(9)), "'donor' finds no column called donor, donor_id, patient.*Name one with column")
    refused("donor", table(donor=["a"] * 9), "'donor' has 1 group, and 3 are needed")
    refused("donor", table(donor=range(9)), "Did you mean 'donor'", column="doner")
    refused("donor", table(study=["a"] * 9, lane=["b"] * 9), "'study' . 'lane' has 1 group", column=["study", "lane"])
    refused("donor", table(donor=range(4)), "'donor' has 4 groups, and 5 are needed", folds=5)
    refused("donor", table(donor=range(3)), "'donor' has 3 groups, and 4 are needed", inner=3)


# family -----------------------------------------------------------------------------------------
def test_a_family_is_a_column_or_begins_an_identifier():
    rows = table(id=["tRNA_1", "tRNA_2", "5S_7", "U6"], Clan=["c1", "c2", None, "c2"])
    assert groups("family", rows) == ["c1", "c2", None, "c2"]
    assert groups("family", rows, separator="_") == ["tRNA", "tRNA", "5S", "U6"]
    assert groups("family", rows, column="Clan", separator="1") == ["c", "c2", None, "c2"]


def test_the_target_is_no_family():
    rows = table(family=list("ab") * 30)
    rows.columns["family"] = Column("target", "label")
    refused("family", rows, "finds no column called")


def test_families_that_cannot_be_found():
    refused("family", table(id=["a", "b"]), "or give the separator|finds no column called family")
    refused("family", table(id=["a1", "b2"]), "no value of column 'id' has the separator '/'", separator="/")


# interval ---------------------------------------------------------------------------------------
def test_regions_are_chains_of_neighbours():
    rows = table(chrom=["a", "a", "a", "b", "a"], start=[50, 0, 15, 0, 59], end=[60, 6, 20, 5, 70])
    assert groups("interval", rows) == ["a:50", "a:0", "a:15", "b:0", "a:50"]
    assert groups("interval", rows, margin=9)[1:3] == ["a:0", "a:15"], "9 nt between them are not fewer than 9"
    assert groups("interval", rows, margin=10)[1:3] == ["a:0", "a:0"]
    assert groups("interval", rows, margin=31) == ["a:0", "a:0", "a:0", "b:0", "a:0"]


def test_a_long_interval_joins_what_lies_inside_it():
    rows = table(chr=["1"] * 4, chromStart=[0, 10, 50, 100], chromEnd=[90, 20, 60, 110])
    assert groups("interval", rows) == ["1:0", "1:0", "1:0", "1:100"]


def test_no_two_parts_come_nearer_than_the_margin():
    rng = np.random.default_rng(0)
    start = rng.integers(0, 200_000, 400)
    rows = table(chrom=rng.choice(["a", "b"], 400), start=start, end=start + 100)
    fold = cut("interval", rows, margin=300)
    part = np.zeros(400, dtype=int)
    part[fold.valid], part[fold.test] = 1, 2
    near = np.abs(start[:, None] - start) < 400  # 100 nt long, so fewer than 300 between them
    same = (rows.frame["chrom"].to_numpy()[:, None] == rows.frame["chrom"].to_numpy()) & near
    assert (part[:, None] == part)[same].all()


def test_whole_chromosomes_and_named_ones():
    rows = table(chrom=np.repeat([f"chr{n}" for n in range(1, 11)], 10), start=np.tile(np.arange(10) * 1000, 10))
    fold = cut("interval", rows, by="chromosome")
    assert [len(part) for part in (fold.train, fold.valid, fold.test)] == [70, 10, 20]
    fold = cut("interval", rows, by="chromosome", test_chromosomes=["chr8", "chr9"], valid_chromosomes="chr7")
    assert fold.test.tolist() == list(range(70, 90))
    assert fold.valid.tolist() == list(range(60, 70))
    fold = cut("interval", rows, by="chromosome", test_chromosomes="chr8")
    assert (len(fold.test), len(fold.valid)) == (10, 10)
    assert len({row // 10 for row in fold.valid}) == 1
    assert groups("interval", rows, by="chromosome")[:2] == ["chr1:0", "chr1:1000"], "the unit of intervals is a region"
    assert groups("interval", table(chrom=["a", "b"]), by="chromosome") == ["a", "b"]


def test_intervals_that_cannot_be_read():
    chrom = ["a"] * 3
    refused("interval", table(start=[1]), "finds no column called chrom, chr.*Name one with chrom: NAME")
    refused("interval", table(chrom=chrom, start=[1, "x", 3], end=[2, 3, 4]), "row 2: column 'start' holds 'x'")
    refused("interval", table(chrom=chrom, start=[1, 2, 7], end=[2, 3, 5]), "row 3: the interval a:7-5 ends before")
    refused("interval", table(chrom=["a", None, "a"], start=[1, 2, 3]), r"row 2: no chromosome \(1 such rows")
    rows = table(chrom=["chr1", "chr2", "chr3"], start=[1, 2, 3])
    refused("interval", rows, "no chromosome 'chr4'. Did you mean", by="chromosome", test_chromosomes="chr4")
    with pytest.raises(ConfigError, match="named chromosomes need by: chromosome"):
        SPLITS.build("interval", test_chromosomes="chr1")
    with pytest.raises(ConfigError, match="'chr1' is asked for in both parts"):
        SPLITS.build("interval", by="chromosome", test_chromosomes="chr1", valid_chromosomes=["chr1"])
    with pytest.raises(ConfigError, match="by is region or chromosome; found 'gene'"):
        SPLITS.build("interval", by="gene")
    with pytest.raises(ConfigError, match="margin is a distance in nt"):
        SPLITS.build("interval", margin=-1)


# time -------------------------------------------------------------------------------------------
def test_the_past_trains_and_the_future_tests():
    year = np.random.default_rng(0).integers(2000, 2020, 300)
    fold = cut("time", table(year=year))
    assert year[fold.train].max() < year[fold.valid].min()
    assert year[fold.valid].max() < year[fold.test].min(), "rows of one year stay together"
    assert len(fold.test) == pytest.approx(60, abs=15)
    assert len(fold.valid) == pytest.approx(30, abs=15)


def test_dates_and_their_first_moments():
    rows = table(Date=pd.date_range("2020-01-01", periods=100).astype(str))
    assert len(cut("time", rows, test_from="2020-03", valid=0).train) == 60
    fold = cut("time", rows, test_from=datetime.date(2020, 3, 1), valid_from="2020-02-01")
    assert [len(part) for part in (fold.train, fold.valid, fold.test)] == [31, 29, 40]
    fold = cut("time", rows, test_from="2020-03-01", valid=0.1)
    assert [len(part) for part in (fold.train, fold.valid, fold.test)] == [50, 10, 40]
    mixed = table(published=["2019", "2019-05", "2020-01-01", "2021-01-01T12:00"])
    assert cut("time", mixed, valid=0, test_from="2020").test.tolist() == [2, 3]


def test_moments_that_cannot_be_read():
    refused(
        "time", table(date=["2020-01-01", "spring"]), "row 2: column 'date' holds 'spring', which is neither number"
    )
    refused("time", table(date=["2020-01-01", "01/02/2020"]), "Write dates as 2024-05-31")
    refused("time", table(date=["2020-01-01", None]), r"row 2: column 'date' holds None")
    refused("time", table(x=[1, 2]), "finds no column called date, year")
    refused("time", table(year=[2000] * 9), "part of the split is empty")
    rows = table(date=pd.date_range("2020-01-01", periods=9).astype(str))
    refused(
        "time", rows, "test_from is an ISO 8601 date, as the column is; found 'soon'", ConfigError, test_from="soon"
    )
    years = table(year=range(2000, 2009))
    refused("time", years, "test_from is a number", ConfigError, test_from=datetime.date(2004, 1, 1))
    refused("time", years, "valid_from 2008 must not be later", ConfigError, test_from=2005, valid_from=2008)
    refused("time", years, "the test part of the split is empty", test_from=2050)
