"""The task of affinities: what it refuses, its loss by hand, its table, its JSON."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from exapt.core.contracts import Batch, Column, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import METRICS, TASKS

COLUMNS = {
    "pair": Column("id", "label"),
    "smiles": Column("input", "molecule"),
    "sequence": Column("input", "protein"),
    "pkd": Column("target", "number", "pKd"),
}


def pairs(values=(5.0, 7.0, 9.0, 7.0), **columns):
    n = len(values)
    frame = {"pair": [f"d{i}/p" for i in range(n)], "smiles": ["CCO"] * n, "sequence": ["MKV"] * n, "pkd": list(values)}
    return Table(pd.DataFrame(frame), COLUMNS | columns, "x.csv")


def fitted(rows=None, **options):
    task = TASKS.build("drug_target", **options)
    task.fit(pairs() if rows is None else rows)
    return task


def loss(task, rows, output):
    truth = {name: torch.from_numpy(values) for name, values in task.targets(rows).items()}
    return float(task.loss(torch.tensor(output), Batch({}, truth, rows.ids())))


def test_metrics_start_with_those_of_the_field():
    assert fitted().metrics()[:3] == ["mse", "concordance", "rm2"]
    assert fitted(primary="concordance").metrics()[:2] == ["concordance", "mse"]
    assert all("number" in METRICS.get(name).kinds for name in fitted().metrics())


def test_loss_by_hand():
    """Mean 7, standard deviation sqrt(2); outputs 0 are errors of -2, 0, 2 and 0 pKd, of which squares / 2 count."""
    zeros = [[0.0]] * 4
    assert loss(fitted(), pairs(), zeros) == pytest.approx((4 + 0 + 4 + 0) / 2 / 4)
    far = 2 / np.sqrt(2)
    assert loss(fitted(loss="huber"), pairs(), zeros) == pytest.approx(2 * (far - 0.5) / 4)
    assert loss(fitted(), pairs((5.0, np.nan, 7.0)), [[0.0]] * 3) == pytest.approx(4 / 2 / 2), (
        "missing ones do not count"
    )


def test_numbers_come_back_in_their_unit():
    task = fitted()
    np.testing.assert_allclose(task.decode(torch.tensor([[0.0], [1.0]])), [7, 7 + np.sqrt(2)])


def test_a_task_is_built_again_from_its_json():
    task = fitted(width=3, hidden=5, layers=1, dropout=0.2, loss="huber", primary="rm2")
    again = TASKS.build("drug_target", **json.loads(json.dumps(task.state())))
    assert again.state() == task.state()
    assert again.metrics() == task.metrics()


def test_table_names_drug_and_target():
    frame = fitted().listed(fitted().frame(np.array([6.5, 7.0]), ["aspirin/COX-1", "b/c/d"]))
    assert frame.to_dict("list") == {
        "id": ["aspirin/COX-1", "b/c/d"], "drug": ["aspirin", "b"], "target": ["COX-1", "c/d"], "pkd": [6.5, 7.0],
    }  # fmt: skip
    assert list(fitted().frame(np.array([6.5]), ["17"])) == ["id", "predicted"], "as the report reads it"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"sequence": Column("input", "dna")}, "a molecule and a protein; the input columns hold dna, molecule"),
        ({"sequence": Column("group", "protein")}, "the input columns hold molecule"),
        ({"pkd": Column("target", "label")}, "predicts one number"),
        ({"pkd": Column("group", "number")}, "the target columns are none"),
    ],
)
def test_other_tables_are_refused(columns, said):
    with pytest.raises(DataError, match=said):
        fitted(pairs(**columns))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"loss": "mae"}, "unknown loss 'mae'"),
        ({"width": 0}, "width"),
        ({"layers": 1.5}, "layers"),
        ({"hidden": 0}, "hidden"),
    ],
)
def test_wrong_options_are_refused(options, said):
    with pytest.raises(ConfigError, match=said):
        TASKS.build("drug_target", **options)
