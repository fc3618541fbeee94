"""The task of corresponding genes: what it refuses, its loss by hand, its table, its JSON."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from exapt.core.contracts import Batch, Column, Features, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import METRICS, TASKS

COLUMNS = {"gene": Column("id", "label"), "protein": Column("input", "protein"), "group": Column("target", "label")}


def genes(groups=("COG1", "COG2", "COG1", "COG3"), **columns):
    n = len(groups)
    frame = {"gene": [f"g{i}" for i in range(n)], "protein": ["MKV"] * n, "group": list(groups)}
    kept = {name: column for name, column in (COLUMNS | columns).items() if column}
    return Table(pd.DataFrame(frame).assign(other="MKA"), kept, "genes.tsv")


def fitted(**options):
    task = TASKS.build("genome_comparison", **options)
    task.fit(genes())
    return task


class Backbone:
    dim = 6


def test_the_loss_is_the_cross_entropy_of_cosines_over_the_temperature():
    task = fitted(temperature=0.1, dropout=0.0, width=4, hidden=8)
    torch.manual_seed(0)
    head, pooled = task.build_head([Backbone()]).eval(), torch.randn(4, 6)
    features = Features(pooled.unsqueeze(1), torch.ones(4, 1, dtype=torch.bool), pooled)
    vectors, points = head.project(pooled).detach().numpy(), head.proxies.detach().numpy()
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    scores = vectors @ points.T / 0.1
    right = [0, 1, 0, 2]
    by_hand = np.mean(np.log(np.exp(scores).sum(1)) - scores[np.arange(4), right])
    truth = {name: torch.from_numpy(values) for name, values in task.targets(genes()).items()}
    found = task.loss(head(features), Batch({}, truth, genes().ids()))
    assert found.item() == pytest.approx(by_hand, rel=1e-4)


def test_rows_without_a_group_do_not_count():
    task = fitted()
    output = torch.randn(4, 3)
    truth = torch.from_numpy(task.targets(genes(("COG1", None, "COG2", None)))["y"])
    assert truth.tolist() == [0, -1, 1, -1]
    known = task.loss(output[[0, 2]], Batch({}, {"y": truth[[0, 2]]}, ["a", "b"]))
    assert task.loss(output, Batch({}, {"y": truth}, list("abcd"))).item() == pytest.approx(known.item())


def test_the_table_has_the_two_best_groups_and_not_all():
    task = fitted()
    table = task.listed(task.frame(np.array([[0.2, 0.5, 0.3], [0.6, 0.0, 0.4]]), ["x", "y"]))
    assert list(table) == ["id", "group", "probability", "second", "second_probability"]
    assert table["group"].tolist() == ["COG2", "COG1"]
    assert table["second"].tolist() == ["COG3", "COG3"]
    assert table["second_probability"].tolist() == [0.3, 0.4]


def test_metrics_are_those_of_classes():
    assert fitted().metrics()[0] == "macro_f1"
    assert fitted(primary="accuracy").metrics()[0] == "accuracy"
    assert all("class" in METRICS.get(name).kinds for name in fitted().metrics())


def test_state_builds_an_equal_task():
    task = fitted(width=5, hidden=7, temperature=0.2, primary="accuracy")
    again = TASKS.build("genome_comparison", **json.loads(json.dumps(task.state())))
    assert again.state() == task.state()
    assert again.classes == ("COG1", "COG2", "COG3")
    shapes = [{k: v.shape for k, v in t.build_head([Backbone()]).state_dict().items()} for t in (task, again)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"protein": Column("input", "molecule")}, "as protein or DNA; the input columns hold molecule"),
        ({"protein": None}, "hold nothing"),
        ({"other": Column("input", "protein")}, "hold protein, protein"),
        ({"group": Column("target", "number")}, r"group \(number\)\. Name one .* modality: {NAME: label}"),
        ({"group": None}, "target columns: none"),
    ],
)
def test_rows_that_are_no_genes_with_a_group_are_refused(columns, said):
    with pytest.raises(DataError, match=f"genes.tsv: task 'genome_comparison' .*{said}"):
        TASKS.build("genome_comparison").fit(genes(**columns))


def test_genes_may_be_dna():
    TASKS.build("genome_comparison").fit(genes(protein=Column("input", "dna")))


def test_a_group_that_training_has_not_is_an_error():
    with pytest.raises(DataError, match="label 'COG9' of 'group' does not occur in the training part"):
        fitted().targets(genes(("COG1", "COG9")))


@pytest.mark.parametrize("options", [{"width": 0}, {"temperature": 0.0}, {"hidden": 0}, {"dropout": 1.0}])
def test_impossible_options(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        TASKS.build("genome_comparison", **options)
