"""Weights: every way to make them, what they are a start for, and what pretrain refuses."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from exapt import api
from exapt.core.config import parse
from exapt.core.errors import ConfigError, WeightsError
from exapt.models import hub

CNN = {"name": "cnn", "dim": 8, "depth": 1}


def config(files, **values):
    base = {"data": str(files / "corpus.fa"), "task": "masked_tokens", "backbone": CNN, "training": {"epochs": 1}}
    return parse({**base, **values}, "test")


def embedded(weights, files, tmp_path):
    api.embed(str(weights), str(files / "new.csv"), tmp_path / "out.npy", force=True, quiet=True)
    return np.load(tmp_path / "out.npy")


@pytest.mark.parametrize(
    "strategy", ["full", "frozen", "lora", "l2_sp", "gradual_unfreeze", "discriminative_lr", "partial", "lp_ft"]
)
def test_pretraining_goes_on_from_weights_with_any_strategy(strategy, files, weights, tmp_path):
    out = tmp_path / "cnn.more"
    training = {"epochs": 2, "lr": 0.02}
    start = {"name": "cnn", "weights": str(weights)}
    api.pretrain(config(files, backbone=start, strategy=strategy, training=training), out, quiet=True)
    before, after = load_file(weights / "model.safetensors"), load_file(out / "model.safetensors")
    assert before.keys() == after.keys(), "the tensors of the plain architecture, whatever the strategy"
    assert all(torch.equal(before[name], after[name]) for name in before) is (strategy == "frozen")
    assert hub.read_config(out)["options"]["dim"] == 8
    assert (embedded(out, files, tmp_path) == embedded(weights, files, tmp_path)).all() == (strategy == "frozen")


def test_supervised_pretraining_is_a_start_for_another_target(files, tmp_path):
    data = {"name": str(files / "source.csv"), "target": "label"}
    card = api.pretrain(config(files, data=data, task="sequence_property"), tmp_path / "cnn.tag", quiet=True)
    assert (card["task"], card["data"]) == ("SequenceProperty", data["name"])
    tuned = {"data": {"name": str(files / "dna.csv"), "target": "strength"}, "task": "sequence_property", "seeds": 1}
    start = {"backbone": {"name": "cnn", "weights": str(tmp_path / "cnn.tag")}, "controls": "none"}
    api.finetune(parse({**tuned, **start, "training": {"epochs": 1}}, "test"), tmp_path / "run", quiet=True)
    transfer = json.loads((tmp_path / "run" / "transfer.json").read_text())
    assert transfer["loaded"]
    assert not transfer["reinitialised"]


def test_an_autoencoder_of_cells_is_a_start_for_their_types(files, tmp_path):
    data = {"name": str(files / "cells.h5ad")}
    backbone = {"name": "autoencoder", "widths": [16, 4]}
    api.pretrain(config(files, data=data, task="reconstruction", backbone=backbone), tmp_path / "ae.tag", quiet=True)
    wanted = {
        "data": {**data, "target": "type", "group": "donor"},
        "task": "expression",
        "controls": "none",
        "seeds": 1,
    }
    start = {"name": "autoencoder", "weights": str(tmp_path / "ae.tag")}
    api.finetune(parse({**wanted, "backbone": start, "training": {"epochs": 1}}, "test"), tmp_path / "run", quiet=True)
    saved = json.loads((tmp_path / "ae.tag" / "config.json").read_text())["encoder"]
    assert json.loads((tmp_path / "run" / "encoder.json").read_text()) == {"expression": saved}


def test_the_corpus_is_remembered_and_found_in_a_test_part(files, tmp_path):
    data = {"name": str(files / "dna.csv"), "target": []}
    api.pretrain(config(files, data=data), tmp_path / "cnn.leaky", quiet=True)
    wanted = {"data": {"name": str(files / "dna.csv"), "target": "label"}, "task": "sequence_property", "seeds": 1}
    start = {"backbone": {"name": "cnn", "weights": str(tmp_path / "cnn.leaky")}, "controls": "none"}
    run = parse({**wanted, **start, "training": {"epochs": 1}}, "test")
    scores = api.finetune(run, tmp_path / "run", quiet=True)
    split = pd.read_csv(tmp_path / "run" / "split.tsv", sep="\t")["split"]
    assert 0.8 * (split == "test").sum() < scores["audit"]["pretraining_overlap"] <= (split == "test").sum()
    assert scores["audit"]["verdict"] == "leaky"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strategy": "joint"}, "strategy 'joint' is for finetune"),
        ({"strategy": "auto"}, "strategy 'auto' is for finetune"),
        ({"strategy": "linear_probe"}, "'linear_probe' solves a linear head"),
        ({"train_size": 5}, "train_size draws a few labels"),
        ({"task": "reconstruction"}, "for letters use task 'masked_tokens'"),
        ({"backbone": {"name": "cnn", "variant": "pool"}}, "Use a variant without pooling"),
    ],
)
def test_what_pretrain_refuses(values, message, files, tmp_path):
    with pytest.raises(ConfigError, match=message):
        api.pretrain(config(files, **values), tmp_path / "cnn.tag", quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_shape_and_of_other_letters_are_refused(files, weights, tmp_path):
    wider = {"name": "cnn", "weights": str(weights), "dim": 16}
    with pytest.raises(WeightsError, match=r"has shape .* in the file"):
        api.pretrain(config(files, backbone=wider), tmp_path / "a", quiet=True)
    frame = pd.DataFrame({"id": range(40), "sequence": ["MKLVE" * 4] * 20 + ["WYRDH" * 4] * 20, "y": [0, 1] * 20})
    frame.to_csv(tmp_path / "protein.csv", index=False)
    with pytest.raises(ConfigError, match="'sequence' is protein, but the encoder of .* reads dna"):
        start = {"name": "cnn", "weights": str(weights)}
        api.pretrain(config(files, data=str(tmp_path / "protein.csv"), backbone=start), tmp_path / "b", quiet=True)
    assert [path.name for path in tmp_path.iterdir()] == ["protein.csv"]
