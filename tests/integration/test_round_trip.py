"""Through the command line on tiny files: pretrain, finetune, predict, evaluate, embed, report, compare."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from exapt import api
from exapt.core.errors import ConfigError, DataError

FAST = ["--set", "training.epochs=2", "--set", "training.batch_size=32", "--set", "baselines=[majority]", "--quiet"]


@pytest.fixture(scope="module")
def run(files, weights, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    wanted = config(backbone={"name": "cnn", "weights": str(weights)}, strategy="linear_probe", controls="none")
    api.finetune(wanted, folder, quiet=True)
    return folder


def test_from_a_corpus_to_a_report(call, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    backbone = ["--set", "backbone={name: cnn, dim: 8, depth: 1}"]
    code, out, err = call(
        "pretrain", files / "corpus.fa", "--task", "masked_tokens", *backbone, *FAST[:4], "-o", "cnn.my"
    )
    assert code == 0, err
    assert json.loads(out.rpartition("Weights:")[0])["valid_perplexity"] < 20
    command = ["finetune", files / "dna.csv", "--target", "label", "--backbone", "cnn.my", "--seeds", 1, *FAST]
    code, out, err = call(*command, "-o", "run")
    assert code == 0, err
    assert "from scratch" in out
    assert "Report: run/report.html" in out
    code, out, err = call("predict", "run", files / "new.csv", "-o", "new.tsv", "--quiet")
    assert (code, out) == (0, "new.tsv: 40 rows\n"), err
    code, out, err = call("evaluate", "run", files / "new.csv", "--json")
    assert code == 0, err
    scored = json.loads(out)
    predictions = pd.read_csv("new.tsv", sep="\t").merge(pd.read_csv(files / "new.csv"), on="id")
    assert scored["n"] == 40
    assert scored["metrics"]["accuracy"]["value"] == pytest.approx(
        (predictions["predicted"] == predictions["label"]).mean()
    )
    code, out, err = call("embed", "run", files / "new.csv", "-o", "new.npy", "--quiet")
    assert code == 0, err
    assert np.load("new.npy").shape == (40, 8)
    page = (tmp_path / "run" / "report.html").read_text()
    code, out, err = call("report", "run")
    assert (code, out) == (0, "run/report.html\n"), err
    assert (tmp_path / "run" / "report.html").read_text() == page
    provenance = json.loads((tmp_path / "run" / "provenance.json").read_text())
    assert provenance["command"][:3] == ["exapt", "finetune", str(files / "dna.csv")]
    assert {path.name for path in tmp_path.iterdir()} == {"cnn.my", "run", "new.tsv", "new.npy"}


def test_weights_in_any_folder(call, files, weights, tmp_path):
    data = ["finetune", files / "dna.csv", "--target", "label", "--controls", "none", "--seeds", 1, *FAST]
    code, _, err = call(*data, "--set", f"backbone={{name: cnn, weights: '{weights}'}}", "-o", tmp_path / "run")
    assert code == 0, err
    assert json.loads((tmp_path / "run" / "transfer.json").read_text())["loaded"]


def test_a_yaml_and_flags_are_one_schema(call, files, weights, tmp_path):
    text = f"""
