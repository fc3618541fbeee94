"""From a configuration to encoded rows: the split, few labels, who learns from which rows."""

import numpy as np
import pandas as pd
import pytest

from exapt.api._prepare import cut_data, default_split, load_data, prepare_domain, prepare_source
from exapt.api.finetuning import finetune
from exapt.api.finetuning import test_groups as units_of
from exapt.core.config import Piece, parse
from exapt.core.errors import ConfigError, DataError


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    n = 120
    frame = pd.DataFrame(
        {
            "id": [f"s{i}" for i in range(n)],
            "sequence": ["".join(row) for row in rng.choice(list("ACGT"), (n, 12))],
            "label": rng.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]),
            "weight": rng.normal(10, 3, n),
            "family": np.arange(n) // 3,
        }
    )
    frame.to_csv(tmp_path / "x.csv", index=False)
    return tmp_path / "x.csv"


def config(data, target="label", group=None, **values):
    section = {"name": str(data), "target": target, "group": group}
    base = {"data": section, "task": "sequence_property", "backbone": {"name": "cnn", "dim": 8, "depth": 1}}
    return parse({**base, **values}, "test")


def domain(data, target="label", **values):
    wanted = config(data, target, **values)
    cut = cut_data(load_data(wanted.data), wanted.split)
    return prepare_domain(wanted, cut, cut.folds[0])


def labels(found, rows):
    return found.table.frame["label"].to_numpy()[rows]


def test_the_split_follows_what_is_known_of_the_data(data):
    loaded = load_data(config(data).data)
    assert default_split(loaded, None).plain() == {"name": "stratified", "column": "label"}
    assert default_split(loaded, Piece(name="random")).plain() == {"name": "random"}
    assert default_split(load_data(config(data, "weight").data), None).plain() == {"name": "random"}
    grouped = load_data(config(data, group="family").data)
    assert default_split(grouped, None).plain() == {"name": "group", "column": "family"}
    frame = pd.read_csv(data).assign(split=["train"] * 80 + ["valid"] * 20 + ["test"] * 20)
    frame.to_csv(data.with_name("parts.csv"), index=False)
    assert default_split(load_data(config(data.with_name("parts.csv")).data), None).name == "predefined"


def test_a_split_by_group_makes_it_the_unit_of_the_intervals(data):
    by_family = {"split": {"name": "group", "column": "family"}}
    for wanted in (config(data, group="family"), config(data, **by_family)):
        cut = cut_data(load_data(wanted.data), wanted.split)
        rows = cut.folds[0].test
        assert units_of(cut).tolist() == cut.table.frame["family"].to_numpy()[rows].tolist()
        assert len({*units_of(cut)}) < len(rows)
    alone = cut_data(load_data(config(data).data), None)
    assert len({*units_of(alone)}) == len(alone.folds[0].test)


def test_few_labels_a_class_leave_no_validation_and_touch_no_test_row(data):
    found = domain(data, train_size=4)
    train, valid = found.labelled(0)
    assert pd.Series(labels(found, train)).value_counts().to_dict() == {"a": 4, "b": 4, "c": 4}
    assert len(valid) == 0
    assert set(train) <= set(found.fold.train)
    assert set(found.labelled(0)[0]) == set(train)
    assert set(found.labelled(1)[0]) != set(train)


def test_a_share_of_the_labels_is_drawn_from_training_and_validation(data):
    found = domain(data, train_size=0.5)
    train, valid = found.labelled(0)
    assert len(train) == pytest.approx(len(found.fold.train) / 2, abs=2)
    assert len(valid) == pytest.approx(len(found.fold.valid) / 2, abs=2)
    assert set(train) <= set(found.fold.train)
    assert set(valid) <= set(found.fold.valid)
    whole = domain(data)
    assert [len(part) for part in whole.labelled(0)] == [len(whole.fold.train), len(whole.fold.valid)]


def test_the_task_learns_from_the_labels_that_may_be_used(data):
    found = domain(data, "weight", train_size=10)
    values = found.table.frame["weight"].to_numpy()
    for seed in (0, 1):
        used = values[found.labelled(seed)[0]]
        assert found.task_of(seed).target.mean == pytest.approx((used.mean(),))
    assert found.task.target.mean == pytest.approx((values[found.fold.train].mean(),))
    assert found.task_of(0).target.mean != found.task_of(1).target.mean


def test_encoders_of_source_and_target_are_one(data):
    source = {"name": str(data), "target": "label"}
    target = domain(data, source=source)
    other = prepare_source(config(data, source=source), load_data(config(data).data), target.encoders)
    assert other.encoders is target.encoders or other.encoders == target.encoders
    assert len(other.fold.train) == 120


def test_joint_training_needs_a_source(data, tmp_path):
    with pytest.raises(ConfigError, match="'joint' trains on source data too"):
        finetune(config(data, strategy="joint"), tmp_path / "run", quiet=True)
    assert not list(tmp_path.glob("run*"))


def test_source_and_target_need_the_same_inputs(data):
    frame = pd.read_csv(data).rename(columns={"sequence": "promoter_seq"})
    frame.to_csv(data.with_name("other.csv"), index=False)
    source = {"name": str(data.with_name("other.csv")), "target": "label"}
    wanted = config(data, source=source)
    with pytest.raises(ConfigError, match="need the same input columns"):
        prepare_source(wanted, load_data(wanted.source), domain(data).encoders)


def test_only_the_features_of_another_data_set_are_kept(tmp_path):
    values = np.random.default_rng(0).poisson(3, (20, 5)).astype(np.float32)
    for name, genes in (("a", "ABCDE"), ("b", "BDXYZ"), ("c", "VWXYZ")):
        np.savez(tmp_path / f"{name}.npz", expression=values, features=np.array(list(genes)))
    wanted = {"name": str(tmp_path / "a.npz"), "features_of": str(tmp_path / "b.npz")}
    matrix = load_data(parse({"data": wanted, "task": "reconstruction", "backbone": "mlp"}, "test").data).table.matrices
    assert matrix["expression"].features == ("B", "D")
    np.testing.assert_array_equal(matrix["expression"].values, values[:, [1, 3]])
    none = {"name": str(tmp_path / "a.npz"), "features_of": str(tmp_path / "c.npz")}
    with pytest.raises(DataError, match=r"share no feature: A, B, C \.\.\. against V, W, X"):
        load_data(parse({"data": none, "task": "reconstruction", "backbone": "mlp"}, "test").data)
