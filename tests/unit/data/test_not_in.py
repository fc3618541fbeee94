"""Rows that stand in other data sets are left out, in any spelling, and counted for each set."""

import numpy as np
import pandas as pd
import pytest

from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Column, Fold, Split, Table
from exapt.core.errors import ConfigError
from exapt.core.registry import CLEANERS, SPLITS
from exapt.data import loading
from exapt.data.cleaning import apply, not_in
from exapt.data.keys import canonical_keys
from exapt.data.loading import Loaded

OTHERS = {
    "first": ["CC(N)C(=O)O", "c1ccccc1"],
    "second": ["c1ccccc1", "CCO"],
}
SMILES = ["C[C@H]([NH3+])C(=O)[O-]", "CCN", "C1=CC=CC=C1.Cl", "OCC", "CCCl"]


def table(values=SMILES, modality="molecule"):
    return Table(pd.DataFrame({"x": values}), {"x": Column("input", modality)}, "corpus.csv")


class Last(Split):
    def __call__(self, table):
        rows = np.arange(len(table))
        return [Fold(rows[:-1], rows[:0], rows[-1:])]


@pytest.fixture(autouse=True)
def cards(monkeypatch):
    """Two small data sets whose own split tests on the last row, and one without a split."""

    def load(config):
        split = None if config.name == "none" else Piece(name="last")
        return Loaded(table(OTHERS.get(config.name, ["CCO"])), {}, [], None, split)

    monkeypatch.setattr(loading, "load", load)
    monkeypatch.setattr(SPLITS, "build", lambda *_, **__: Last())
    not_in._keys.cache_clear()
    yield
    not_in._keys.cache_clear()


def test_salts_charges_and_stereo_do_not_hide_a_molecule():
    kept, (step,) = apply(table(), [Piece(name="not_in", data=["first", "second"], part="all")])
    assert kept.frame["x"].tolist() == ["CCN", "CCCl"]
    assert (step.rows_in, step.rows_out, step.reason) == (5, 2, "in first 2, second 2")


def test_the_test_part_is_that_of_the_cards_own_split():
    kept, (step,) = apply(table(), [Piece(name="not_in", data=["first", "second"])])
    assert kept.frame["x"].tolist() == [SMILES[0], "CCN", "CCCl"]
    assert step.reason == "in the test part of first 1, second 1"


def test_what_cannot_be_left_out_is_refused():
    rule = CLEANERS.build("not_in", data=["none"])
    with pytest.raises(ConfigError, match="card 'none' has no split of its own"):
        rule(table())
    with pytest.raises(ConfigError, match=r"first and corpus\.csv share no kind of input"):
        CLEANERS.build("not_in", data=["first"])(table(["ACGT"], "dna"))
    for options in ({"data": "first"}, {"data": []}, {"data": ["first"], "part": "train"}):
        with pytest.raises(ConfigError, match="cleaning rule 'not_in'"):
            CLEANERS.build("not_in", **options)


@pytest.mark.slow
@pytest.mark.mirror
def test_no_test_molecule_of_a_benchmark_is_in_the_corpus(monkeypatch):
    monkeypatch.undo()
    corpus = loading.load(DataConfig(name="zinc_chembl", target=[]))
    assert "CHEMBL4822" not in corpus.table.frame
    keys = canonical_keys(corpus.table.frame["smiles"].tolist(), "molecule")
    for name, tested in (("bace", 152), ("bbbp", 204), ("sider", 143)):
        held = loading.load(DataConfig(name=name))
        (fold,) = SPLITS.build(held.split.name, **held.split.options)(held.table)
        assert len(fold.test) == tested
        smiles = held.table.take(fold.test).values(held.table.names("input")[0])
        assert not np.isin(canonical_keys(smiles, "molecule"), keys).any()
