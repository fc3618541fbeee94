"""What is wrong with public sequence sets, counted on their files as they are.

Provenance: each exact number stands in the description of the set, found when it was chosen, by sets of strings
without any code of this package. Numbers of near duplicates are bounds: two tools agree on them to a few per cent.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from exapt.bio.align.clusters import cluster
from exapt.bio.align.search import nearest
from exapt.bio.sequence.alphabets import canonical
from exapt.core.config import DataConfig
from exapt.core.registry import BASELINES, SPLITS
from exapt.data import cards
from exapt.data.loading import load
from exapt.evaluate.baselines import defaults

pytestmark = pytest.mark.mirror


@cache
def loaded(name, sets=()):
    return load(DataConfig(name=name, options={"sets": list(sets)} if sets else {}))


def parts(name, split=None, sets=()):
    """Training (with validation) and test rows."""
    result = loaded(name, sets)
    piece = split or result.split.name
    fold = SPLITS.build(piece, **(result.split.options if split is None else {}))(result.table)[0]
    frame = result.table.frame
    return frame.iloc[np.concatenate([fold.train, fold.valid])], frame.iloc[fold.test]


def copies(train, test):
    """Test rows whose sequence, on either strand, is in training."""
    return np.isin(canonical(test["sequence"].tolist()), canonical(train["sequence"].tolist()))


def near(train, test, identity):
    hits = nearest(
        test["sequence"].tolist(), train["sequence"].tolist(), "dna", identity=identity, coverage=0.8, tool="kmers"
    )
    return hits.index >= 0


def test_nrc13_copies_and_families():
    train, test = parts("nrc13")
    assert (len(train), len(test)) == (6320, 2600)
    assert test["sequence"].isin(set(train["sequence"])).sum() == 347
    assert copies(train, test).sum() == 347
    assert test["family"].isin(set(train["family"])).sum() == 2536
    assert train["family"].nunique() == 603
    assert loaded("nrc13").table.names("group") == ["family"]
    assert test["label"].value_counts().unique().tolist() == [200]
    assert train["label"].value_counts()["IRES"] == 320


def test_nrc13_near_duplicates():
    train, test = parts("nrc13")
    found = near(train, test, 0.8)
    assert found[copies(train, test)].all()
    assert 1100 <= found.sum() <= 1250
    assert 390 <= near(train, test, 0.9).sum() <= 420


def test_ienhancer_strong_test_enhancers_are_training_enhancers():
    train, test = parts("ienhancer_layer2")
    assert (len(train), len(test)) == (1484, 200)
    upper = set(train["sequence"].str.upper())
    assert test["sequence"].isin(upper).groupby(test["label"]).sum().to_dict() == {"strong": 100, "weak": 0}
    train, test = parts("ienhancer_layer1")
    assert (len(train), len(test)) == (2968, 400)
    assert test["sequence"].isin(set(train["sequence"].str.upper())).groupby(test["label"]).sum()["enhancer"] == 100


def test_gue_prom_core_tata_copies():
    result = loaded("gue_prom_core_tata")
    fold = SPLITS.build(result.split.name, **result.split.options)(result.table)[0]
    frame = result.table.frame
    assert copies(frame.iloc[fold.train], frame.iloc[fold.test]).sum() == 16
    hits = nearest(
        frame["sequence"].iloc[fold.test].tolist(),
        frame["sequence"].iloc[fold.train].tolist(),
        "dna",
        identity=0.8,
        coverage=0.8,
    )
    # Every test sequence aligned with every training sequence by Smith and Waterman: 58.
    assert 55 <= (hits.index >= 0).sum() <= 59


def test_uci_splice_repeats():
    frame = loaded("uci_splice").table.frame
    assert frame["sequence"].duplicated().sum() == 185
    codes = cluster(frame["sequence"].tolist(), "dna", identity=0.9, coverage=0.8, tool="kmers").codes
    assert pd.Series(codes).groupby(frame["sequence"].tolist()).nunique().max() == 1
    assert 2750 <= codes.max() + 1 <= 2830


def test_native_yeast_promoters_have_near_duplicates_under_a_random_split():
    train, test = parts("yeast_promoter_gpra", "random", ("native",))
    assert (len(train), len(test)) == (2986, 747)
    assert copies(train, test).sum() == 0, "no copies: only an alignment finds this leak"
    assert set(test["sequence"].str.len()) == {80}
    assert near(train, test, 0.9).all()
    honest_train, honest_test = parts("yeast_promoter_gpra")
    assert (len(honest_train), len(honest_test)) == (2954, 3733)
    assert near(honest_train, honest_test, 0.8).mean() < 0.02


def test_the_homology_split_removes_them():
    result = loaded("yeast_promoter_gpra", ("native",))
    fold = SPLITS.build("homology", tool="kmers")(result.table)[0]
    frame = result.table.frame
    before = near(*parts("yeast_promoter_gpra", "random", ("native",)), 0.8).sum()
    after = near(frame.iloc[np.concatenate([fold.train, fold.valid])], frame.iloc[fold.test], 0.8).sum()
    assert after <= 0.01 * before


def rand_index(one, other):
    """Adjusted Rand index of two clusterings (Hubert & Arabie 1985)."""
    table = pd.crosstab(one, other).to_numpy().astype(float)
    cells, rows, columns, total = (
        (n * (n - 1) / 2).sum() for n in (table, table.sum(1), table.sum(0), np.array([table.sum()]))
    )
    expected = rows * columns / total
    return (cells - expected) / ((rows + columns) / 2 - expected)


@pytest.mark.parametrize(
    ("name", "modality", "identity", "agreement"),
    [("swissprot_a_prefix", "protein", 0.5, 0.9), ("yeast_promoter_gpra", "dna", 0.8, 0.99)],
)
def test_both_tools_make_the_same_clusters(name, modality, identity, agreement):
    sets = ("native",) if name == "yeast_promoter_gpra" else ()
    sequences = loaded(name, sets).table.frame["sequence"]
    some = sequences.sample(300, random_state=0).tolist()
    found = [cluster(some, modality, identity=identity, coverage=0.8, tool=tool).codes for tool in ("mmseqs", "kmers")]
    assert found[0].max() + 1 < 0.95 * len(some)
    assert rand_index(*found) > agreement


def test_the_header_of_a_transcript_gives_the_label_away():
    result = loaded("lnc_vs_pct_human")
    frame = result.table.frame
    assert result.table.names("id") == ["id"]
    assert result.table.names("group") == ["gene"]
    assert (frame["id"].str.contains("CDS:") == (frame["label"] == "pct")).all()
    assert frame["label"].value_counts().to_dict() == {"pct": 500, "lncRNA": 500}
    assert frame["gene"].str.fullmatch(r"ENSG\d{11}").all()
    train, test = parts("lnc_vs_pct_human")
    assert not set(train["gene"]) & set(test["gene"])


@pytest.mark.parametrize(
    ("name", "rows", "promoters"), [("cnnprom_ecoli", 3839, 839), ("cnnprom_bsubtilis", 1373, 373)]
)
def test_composition_alone_separates_a_part_of_the_promoters(name, rows, promoters):
    table = loaded(name).table
    assert len(table) == rows
    truth = (table.frame["label"] == "promoter").to_numpy(dtype=np.int64)
    assert truth.sum() == promoters
    fold = SPLITS.build("stratified")(table)[0]
    model = BASELINES.build("composition").fit(table.take(fold.train), truth[fold.train], "class")
    score = model.predict(table.take(fold.test))[:, 1]
    positive, negative = score[truth[fold.test] == 1], score[truth[fold.test] == 0]
    auroc = (positive[:, None] > negative).mean()
    assert auroc > 0.8
    assert "composition" in defaults("class", ["dna"])


@pytest.mark.parametrize(("name", "share"), [("cnnprom_ecoli", 0.3), ("cnnprom_bsubtilis", 0.25)])
def test_overlapping_negatives_of_cnnprom_are_near_duplicates_under_a_random_split(name, share):
    train, test = parts(name, "random")
    found = near(train, test, 0.9)
    assert found.mean() > share
    assert set(test["label"][found]) >= {"none"}
    assert (
        found[(test["label"] == "none").to_numpy()].mean() > 2 * found[(test["label"] == "promoter").to_numpy()].mean()
    )
    assert copies(train, test).sum() <= 1
    assert near(*parts(name), 0.9).sum() == 0


@pytest.mark.parametrize(
    "name",
    ["nrc13", "ienhancer_layer1", "ienhancer_layer2", "yeast_promoter_gpra", "lnc_vs_pct_human", "cnnprom_ecoli",
     "cnnprom_bsubtilis"],
)  # fmt: skip
def test_the_cards_own_split_can_be_cut(name):
    card = cards.read(name)
    train, test = parts(name)
    assert len(train) + len(test) == card.rows == len(loaded(name).table)
    assert card.warnings
