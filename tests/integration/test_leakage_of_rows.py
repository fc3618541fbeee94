"""What a run has learned depends on no test row; what validation decides is all that it decides."""

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

from exapt import api
from exapt.core.config import parse
from exapt.core.paths import read_json

GENES = 12
PARTS = ["train"] * 60 + ["valid"] * 20 + ["test"] * 20


@pytest.fixture(scope="module")
def cells():
    """Counts of genes in which the label and a number can be seen; the parts are stated."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 100)
    counts = rng.poisson(np.where(label[:, None] == 1, [9] * 6 + [3] * 6, [3] * 6 + [9] * 6))
    frame = pd.DataFrame(counts, columns=[f"gene{i}" for i in range(GENES)])
    dose = label + rng.normal(0, 0.3, 100)
    return frame.assign(id=[f"c{i}" for i in range(100)], label=np.array(["a", "b"])[label], dose=dose, split=PARTS)


def changed(frame, part):
    """The same rows, but those of one part have other inputs and other labels."""
    other = frame.copy()
    rows = (frame["split"] == part).to_numpy()
    genes = [f"gene{i}" for i in range(GENES)]
    other.loc[rows, genes] = 7 * frame.loc[rows, genes].to_numpy()[::-1, ::-1] + 1
    other.loc[rows, "label"] = frame.loc[rows, "label"].map({"a": "b", "b": "a"})
    other.loc[rows, "dose"] = 5 - 3 * frame.loc[rows, "dose"]
    return other


def train(frame, folder, target, **settings):
    folder.mkdir()
    frame.to_csv(folder / "cells.csv", index=False)
    values = {
        "data": {"name": str(folder / "cells.csv"), "target": target, "options": {"matrix": "counts"}},
        "task": {"name": "expression", "balanced": True},
        "split": {"name": "predefined", "column": "split"},
        "encoder": {"name": "expression", "n_genes": 8},
        "backbone": {"name": "mlp", "widths": [8]},
        "training": {"epochs": 4, "lr": 0.01, "batch_size": 16},
        "seeds": 2,
    }
    values["data"]["options"] = {"matrix": "counts"}
    api.finetune(parse({**values, **settings}, "test"), folder / "run", quiet=True)
    return folder / "run"


def assert_same_model(first, second):
    for name in ("encoder.json", "model.json"):
        assert read_json(first / name) == read_json(second / name), name
    tensors = [load_file(run / "model.safetensors") for run in (first, second)]
    assert tensors[0].keys() == tensors[1].keys()
    assert all((tensors[0][key] == tensors[1][key]).all() for key in tensors[0])
    histories = [pd.read_csv(run / "history.tsv", sep="\t").drop(columns="seconds") for run in (first, second)]
    pd.testing.assert_frame_equal(*histories)


@pytest.mark.parametrize(("target", "size"), [("label", None), ("dose", None), ("label", 0.5), ("dose", 6)])
def test_test_rows_change_nothing_that_is_learned(cells, tmp_path, target, size):
    """Encoders, scales, class weights, every arm's training, the chosen epoch, the kept seed, the best baseline."""
    settings = {} if size is None else {"train_size": size}
    first = train(cells, tmp_path / "first", target, **settings)
    second = train(changed(cells, "test"), tmp_path / "second", target, **settings)
    assert_same_model(first, second)
    if size != 6:  # with a number of labels nothing is set aside to choose a baseline with
        best = [read_json(run / "scores.json")["gain"]["vs_best_baseline"] for run in (first, second)]
        assert best[0]["arm"] == best[1]["arm"]
        assert "note" not in best[0]


def test_the_strategy_that_auto_chooses_depends_on_no_test_row(cells, tmp_path):
    strategy = {"name": "auto", "candidates": ["frozen", "full"], "budget": 0.5}
    runs = [
        train(frame, tmp_path / name, "label", strategy=strategy, controls="none")
        for name, frame in (("first", cells), ("second", changed(cells, "test")))
    ]
    assert_same_model(*runs)
    assert read_json(runs[0] / "transfer.json")["auto"] == read_json(runs[1] / "transfer.json")["auto"]


