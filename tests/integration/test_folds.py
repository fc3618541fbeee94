"""A run over several folds: every row is tested, a row tested again is one group, the groups of the split are drawn."""

import numpy as np
import pandas as pd
import pytest

from exapt import api
from exapt.core.config import DataConfig, Piece, parse
from exapt.core.errors import InputError
from exapt.core.paths import read_json

ROWS = 60


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Sequences of two compositions in twelve families, with copies of one of them."""
    rng = np.random.default_rng(0)
    shares = {"a": [0.4, 0.1, 0.1, 0.4], "b": [0.1, 0.4, 0.4, 0.1]}
    rows = [("".join(rng.choice(list("ACGT"), 60, p=shares[y])), y) for y in rng.permutation(["a", "b"] * (ROWS // 2))]
    frame = pd.DataFrame(rows, columns=["sequence", "label"]).assign(family=[f"f{i % 12}" for i in range(ROWS)])
    path = tmp_path_factory.mktemp("folds") / "data.csv"
    frame.to_csv(path, index=False)
    return path


def config(data, split, **more):
    values = {
        "data": {"name": str(data), "target": "label"},
        "task": "sequence_property",
        "split": split,
        "backbone": {"name": "cnn", "dim": 8, "depth": 1},
        "training": {"epochs": 2, "batch_size": 16},
        "baselines": ["majority", "composition"],
        "seeds": 2,
        **more,
    }
    return parse(values, "test")


def test_cross_validation_tests_every_row_once(data, tmp_path):
    split = {"name": "stratified", "folds": 3, "valid": 0.2}
    scores = api.finetune(config(data, split), tmp_path / "run", quiet=True)
    assert (scores["n_test"], scores["n_groups"]) == (ROWS, ROWS)
    predictions = pd.read_csv(tmp_path / "run" / "predictions.tsv", sep="\t")
    one = predictions[(predictions["arm"] == "transfer") & (predictions["seed"] == 0)]
    assert sorted(one["id"]) == list(range(ROWS))
    assert one["fold"].value_counts().tolist() == [20, 20, 20]
    written = pd.read_csv(tmp_path / "run" / "split.tsv", sep="\t")
    assert list(written) == ["id", "split_1", "split_2", "split_3"]
    assert (written.iloc[:, 1:] == "test").sum(axis=1).tolist() == [1] * ROWS
    assert read_json(tmp_path / "run" / "audit.json")["n_test"] == ROWS


def test_repeats_and_inner_folds_test_a_row_more_than_once_as_one_group(data, tmp_path):
    split = {"name": "group", "column": "family", "folds": 2, "repeats": 2, "inner": 2, "valid": 0.2}
    scores = api.finetune(config(data, split, controls="none", seeds=1), tmp_path / "run", quiet=True)
    assert (scores["n_test"], scores["n_groups"]) == (ROWS * 4, 12)
    columns = list(pd.read_csv(tmp_path / "run" / "split.tsv", sep="\t"))
    assert len(columns) == 1 + 8
    again = {"name": "predefined", "column": columns[1]}
    joined = pd.read_csv(data).join(pd.read_csv(tmp_path / "run" / "split.tsv", sep="\t"))
    joined.to_csv(tmp_path / "again.csv", index=False)
    repeated = config(tmp_path / "again.csv", again, controls="none", seeds=1)
    assert api.finetune(repeated, tmp_path / "again", quiet=True)["n_test"] == ROWS // 2


def test_groups_of_the_split_are_the_unit_of_the_intervals(data, tmp_path):
    made = api.split(
        DataConfig(name=str(data), target="label"), Piece.model_validate({"name": "homology"}), tmp_path / "s.tsv"
    )
    assert made["groups"] == ROWS
    scores = api.finetune(config(data, {"name": "family", "column": "family"}), tmp_path / "run", quiet=True)
    assert 1 < scores["n_groups"] < scores["n_test"]
    audit = read_json(tmp_path / "run" / "audit.json")
    assert audit["checks"]["group_overlap"] == "computed"
    assert audit["group_overlap"] == 0


def test_predict_may_abstain(data, tmp_path):
    api.finetune(
        config(data, {"name": "stratified", "valid": 0.3}, controls="none", seeds=1), tmp_path / "run", quiet=True
    )
    api.predict(tmp_path / "run", str(data), tmp_path / "p.tsv", abstain=True, quiet=True)
    found = pd.read_csv(tmp_path / "p.tsv", sep="\t")
    assert list(found)[-2:] == ["unknown", "possible"]
    assert set(found["unknown"]) <= {"yes", "no"}
    assert found["possible"].str.contains("a|b").all()
    silent = config(data, {"name": "stratified", "valid": 0.0}, controls="none", seeds=1)
    api.finetune(silent, tmp_path / "silent", quiet=True)
    with pytest.raises(InputError, match="needs validation rows"):
        api.predict(tmp_path / "silent", str(data), tmp_path / "q.tsv", abstain=True, quiet=True)
    assert not (tmp_path / "q.tsv").exists()


def test_an_audit_writes_the_split_without_its_leaks(data, tmp_path):
    frame = pd.read_csv(data)
    frame["split"] = ["test" if i >= 45 else "train" for i in range(ROWS)]
    frame.loc[50, ["sequence", "label"]] = frame.loc[3, ["sequence", "label"]].to_numpy()
    frame.drop(columns="family").to_csv(tmp_path / "leaky.csv", index=False)
    where = DataConfig(name=str(tmp_path / "leaky.csv"), target="label")
    found = api.audit(where, None, fix=tmp_path / "fixed.tsv")
    assert found["verdict"] == "leaky"
    assert found["fixed"]["dropped"]["copies"] == 1
    frame["split"] = pd.read_csv(tmp_path / "fixed.tsv", sep="\t")["split"]
    frame.drop(columns="family").to_csv(tmp_path / "fixed.csv", index=False)
    clean = api.audit(DataConfig(name=str(tmp_path / "fixed.csv"), target="label"), None)
    assert (clean["exact_duplicates"], clean["n_test"]) == (0, 14)
