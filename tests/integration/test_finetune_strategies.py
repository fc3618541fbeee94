"""Every strategy through the public finetune, with weights; what a run folder and its scores.json hold."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from exapt import api
from exapt.api._run import open_run
from exapt.core.errors import ConfigError
from exapt.core.registry import STRATEGIES
from exapt.models import hub
from exapt.transfer.training.predict import features

METRICS = [
    *("macro_f1", "accuracy", "balanced_accuracy", "micro_f1", "recall", "precision", "f1", "mcc", "auroc", "auprc")
]
FILES = {
    *("README.md", "audit.json", "encoder.json", "history.tsv", "model.json", "model.safetensors", "notes.json"),
    *(
        "predictions.tsv",
        "provenance.json",
        "report.html",
        "rules.json",
        "run.yaml",
        "scores.json",
        "split.tsv",
        "transfer.json",
    ),
}


def pretrained(weights):
    return {"name": "cnn", "weights": str(weights)}


def options(name, files):
    return {"joint": {"source": {"name": str(files / "source.csv"), "target": "label"}}}.get(name, {})


@pytest.mark.parametrize("name", STRATEGIES.names())
def test_every_strategy_finetunes_from_weights(name, files, weights, config, tmp_path):
    run = tmp_path / "run"
    wanted = config(backbone=pretrained(weights), strategy=name, controls="none", **options(name, files))
    scores = api.finetune(wanted, run, quiet=True)
    assert {*(path.name for path in run.iterdir())} - {"adapter", "figures"} == FILES
    assert scores["gain"] == {"vs_scratch": None, "vs_best_baseline": scores["gain"]["vs_best_baseline"]}
    assert list(scores["arms"]) == ["transfer", "baseline:majority"]
    transfer = json.loads((run / "transfer.json").read_text())
    started = name != "scratch"
    assert transfer["weights"] == (str(weights) if started else None)
    assert bool(transfer["loaded"]) is started
    assert 0 < transfer["trainable"] <= transfer["parameters"]
    tensors = load_file(run / "model.safetensors")
    saved = load_file(weights / "model.safetensors")
    same = {
        key: torch.equal(tensor, saved[key.partition(".")[2].partition(".")[2]])
        for key, tensor in tensors.items()
        if key.startswith("backbones.")
    }
    assert all(same.values()) is (name in ("frozen", "linear_probe"))
    assert any(key.startswith("heads.target") for key in tensors)
    assert (run / "adapter").is_dir() is (name == "lora")
    predictions = pd.read_csv(run / "predictions.tsv", sep="\t")
    output = tmp_path / "again.tsv"
    api.predict(run, wanted.data.name, output, quiet=True)
    again = pd.read_csv(output, sep="\t").set_index("id")
    kept = predictions[predictions["arm"] == "transfer"].set_index("id")
    np.testing.assert_allclose(again.loc[kept.index, "p:with"], kept["p:with"], atol=2e-6)


def test_auto_says_what_it_tried_and_chose(weights, config, tmp_path):
    candidates = ["lp_ft+discriminative_lr", "linear_probe"]
    auto = {"name": "auto", "candidates": candidates, "budget": 0.5}
    api.finetune(config(backbone=pretrained(weights), strategy=auto, controls="none"), tmp_path / "run", quiet=True)
    transfer = json.loads((tmp_path / "run" / "transfer.json").read_text())
    assert list(transfer["auto"]["validation"]) == candidates
    assert transfer["auto"]["epochs"] == 1
    chosen = "+".join(piece["name"] for piece in transfer["strategy"])
    assert chosen == transfer["auto"]["chosen"] == max(candidates, key=transfer["auto"]["validation"].get)


def test_auto_without_validation_is_refused(weights, config, tmp_path):
    with pytest.raises(ConfigError, match="'auto' chooses by validation"):
        api.finetune(config(strategy="auto", train_size=4), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_joint_may_be_a_candidate_of_auto(files, config, tmp_path):
    auto = {"name": "auto", "candidates": ["joint", "full"]}
    source = {"name": str(files / "source.csv"), "target": "label"}
    api.finetune(config(strategy=auto, source=source, controls="none"), tmp_path / "run", quiet=True)
    assert "joint" in json.loads((tmp_path / "run" / "transfer.json").read_text())["auto"]["validation"]
    with pytest.raises(ConfigError, match="'joint' trains on source data too"):
        api.finetune(config(strategy=auto), tmp_path / "other", quiet=True)


def test_joint_leaves_no_trace_of_the_source_in_the_model_and_names_both_files(files, config, tmp_path):
    source = {"name": str(files / "source.csv"), "target": "label"}
    api.finetune(config(strategy="joint", source=source, controls="none"), tmp_path / "run", quiet=True)
    provenance = json.loads((tmp_path / "run" / "provenance.json").read_text())
    assert {*provenance["data"]} == {str(files / "dna.csv"), str(files / "source.csv")}
    assert open_run(tmp_path / "run").config.source.name == str(files / "source.csv")


def test_peft_loads_the_adapter_onto_the_base_weights(weights, files, config, tmp_path):
    from peft import PeftModel

    lora = {"name": "lora", "rank": 2}
    training = {"epochs": 4, "batch_size": 16, "lr": 0.05}
    wanted = config(backbone=pretrained(weights), strategy=lora, controls="none", training=training)
    api.finetune(wanted, tmp_path / "run", quiet=True)
    opened = open_run(tmp_path / "run")
    base, _ = hub.load(weights)
    adapted = PeftModel.from_pretrained(base, str(tmp_path / "run" / "adapter")).eval()
    (name, encoder), *_ = opened.encoders.items()
    stream = encoder.collate(encoder.encode(pd.read_csv(files / "new.csv")["sequence"].tolist()))
    with torch.no_grad():
        merged = opened.model.backbones[name](stream).pooled
        beside = adapted(stream).pooled
        assert (hub.load(weights)[0](stream).pooled - merged).abs().max() > 1e-3
    torch.testing.assert_close(beside, merged, atol=1e-5, rtol=1e-4)


@pytest.fixture(scope="module")
def with_controls(weights, config, tmp_path_factory):
    """One run with all arms, two seeds, by group."""
    run = tmp_path_factory.mktemp("controls") / "run"
    data = {**config().data.model_dump(), "group": "family"}
    wanted = config(data=data, backbone=pretrained(weights), baselines=None, seeds=2)
    return api.finetune(wanted, run, quiet=True), run


def test_scores_have_exactly_the_documented_keys(with_controls):
    scores, run = with_controls
    assert scores == json.loads((run / "scores.json").read_text())
    assert list(scores) == [
        *("format_version", "task", "primary_metric", "higher_is_better", "n_test", "n_groups"),
        *("seeds", "arms", "gain", "audit", "detail"),
    ]
    assert (scores["format_version"], scores["task"], scores["seeds"]) == (1, "sequence_property", [0, 1])
    trained = ["transfer", "scratch", "frozen"]
    assert list(scores["arms"])[:3] == trained
    assert all(name.startswith("baseline:") for name in list(scores["arms"])[3:])
    assert {"baseline:majority", "baseline:nearest", "baseline:linear"} <= {*scores["arms"]}
    for name, arm in scores["arms"].items():
        assert list(arm) == [*METRICS, "fit_seconds", "steps"]
        assert all(list(arm[metric]) == ["value", "low", "high"] for metric in METRICS)
        assert (arm["steps"] > 0) is (name in trained)
    assert list(scores["gain"]) == ["vs_scratch", "vs_best_baseline"]
    for gain in scores["gain"].values():
        assert {*gain} - {"arm", "note"} == {"value", "low", "high", "verdict", "groups", "groups_needed"}
        assert gain["verdict"] in ("helped", "no evidence", "hurt")
    assert list(scores["audit"]) == ["exact_duplicates", "near_duplicates", "pretraining_overlap", "verdict"]


def test_groups_stay_together_and_stand_beside_the_predictions(with_controls, files):
    _, run = with_controls
    split = pd.read_csv(run / "split.tsv", sep="\t").merge(pd.read_csv(files / "dna.csv"), on="id")
    assert (split.groupby("family")["split"].nunique() == 1).all()
    predictions = pd.read_csv(run / "predictions.tsv", sep="\t")
    assert {*predictions["group"]} == {*split.loc[split["split"] == "test", "family"]}
    assert predictions.groupby(["arm", "seed"]).size().nunique() == 1


def test_the_kept_model_is_the_best_seed_on_validation(with_controls):
    _, run = with_controls
    history = pd.read_csv(run / "history.tsv", sep="\t")
    best = history[history["arm"] == "transfer"].groupby("seed")["valid_score"].max().idxmax()
    opened = open_run(run)
    predictions = pd.read_csv(run / "predictions.tsv", sep="\t")
    predictions = predictions[(predictions["arm"] == "transfer") & (predictions["seed"] == best)]
    assert len(predictions) == opened.run.scores["n_test"]
    api.predict(run, opened.config.data.name, run.parent / "all.tsv", quiet=True)
    again = pd.read_csv(run.parent / "all.tsv", sep="\t").set_index("id").loc[predictions["id"], "p:with"]
    np.testing.assert_allclose(again, predictions["p:with"], atol=2e-6)


def without_seconds(scores):
    arms = {name: {k: v for k, v in arm.items() if k != "fit_seconds"} for name, arm in scores["arms"].items()}
    return {**scores, "arms": arms}


def test_the_same_seed_gives_the_same_scores_and_bits(weights, config, tmp_path):
    wanted = config(backbone=pretrained(weights), baselines=None, strategy="gradual_unfreeze")
    first, second = (api.finetune(wanted, tmp_path / name, quiet=True) for name in ("first", "second"))
    assert without_seconds(first) == without_seconds(second)
    for name in ("model.safetensors", "predictions.tsv", "split.tsv", "encoder.json", "model.json", "audit.json"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name
    other = api.finetune(config(**{**wanted.model_dump(), "seeds": [1]}), tmp_path / "third", quiet=True)
    assert without_seconds(other)["arms"]["transfer"] != without_seconds(first)["arms"]["transfer"]


def test_embedding_with_a_run_gives_its_own_features(weights, config, files, tmp_path):
    api.finetune(config(backbone=pretrained(weights), controls="none"), tmp_path / "run", quiet=True)
    api.embed(str(tmp_path / "run"), str(files / "new.csv"), tmp_path / "run.npy", quiet=True)
    api.embed(str(weights), str(files / "new.csv"), tmp_path / "base.tsv", quiet=True)
    ours, base = np.load(tmp_path / "run.npy"), pd.read_csv(tmp_path / "base.tsv", sep="\t")
    assert ours.shape == (40, 8) == base.drop(columns="id").shape
    assert base["id"].tolist() == pd.read_csv(files / "new.csv")["id"].tolist()
    assert np.abs(ours - base.drop(columns="id").to_numpy()).max() > 1e-4
    opened = open_run(tmp_path / "run")
    from exapt.api._prepare import encode, load_data

    table = load_data(opened.config.data.model_copy(update={"name": str(files / "new.csv")})).table
    direct = features(opened.model, encode(table, opened.encoders, {}), opened.training).numpy()
    np.testing.assert_array_equal(ours, direct)