def test_validation_rows_teach_nothing(cells, tmp_path):
    """They may choose an epoch; where the last one is kept, they change no weight."""
    training = {"epochs": 4, "lr": 0.01, "batch_size": 16, "keep": "last"}
    runs = [
        train(frame, tmp_path / name, "dose", training=training, controls="none", seeds=1)
        for name, frame in (("first", cells), ("second", changed(cells, "valid")))
    ]
    tensors = [load_file(run / "model.safetensors") for run in runs]
    assert all((tensors[0][key] == tensors[1][key]).all() for key in tensors[0])
    assert read_json(runs[0] / "encoder.json") == read_json(runs[1] / "encoder.json")


@pytest.mark.parametrize("size", [None, 0.3, 9])
def test_a_run_with_few_labels_predicts_in_the_scale_that_it_was_trained_on(cells, tmp_path, size):
    settings = {} if size is None else {"train_size": size}
    run = train(cells, tmp_path / "few", "dose", controls="none", **settings)
    api.predict(run, str(tmp_path / "few" / "cells.csv"), tmp_path / "p.tsv", quiet=True)
    predicted = pd.read_csv(tmp_path / "p.tsv", sep="\t").set_index("id")["predicted"]
    tested = pd.read_csv(run / "predictions.tsv", sep="\t").query("arm == 'transfer'")
    close = [
        np.allclose(predicted[part["id"]], part["predicted"], atol=1e-5) for _, part in tested.groupby("seed")
    ]  # the kept seed's
    assert any(close)


def test_intervals_resample_the_groups_of_the_split(tmp_path):
    """Twenty donors of five rows each are twenty units, not a hundred, also where only the split names the column."""
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("ACGT"), 30)) for _ in range(100)]
    frame = pd.DataFrame({"sequence": letters, "label": ["a", "b"] * 50, "donor": [f"d{i // 5}" for i in range(100)]})
    frame.to_csv(tmp_path / "s.csv", index=False)
    values = {
        "data": {"name": str(tmp_path / "s.csv"), "target": "label"},
        "task": "sequence_property",
        "backbone": {"name": "cnn", "dim": 4, "depth": 1},
        "training": {"epochs": 1},
        "controls": "none",
        "seeds": 1,
    }
    stated = {**values, "data": {**values["data"], "group": "donor"}}
    by_split = {**values, "split": {"name": "group", "column": "donor"}}
    runs = [tmp_path / "stated", tmp_path / "by_split"]
    for run, settings in zip(runs, (stated, by_split), strict=True):
        api.finetune(parse(settings, "x"), run, quiet=True)
    scores = [read_json(run / "scores.json")["arms"]["transfer"] for run in runs]
    assert scores[0]["accuracy"] == scores[1]["accuracy"]
    assert scores[0]["auroc"] == scores[1]["auroc"]
    assert read_json(runs[1] / "audit.json")["checks"]["group_overlap"] == "computed"


def test_source_rows_that_are_test_rows_are_found(tmp_path):
    """Joint training on a source that holds test rows is a leak, said by the audit."""
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("ACGT"), 30)) for _ in range(90)]
    frame = pd.DataFrame({"sequence": letters, "label": ["a", "b"] * 45})
    frame[:60].to_csv(tmp_path / "target.csv", index=False)
    frame[30:].to_csv(tmp_path / "source.csv", index=False)
    values = {
        "data": {"name": str(tmp_path / "target.csv"), "target": "label"},
        "source": {"name": str(tmp_path / "source.csv"), "target": "label"},
        "task": "sequence_property",
        "backbone": {"name": "cnn", "dim": 4, "depth": 1},
        "split": {"name": "random", "test": 0.5},
        "strategy": "joint",
        "training": {"epochs": 1},
        "controls": "none",
        "seeds": 1,
    }
    scores = api.finetune(parse(values, "x"), tmp_path / "run", quiet=True)
    parts = pd.read_csv(tmp_path / "run" / "split.tsv", sep="\t")["split"]
    assert scores["audit"]["pretraining_overlap"] == int((parts[30:] == "test").sum()) > 0
    assert scores["audit"]["verdict"] == "leaky"
