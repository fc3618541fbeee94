"""Every task learns 32 examples by heart through the public verbs, and leaves files that their readers accept."""

import json
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import yaml
from safetensors.numpy import load_file

from exapt import api
from exapt.core.config import parse

VOID = {"meta", "link", "br", "hr", "img", "input", "col", "path", "circle", "line", "rect", "use", "polyline", "stop"}


class Balanced(HTMLParser):
    """Every tag that opens closes, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


TRAINING = {"epochs": 60, "batch_size": 16, "lr": 1e-2, "weight_decay": 0.0}
PARTS = ("train", "valid", "test")


def thrice(frame):
    """The same 32 rows to train on, to stop on and to be tested on."""
    copies = [frame.assign(id=[f"{part}{i}" for i in range(len(frame))], split=part) for part in PARTS]
    return pd.concat(copies, ignore_index=True)


def letters(alphabet, seed=0, n=32, length=24):
    rng = np.random.default_rng(seed)
    return ["".join(row) for row in rng.choice(list(alphabet), (n, length))]


def rows(**columns):
    return pd.DataFrame({"id": [f"r{i}" for i in range(32)], **columns})


def dna_class(folder):
    frame = thrice(rows(sequence=letters("ACGT"), label=np.random.default_rng(1).choice(["a", "b", "c"], 32)))
    frame.to_csv(folder / "data.csv", index=False)
    return {"data": {"name": "data.csv", "target": "label"}, "backbone": {"name": "cnn", "dim": 32, "depth": 2}}


def protein_class(folder):
    label = np.random.default_rng(1).choice(["x", "y"], 32)
    thrice(rows(sequence=letters("ACDEFGHIKLMNPQRSTVWY"), label=label)).to_csv(folder / "data.csv", index=False)
    backbone = {"name": "transformer", "dim": 32, "depth": 1}
    return {
        "data": {"name": "data.csv", "target": "label"},
        "backbone": backbone,
        "training": {**TRAINING, "epochs": 150, "lr": 3e-3},
    }


def several_labels(folder):
    one, two = np.random.default_rng(1).integers(0, 2, (2, 32))
    thrice(rows(sequence=letters("ACGT"), one=one, two=two)).to_parquet(folder / "data.parquet")
    return {"data": {"name": "data.parquet", "target": ["one", "two"]}, "backbone": {"name": "rnn", "dim": 32}}


def number(folder):
    frame = thrice(rows(sequence=letters("ACGT"), strength=np.random.default_rng(1).normal(5, 2, 32)))
    frame.to_csv(folder / "data.tsv", sep="\t", index=False)
    return {"data": {"name": "data.tsv", "target": "strength"}, "backbone": {"name": "cnn", "dim": 32, "depth": 2}}


def image_class(folder):
    rng = np.random.default_rng(0)
    image, label = rng.random((32, 8, 8), dtype=np.float32), rng.choice(["cat", "dog"], 32)
    parts = np.repeat(PARTS, 32)
    np.savez(folder / "data.npz", image=np.concatenate([image] * 3), label=np.tile(label, 3), split=parts)
    return {"data": {"name": "data.npz", "target": "label"}, "backbone": {"name": "cnn2d"}}


def expression_class(folder):
    import anndata

    counts = np.random.default_rng(0).poisson(3, (32, 50)).astype(np.float32)
    frame = thrice(rows(type=np.random.default_rng(1).choice(["B", "T"], 32))).set_index("id")
    data = anndata.AnnData(np.concatenate([counts] * 3), obs=frame)
    data.write_h5ad(folder / "data.h5ad")
    values = {"data": {"name": "data.h5ad", "target": "type"}, "backbone": {"name": "mlp", "widths": [32]}}
    return {**values, "task": "expression"}


CASES = [dna_class, protein_class, several_labels, number, image_class, expression_class]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_finetune_learns_32_rows_by_heart(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = {
        "task": "sequence_property",
        "training": TRAINING,
        "split": {"name": "predefined", "column": "split"},
        "controls": "none",
        "seeds": 1,
        **case(tmp_path),
    }
    run = tmp_path / "run"
    scores = api.finetune(parse(values, "test"), run, quiet=True)
    assert scores["arms"]["transfer"][scores["primary_metric"]]["value"] > 0.97
    history = pd.read_csv(run / "history.tsv", sep="\t")
    assert history["train_loss"].iloc[-1] < 0.2 * history["train_loss"].iloc[0]
    assert_readers_accept(run, n=32)


def assert_readers_accept(run, n):
    assert not (run / "arms").exists()
    assert not list(run.rglob("*.tmp"))
    predictions = pd.read_csv(run / "predictions.tsv", sep="\t")
    assert len(predictions) == n
    assert predictions.notna().all().all()
    assert pd.read_csv(run / "split.tsv", sep="\t")["split"].value_counts().to_dict() == dict.fromkeys(PARTS, n)
    assert list(pd.read_csv(run / "history.tsv", sep="\t"))[:4] == ["arm", "seed", "epoch", "train_loss"]
    for name in ("scores", "audit", "transfer", "provenance", "encoder", "model", "notes"):
        assert json.loads((run / f"{name}.json").read_text())
    assert all(np.isfinite(tensor).all() for tensor in load_file(run / "model.safetensors").values())
    assert yaml.safe_load((run / "run.yaml").read_text())["seeds"] == [0]
    assert (run / "README.md").read_text().strip()
    page = Balanced()
    page.feed((run / "report.html").read_text(encoding="utf-8"))
    assert page.open == []
    assert {"html", "table", "svg"} <= page.seen
    audit = json.loads((run / "audit.json").read_text())
    assert (audit["exact_duplicates"], audit["verdict"]) == (n, "leaky")


def masked_tokens(folder):
    frame = rows(sequence=["".join(np.roll(list("ACGGTCAT" * 3), i)) for i in range(32)])
    frame.to_csv(folder / "data.csv", index=False)
    return {"data": "data.csv", "task": "masked_tokens", "backbone": {"name": "cnn", "dim": 32, "depth": 2}}


def counts(folder):
    rates = np.random.default_rng(0).gamma(1, 4, (4, 40))
    profiles = np.random.default_rng(1).poisson(rates[np.arange(32) % 4]).astype(np.float32)
    np.savez(folder / "data.npz", expression=profiles, features=np.array([f"G{i}" for i in range(40)]))
    return {"data": "data.npz", "backbone": {"name": "autoencoder", "widths": [32, 8]}}


def denoising(folder):
    return {**counts(folder), "task": {"name": "reconstruction", "objective": "denoising", "corrupt": 0.1}}


def variational(folder):
    return {**counts(folder), "task": {"name": "reconstruction", "objective": "variational", "kl": 0.01}}


@pytest.mark.parametrize(("case", "share"), [(masked_tokens, 0.3), (denoising, 0.5), (variational, 0.5)])
def test_pretrain_learns_32_rows_by_heart(case, share, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    training = {**TRAINING, "epochs": 150, "lr": 5e-3, "keep": "last"}
    weights = tmp_path / "arch.tag"
    card = api.pretrain(parse({"training": training, **case(tmp_path)}, "test"), weights, quiet=True)
    history = pd.read_csv(weights / "history.tsv", sep="\t")
    assert history["train_loss"].tail(5).mean() < share * history["train_loss"].iloc[0]
    assert 28 <= card["rows"] <= 32
    assert card["train_loss"] == pytest.approx(history["train_loss"].iloc[-1]), "the card is about the kept epoch"
    assert json.loads((weights / "config.json").read_text())["arch"] == card["configuration"]["backbone"]["name"]
    assert yaml.safe_load((weights / "card.yaml").read_text())["steps"] == card["steps"]
    assert load_file(weights / "model.safetensors")
    assert json.loads((weights / "sketch.json").read_text())
