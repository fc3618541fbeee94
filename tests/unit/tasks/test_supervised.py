"""Supervised tasks: the kind of target, its loss by hand, decoding, tables and their JSON."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import toys
from exapt.core.contracts import Batch, Column, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import METRICS, TASKS

NAMES = ["sequence_property", "expression"]


def table(**columns):
    frame = pd.DataFrame(columns)
    kinds = {name: "number" if values.dtype.kind == "f" else "label" for name, values in frame.items()}
    return Table(frame, {name: Column("target", kind) for name, kind in kinds.items()}, "x.csv")


def labels():
    return table(kind=["a", "b", "c", "a", "a", "b"])


def yes_no(**change):
    return table(**{"one": [0, 1, 1, 0], "two": [1, 1, 0, 0], **change})


def numbers():
    return table(weight=[1.0, 3.0, 5.0, 7.0])


def fitted(rows, **options):
    task = TASKS.build("sequence_property", **options)
    task.fit(rows)
    return task


def loss(task, output, rows):
    truth = {name: torch.from_numpy(values) for name, values in task.targets(rows).items()}
    return task.loss(output, Batch({}, truth, rows.ids()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [labels(), yes_no(), numbers()], ids=["labels", "yes_no", "numbers"])
def test_a_task_is_built_again_from_its_json(name, rows):
    task = TASKS.build(name, hidden=3, dropout=0.1, smoothing=0.1, balanced=True)
    task.fit(rows)
    again = TASKS.build(name, **json.loads(json.dumps(task.state())))
    output = torch.randn(len(rows), task.target.n_out, generator=torch.Generator().manual_seed(0))
    assert again.state() == task.state()
    np.testing.assert_array_equal(again.decode(output), task.decode(output))
    assert loss(again, output, rows) == loss(task, output, rows)
    pd.testing.assert_frame_equal(
        again.frame(task.decode(output), rows.ids()), task.frame(task.decode(output), rows.ids())
    )


def test_classes_have_cross_entropy_and_probabilities():
    task, rows = fitted(labels()), labels()
    output = torch.tensor([[2.0, 0.0, -1.0]] * 6)
    chance = torch.softmax(output[0].double(), 0).numpy()
    expected = -np.log(chance[[0, 1, 2, 0, 0, 1]]).mean()
    assert loss(task, output, rows).item() == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(task.decode(output)[3], chance)
    frame = task.frame(task.decode(output), ["x"] * 6)
    assert list(frame) == ["id", "predicted", "probability", "p:a", "p:b", "p:c"]
    assert frame["predicted"].tolist() == ["a"] * 6
    assert frame["probability"].tolist() == pytest.approx([chance[0]] * 6)


def test_balanced_classes_weigh_the_same_in_sum():
    task = fitted(labels(), balanced=True)
    assert task.target.weights == pytest.approx((6 / 9, 6 / 6, 6 / 3))
    counts = np.array([3, 2, 1])
    assert counts * task.target.weights == pytest.approx([2, 2, 2])
    output = torch.zeros(6, 3)
    assert loss(task, output, labels()).item() == pytest.approx(np.log(3))


def test_a_missing_label_counts_for_nothing():
    rows = table(kind=["a", "b", None, "b"])
    task = fitted(labels())
    assert task.targets(rows)["y"].tolist() == [0, 1, -1, 1]
    output = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    known = rows.take(np.array([0, 1, 3]))
    assert loss(task, output, rows).item() == pytest.approx(loss(task, output[[0, 1, 3]], known).item())


def test_a_label_that_training_has_not_seen_is_named():
    with pytest.raises(DataError, match="label 'd' of 'kind' does not occur in the training part"):
        fitted(labels()).targets(table(kind=["a", "d"]))


def test_fitting_again_keeps_the_order_of_the_classes():
    task = fitted(labels(), balanced=True)
    task.fit(table(kind=["b", "a", "b", "b"]))
    assert task.target.classes == ("a", "b", "c")
    assert task.target.weights == pytest.approx((4 / 3, 4 / 9, 4 / 3))


def test_yes_no_labels_are_independent():
    task, rows = fitted(yes_no()), yes_no()
    output = torch.tensor([[0.0, 3.0]] * 4)
    chance = 1 / (1 + np.exp(-3))
    expected = (4 * np.log(2) - 2 * np.log(chance) - 2 * np.log(1 - chance)) / 8
    assert loss(task, output, rows).item() == pytest.approx(expected, rel=1e-6)
    assert task.decode(output)[0].tolist() == pytest.approx([0.5, chance])
    assert list(task.frame(task.decode(output), rows.ids())) == ["id", "p:one", "p:two"]
    assert task.metrics()[0] == "auroc"


def test_a_yes_no_label_may_be_missing():
    rows = yes_no(one=[0.0, np.nan, 1.0, 0.0])
    task = TASKS.build("sequence_property")
    rows = Table(rows.frame, dict.fromkeys(("one", "two"), Column("target", "label")), "x.csv")
    task.fit(rows)
    output = torch.zeros(4, 2)
    assert loss(task, output, rows).item() == pytest.approx(np.log(2))
    output[1, 0] = 50.0
    assert loss(task, output, rows).item() == pytest.approx(np.log(2))


@pytest.mark.parametrize(("values", "found"), [(["x", "y", "x", "y"], "'x'"), ([0, 1, 2, 0], "2")])
def test_several_labels_that_are_no_yes_and_no_are_refused(values, found):
    rows = table(one=[0, 1, 0, 1], two=values)
    with pytest.raises(DataError, match=f"'two' holds {found}.*choose a single --target"):
        fitted(rows)
    task = fitted(yes_no())
    with pytest.raises(DataError, match="yes/no labels"):
        task.targets(rows)


def test_a_number_is_learned_on_its_own_scale_and_given_back_in_its_unit():
    task, rows = fitted(numbers()), numbers()
    assert (task.target.mean, task.target.scale) == ((4.0,), pytest.approx((np.sqrt(5),)))
    output = torch.tensor([[-3.0], [-1.0], [1.0], [3.0]]) / np.sqrt(5)
    assert task.decode(output).tolist() == pytest.approx([1, 3, 5, 7])
    assert loss(task, output, rows).item() == pytest.approx(0, abs=1e-12)
    assert loss(task, output + 0.5, rows).item() == pytest.approx(0.125), "quadratic below 1"
    assert loss(task, output + 3, rows).item() == pytest.approx(2.5), "linear above 1"
    assert list(task.frame(task.decode(output), rows.ids())) == ["id", "predicted"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rows", [labels(), yes_no(), numbers()], ids=["labels", "yes_no", "numbers"])
def test_every_metric_suits_the_kind_of_target(name, rows):
    task = TASKS.build(name)
    task.fit(rows)
    assert all(task.target.kind in METRICS.get(metric).kinds for metric in task.metrics())
    assert len(task.metrics()) == len({*task.metrics()})


def test_the_primary_metric_comes_first_and_once():
    task = fitted(labels(), primary="mcc")
    assert task.metrics()[0] == "mcc"
    assert sorted(task.metrics()) == sorted(fitted(labels()).metrics())


def test_heads_are_linear_or_have_one_hidden_layer():
    backbones = [toys.model().backbones["seq"]] * 2
    linear, deep = (fitted(labels(), hidden=hidden).build_head(backbones) for hidden in (None, 5))
    assert [tuple(p.shape) for p in linear.parameters()] == [(3, 24), (3,)]
    assert [tuple(p.shape) for p in deep.parameters()] == [(5, 24), (5,), (3, 5), (3,)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "hidden is a whole number of at least 1; found 0"),
        ({"hidden": "big"}, "found 'big'"),
        ({"dropout": 1}, r"dropout lies in \[0, 1\); found 1"),
        ({"dropout": -0.1}, "dropout"),
        ({"smoothing": 2}, "smoothing"),
        ({"smoothing": "much"}, "smoothing"),
        ({"hiden": 3}, "Did you mean 'hidden'"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ConfigError, match=message):
        TASKS.build("sequence_property", **options)


def test_what_cannot_be_learned_is_refused():
    with pytest.raises(DataError, match="only 'a' in the training part"):
        fitted(table(kind=["a", "a"]))
    with pytest.raises(DataError, match="same value in all training rows"):
        fitted(table(weight=[2.0, 2.0]))
    with pytest.raises(DataError, match="no target column"):
        fitted(Table(pd.DataFrame({"x": [1]}), {"x": Column("input", "dna")}, "x.csv"))
