"""The task of side effects: what it refuses, its metrics, one row a drug and effect."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from exapt.core.contracts import Column, Table
from exapt.core.errors import DataError
from exapt.core.registry import TASKS

EFFECTS = ["nausea", "rash, mild", "fever"]


def drugs(**columns):
    frame = pd.DataFrame({"smiles": ["CCO", "CCN"], "nausea": [0, 1], "rash, mild": [1, 0], "fever": [0, 1]})
    labels = {name: Column("target", "label") for name in EFFECTS}
    return Table(frame, {"smiles": Column("input", "molecule")} | labels | columns, "x.csv")


def fitted(rows=None, **options):
    task = TASKS.build("side_effects", **options)
    task.fit(drugs() if rows is None else rows)
    return task


def test_metrics_and_json():
    task = fitted(hidden=4, dropout=0.1)
    assert task.kind == "multilabel"
    assert task.metrics() == ["auroc", "auprc", "brier"]
    assert TASKS.build("side_effects", **json.loads(json.dumps(task.state()))).state() == task.state()
    assert fitted(primary="brier").metrics() == ["brier", "auroc", "auprc"]


def test_one_row_a_drug_and_effect_the_most_probable_first():
    task = fitted()
    chances = task.decode(torch.tensor([[0.0, 2.0, -2.0], [3.0, -1.0, 1.0]]))
    wide = task.frame(chances, ["ethanol", "ethylamine"])
    assert len(wide) == 2, "one row an example, as the report reads it"
    found = task.listed(wide.assign(similarity=[0.4, 1.0]))
    assert list(found) == ["id", "effect", "probability", "similarity"]
    assert found["id"].tolist() == ["ethanol"] * 3 + ["ethylamine"] * 3
    assert found["effect"].tolist() == ["rash, mild", "nausea", "fever", "nausea", "fever", "rash, mild"]
    np.testing.assert_allclose(found["probability"][:3], np.sort(chances[0])[::-1])
    assert found["similarity"].tolist() == [0.4] * 3 + [1.0] * 3


def test_what_cannot_be_said_is_said_of_each_effect():
    task = fitted()
    wide = task.frame(np.array([[0.5, 0.9, 0.2]]), ["x"]).assign(
        unknown="nausea; fever", possible="rash, mild | nausea?"
    )
    found = task.listed(wide).set_index("effect")
    assert found["unknown"].to_dict() == {"rash, mild": "no", "nausea": "yes", "fever": "yes"}
    assert found["possible"].to_dict() == {"rash, mild": "yes", "nausea": "yes or no", "fever": "no"}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"smiles": Column("input", "protein")}, "one column of molecules; the input columns hold protein"),
        ({name: Column("group", "label") for name in EFFECTS[1:]}, "one target take task 'sequence_property'"),
        ({name: Column("target", "number") for name in EFFECTS}, "of kind 'number'"),
    ],
)
def test_other_tables_are_refused(columns, said):
    with pytest.raises(DataError, match=said):
        fitted(drugs(**columns))
