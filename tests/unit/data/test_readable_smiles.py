"""Unreadable molecules: dropped, counted, and listed with row and reason."""

import json

import pandas as pd
import pytest

from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Column, Table
from exapt.data import cards, cleaning, loading
from exapt.data.cleaning import DETAILS, clean
from exapt.data.formats import Raw

BAD = "CN(C)(C)C"
RULE = [Piece(name="readable_smiles")]


def table(smiles):
    frame = pd.DataFrame({"m": smiles, "line": range(2, 2 + len(smiles))})
    return Table(frame, {"m": Column("input", "molecule")}, "x.csv")


def test_dropped_counted_and_listed():
    after, report = clean(table(["CCO", BAD, "C(C"]), RULE)
    assert after.frame["m"].tolist() == ["CCO"]
    assert report.lines() == [
        "readable_smiles: 3 -> 1 rows (SMILES that RDKit cannot read), e.g. row 2, row 3",
        "x.csv:3: Explicit valence for atom # 1 N, 4, is greater than permitted: CN(C)(C)C",
        "x.csv:4: the spelling is no SMILES: C(C",
    ]
    (entry,) = report.as_list()
    assert json.loads(json.dumps(entry))["details"] == report.lines()[1:]


def test_the_list_is_bounded():
    _, report = clean(table(["CCO", "CCN"] + [BAD] * 100), RULE)
    assert report.steps[0].found == 100
    assert len(report.steps[0].details) == DETAILS


def test_other_rules_list_nothing():
    _, report = clean(table(["CCO", "", "CCN"]), [Piece(name="empty")])
    assert report.steps[0].details == ()


@pytest.mark.parametrize("asked", [None, [{"name": "readable_smiles"}], ["duplicated"]])
def test_a_card_asks_for_it(monkeypatch, asked):
    card = cards.read("tox21").model_copy(
        update={"columns": {"smiles": cards.CardColumn(role="input", modality="molecule")}}
    )
    assert [piece.name for piece in card.clean] == ["readable_smiles"]
    raw = Raw(pd.DataFrame({"smiles": ["CCO", BAD, "CCN", "CCN"]}))
    monkeypatch.setattr(loading.cards, "read", lambda name: card)
    monkeypatch.setattr(loading.cards, "fetch", lambda card: {})
    monkeypatch.setattr(loading.cards, "parse", lambda *_: raw)
    result = loading.load(DataConfig.model_validate({"name": "tox21", "clean": asked}))
    assert [step.rule for step in result.report.steps].count("readable_smiles") == 1
    assert len(result.table) == (2 if asked == ["duplicated"] else 3)


def test_nothing_else_is_read_by_it():
    assert (
        cleaning.apply(Table(pd.DataFrame({"s": ["ACGT"]}), {"s": Column("input", "dna")}, "x"), RULE)[1][0].found == 0
    )
