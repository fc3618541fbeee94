"""Entities of pairs under several names."""

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Fold, Table
from exapt.data.keys import distinct
from exapt.data.leakage import audit
from exapt.data.leakage.names import names

PROTEIN, MOLECULE = Column("input", "protein"), Column("input", "molecule")
NONE = np.empty(0, dtype=np.int64)


def kinases(n_drugs=4):
    """Three names of two sequences (one in lower case), each with all drugs."""
    drugs = [f"d{i}" for i in range(n_drugs)]
    rows = [(d, "C" * (i + 1), *kinase) for i, d in enumerate(drugs)
            for kinase in (("ABL1", "MLEICLK"), ("ABL1p", "mleiclk"), ("SRC", "MGSNKSK"))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["drug", "smiles", "kinase", "sequence"])
    frame["batch"] = np.arange(len(frame)) % 2
    frame["row"] = [f"r{i}" for i in range(len(frame))]
    return Table(frame, {"smiles": MOLECULE, "sequence": PROTEIN}, "toy")


def test_columns_of_names_are_found_by_what_their_values_stand_for():
    found = names(kinases())
    assert {name: one.counts() for name, one in found.items()} == {
        "drug": {"names": 4, "values": 4},
        "kinase": {"names": 3, "values": 2},
    }
    assert found["kinase"].several() == [["ABL1", "ABL1p"]]
    assert found["drug"].several() == []


def test_names_that_stand_for_two_sequences_or_are_missing_are_none():
    table = kinases()
    table.frame.loc[0, "kinase"] = "SRC"
    assert list(names(table)) == ["drug"]
    table.frame.loc[0, "kinase"] = None
    assert list(names(table)) == ["drug"]


def test_names_on_both_sides_are_one_pool():
    frame = pd.DataFrame({"a": list("PPQQRR"), "b": list("QRPRPQ")})
    sequences = {"P": "MKV", "Q": "MAA", "R": "MAA"}
    for side in "ab":
        frame[f"{side}_sequence"] = frame[side].map(sequences)
    table = Table(frame, {"a_sequence": PROTEIN, "b_sequence": PROTEIN}, "toy")
    (name,) = found = names(table)
    assert name == "a, b"
    assert found[name].counts() == {"names": 3, "values": 2}
    assert found[name].overlap(Fold(np.array([0]), NONE, np.array([1, 2]))) == {"test": 3, "in_training": 2}


def test_the_audit_tells_both_numbers():
    table = kinases()
    is_test = (table.frame["kinase"] == "ABL1p").to_numpy()
    result = audit(table, [Fold(np.flatnonzero(~is_test), NONE, np.flatnonzero(is_test))])
    assert result["names"]["kinase"] == {"names": 3, "values": 2}
    assert (result["several_names"], result["several_names_examples"]) == (1, [{"kinase": "ABL1, ABL1p"}])
    assert result["entity_overlap_by_name"]["kinase"] == {"test": 1, "in_training": 0}
    assert result["exact_duplicates"] == 4
    assert any("(by name in kinase 0 of 1)" in reason for reason in result["reasons"])


@pytest.mark.parametrize("values", [["b", "a", "b"], ["x"], []])
def test_distinct_values_give_all_values_back(values):
    codes, different = distinct(values)
    assert [different[code] for code in codes] == values
    assert len(set(different)) == len(different)