data: {{name: {files / "dna.csv"}, target: label}}
task: sequence_property
backbone: {{name: cnn, weights: {weights}}}
strategy: [l2_sp, discriminative_lr]
training: {{epochs: 9, batch_size: 32}}
baselines: [majority]
controls: none
seeds: 1
"""
    (tmp_path / "run.yaml").write_text(text)
    code, _, err = call(
        "finetune", tmp_path / "run.yaml", "--set", "training.epochs=2", "-o", tmp_path / "a", "--quiet"
    )
    assert code == 0, err
    code, _, err = call("finetune", tmp_path / "a" / "run.yaml", "-o", tmp_path / "b", "--quiet")
    assert code == 0, err
    for name in ("run.yaml", "model.safetensors", "predictions.tsv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_compare_two_strategies_at_two_sizes(call, files, weights, tmp_path):
    (tmp_path / "run.yaml").write_text(
        f"data: {{name: {files / 'dna.csv'}, target: label}}\ntask: sequence_property\n"
        "seeds: 1\nbaselines: [majority]\n"
        f"backbone: {{name: cnn, weights: {weights}}}\ntraining: {{epochs: 2, batch_size: 32}}\n"
    )
    command = ["compare", tmp_path / "run.yaml", "--strategies", "full,frozen", "--sizes", "0.5,1.0", "--quiet"]
    code, out, err = call(*command, "-o", tmp_path / "out", "--json")
    assert code == 0, err
    curve = json.loads(out)
    assert curve == json.loads((tmp_path / "out" / "curve.json").read_text())
    assert (curve["metric"], curve["sizes"]) == ("macro_f1", [0.5, 1.0])
    assert {*curve["arms"]} == {"full", "strategy:frozen", "scratch", "frozen", "baseline:majority"}
    assert all(len(points) == 2 for points in curve["arms"].values())
    assert {name: len(points) for name, points in curve["verdicts"].items()} == {"full": 2, "strategy:frozen": 2}
    for size in curve["sizes"]:
        scores = json.loads((tmp_path / "out" / f"labels_{size}" / "scores.json").read_text())
        assert scores["arms"]["strategy:frozen"]["macro_f1"] in curve["arms"]["strategy:frozen"]
    assert "curve.json" in {path.name for path in (tmp_path / "out" / "labels_1.0").iterdir()}
    code, _, err = call(*command, "-o", tmp_path / "out", "--set", "training.epochs=3")
    assert (code, "exists already" in err) == (2, True)


def test_an_interrupted_comparison_keeps_what_is_finished_and_only_that(config, tmp_path):
    wanted, out = config(controls="none"), tmp_path / "out"

    def compare(*strategies, **changes):
        """As if the last call had been killed before it wrote the curve; returns what each arm took."""
        (out / "curve.json").unlink(missing_ok=True)
        api.compare(config(**{**wanted.model_dump(), **changes}), out, strategies=strategies, quiet=True)
        scores = json.loads((out / "labels_1.0" / "scores.json").read_text())
        return {name: arm["fit_seconds"] for name, arm in scores["arms"].items()}

    first = compare("full", "l2_sp")
    assert compare("full", "l2_sp") == first
    other = compare("full", "lp_ft")
    assert {*other} == {"transfer", "lp_ft", "baseline:majority"}
    longer = compare("full", "lp_ft", training={"epochs": 3, "batch_size": 32})
    assert longer["transfer"] != other["transfer"]


def test_joint_can_be_swept_beside_other_strategies(files, config, tmp_path):
    source = {"name": str(files / "source.csv"), "target": "label"}
    sweep = ["full", "joint:weight=0.3", "joint:weight=1"]
    curve = api.compare(config(source=source, controls="none"), tmp_path / "out", strategies=sweep, quiet=True)
    assert {*curve["arms"]} >= {*sweep}
    with pytest.raises(ConfigError, match="'joint' trains on source data too"):
        api.compare(config(controls="none"), tmp_path / "other", strategies=sweep, quiet=True)


def test_a_strategy_named_twice_is_one_arm(config, tmp_path):
    curve = api.compare(config(controls="none"), tmp_path / "out", strategies=["full", "full"], quiet=True)
    assert {name: len(points) for name, points in curve["arms"].items()} == {"full": 1, "baseline:majority": 1}


CHANGES = {
    "as in training": lambda frame: frame,
    "no id and no group": lambda frame: frame[["sequence", "label"]],
    "another name of the input": lambda frame: frame.rename(columns={"sequence": "my_seq"}),
    "columns in another order": lambda frame: frame[frame.columns[::-1]],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_evaluate_reads_what_predict_reads(change, run, files, tmp_path):
    change(pd.read_csv(files / "new.csv")).to_csv(tmp_path / "data.csv", index=False)
    scored = api.evaluate(run, str(tmp_path / "data.csv"))
    assert api.predict(run, str(tmp_path / "data.csv"), tmp_path / "out.tsv", quiet=True) == scored["n"] == 40
    assert scored == api.evaluate(run, str(files / "new.csv"))


def test_evaluate_on_fasta_headers_and_on_a_target_of_another_name(run, files, tmp_path):
    frame = pd.read_csv(files / "new.csv")
    records = (f">{row.id} label={row.label}\n{row.sequence}\n" for row in frame.itertuples())
    (tmp_path / "new.fa").write_text("".join(records))
    expected = api.evaluate(run, str(files / "new.csv"))["metrics"]
    assert api.evaluate(run, str(tmp_path / "new.fa"))["metrics"] == expected
    swapped = frame.assign(truth=frame["label"], label="with")
    swapped.to_csv(tmp_path / "other.csv", index=False)
    assert api.evaluate(run, str(tmp_path / "other.csv"), target="truth")["metrics"] == expected


def test_evaluate_leaves_rows_without_a_label_out_and_names_a_new_label(run, files, tmp_path):
    frame = pd.read_csv(files / "new.csv")
    frame.loc[:9, "label"] = None
    frame.to_csv(tmp_path / "some.csv", index=False)
    assert api.evaluate(run, str(tmp_path / "some.csv"))["n"] == 30
    frame.loc[0, "label"] = "perhaps"
    frame.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match="'perhaps' .* does not occur in the training part"):
        api.evaluate(run, str(tmp_path / "new.csv"))
    with pytest.raises(DataError, match=re.escape("target: no column 'labels'. Did you mean 'label'")):
        api.evaluate(run, str(tmp_path / "new.csv"), target="labels")
