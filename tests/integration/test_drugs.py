"""Affinity of drugs and targets, and side effects, from a file to the table of predictions."""

import json

import numpy as np
import pandas as pd
import pytest

from exapt import api
from exapt.core.config import parse

DRUGS = ["CCO", "c1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "CCN(CC)CC", "OC1CCCCC1", "Clc1ccncc1", "NCCc1ccc(O)c(O)c1", "CCS"]
AMINO = list("ACDEFGHIKLMNPQRSTVWY")
EFFECTS = ["nausea", "rash, mild", "fever"]


@pytest.fixture(scope="module")
def affinities(tmp_path_factory):
    """32 pairs of 8 drugs and 4 targets, with random affinities."""
    rng = np.random.default_rng(0)
    targets = ["".join(rng.choice(AMINO, n)) for n in (24, 30, 36, 40)]
    rows = [
        (f"drug {i}/target {j}", drug, target, float(rng.normal(6.5, 1.0)))
        for i, drug in enumerate(DRUGS)
        for j, target in enumerate(targets)
    ]
    frame = pd.DataFrame(rows, columns=["id", "smiles", "sequence", "pkd"])
    path = tmp_path_factory.mktemp("affinities") / "pairs.csv"
    pd.concat([frame.assign(split="train"), frame.assign(split="test")]).assign(
        id=[f"{name}{part}" for part in ("", " again") for name in frame["id"]]
    ).to_csv(path, index=False)
    return path


def affinity_config(path, **changes):
    values = {
        "data": {
            "name": str(path), "id": "id", "input": ["smiles", "sequence"], "target": "pkd",
            "modality": {"smiles": "molecule", "sequence": "protein"}, "unit": {"pkd": "pKd"}, "clean": [],
        },
        "task": {"name": "drug_target", "width": 32, "hidden": 64, "layers": 1, "dropout": 0.0},
        "split": {"name": "predefined", "column": "split", "valid": 0.0},
        "backbone": {
            "smiles": {"name": "gnn", "dim": 32, "depth": 2},
            "sequence": {"name": "cnn", "dim": 16, "depth": 1, "dropout": 0.0, "pool": "mean_max"},
        },
        "baselines": [], "controls": "none", "seeds": 1,
        "training": {"epochs": 80, "batch_size": 32, "lr": 0.01, "weight_decay": 0.0, "keep": "last"},
    }  # fmt: skip
    return parse({**values, **changes}, "test")


@pytest.fixture(scope="module")
def affinity_run(affinities, tmp_path_factory):
    run = tmp_path_factory.mktemp("runs") / "affinities"
    scores = api.finetune(affinity_config(affinities), run, quiet=True)
    return run, scores


def test_32_pairs_are_overfitted(affinity_run):
    _, scores = affinity_run
    found = scores["arms"]["transfer"]
    assert scores["primary_metric"] == "mse"
    assert found["mse"]["value"] < 0.02, "the test rows are the training rows, random numbers of variance 1"
    assert found["concordance"]["value"] > 0.95
    assert found["rm2"]["value"] > 0.9


def test_affinities_are_written_with_drug_target_and_pair_class(affinity_run, affinities, tmp_path):
    run, _ = affinity_run
    known = pd.read_csv(affinities).head(3)
    new = known.assign(smiles=["CCO", "CCCCO", "CCCCO"], sequence=[*known["sequence"][:2], "MKVLA" * 6])
    new.drop(columns=["pkd", "split"]).to_csv(tmp_path / "new.csv", index=False)
    assert api.predict(run, str(tmp_path / "new.csv"), tmp_path / "out.tsv", quiet=True) == 3
    out = pd.read_csv(tmp_path / "out.tsv", sep="\t")
    assert list(out) == ["id", "drug", "target", "pkd", "pair_class", "similarity", "band"]
    assert out["drug"].tolist() == ["drug 0"] * 3
    assert out["target"].tolist() == ["target 0", "target 1", "target 2"]
    assert out["pair_class"].tolist() == ["C1", "C2", "C3"]
    assert out["similarity"][0] == 1
    assert out["pkd"][0] == pytest.approx(known["pkd"][0], abs=0.5)


def test_drugs_that_stand_in_several_pairs_are_explained(affinity_run):
    run, _ = affinity_run
    shown = json.loads((run / "explain" / "molecules.json").read_text())
    assert len(shown["best"]) == len(shown["worst"]) == 4, "each of the 8 drugs once"
    assert shown["faithfulness"]["n"] > 8, "the deletion test took pairs that share a drug"


def test_the_frozen_control_trains_this_head(affinities, tmp_path):
    """The head is not linear, so the control cannot be solved; proteins alone may be frozen."""
    config = affinity_config(
        affinities,
        strategy={"name": "frozen", "columns": ["sequence"]},
        controls=["frozen"],
        training={"epochs": 2, "batch_size": 16},
    )
    scores = api.finetune(config, tmp_path / "run", quiet=True)
    assert set(scores["arms"]) == {"transfer", "frozen"}


@pytest.fixture(scope="module")
def side_effect_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("effects")
    rng = np.random.default_rng(0)
    carbons = rng.integers(1, 14, 60)
    frame = pd.DataFrame({"id": [f"drug {i}" for i in range(60)], "smiles": ["C" * n + "O" for n in carbons]})
    for k, name in enumerate(EFFECTS):
        frame[name] = ((carbons > 4 + 2 * k) ^ (rng.random(60) < 0.1)).astype(int)
    frame["split"] = ["train"] * 40 + ["valid"] * 10 + ["test"] * 10
    frame.to_csv(folder / "drugs.csv", index=False)
    values = {
        "data": {
            "name": str(folder / "drugs.csv"), "target": EFFECTS, "modality": {"smiles": "molecule"}, "clean": [],
        },
        "task": "side_effects",
        "split": {"name": "predefined", "column": "split"},
        "backbone": {"name": "gnn", "dim": 16, "depth": 2, "pool": "sum"},
        "baselines": [], "controls": "none", "seeds": 1,
        "training": {"epochs": 3, "batch_size": 16},
    }  # fmt: skip
    scores = api.finetune(parse(values, "test"), folder / "run", quiet=True)
    return folder / "run", scores


def test_every_effect_has_a_score_with_an_interval(side_effect_run):
    _, scores = side_effect_run
    assert scores["primary_metric"] == "auroc"
    rows = scores["detail"]["per_class"]
    assert [row["class"] for row in rows] == EFFECTS
    for row in rows:
        assert set(row["auroc"]) == set(row["auprc"]) == {"value", "low", "high"}
    defined = [row["auroc"]["value"] for row in rows if row["auroc"]["value"] is not None]
    assert np.mean(defined) == pytest.approx(scores["arms"]["transfer"]["auroc"]["value"])


@pytest.mark.parametrize("abstain", [False, True])
def test_one_row_a_drug_and_effect(side_effect_run, tmp_path, abstain):
    run, _ = side_effect_run
    pd.DataFrame({"id": ["a", "b"], "smiles": ["CCO", "c1ccccc1"]}).to_csv(tmp_path / "new.csv", index=False)
    assert api.predict(run, str(tmp_path / "new.csv"), tmp_path / "out.tsv", abstain=abstain, quiet=True) == 2
    out = pd.read_csv(tmp_path / "out.tsv", sep="\t")
    more = ["unknown", "possible"] if abstain else []
    assert list(out) == ["id", "effect", "probability", *more, "similarity", "band"]
    assert out["id"].tolist() == ["a"] * 3 + ["b"] * 3
    assert sorted(out["effect"][:3]) == sorted(EFFECTS)
    assert out["probability"][:3].is_monotonic_decreasing
    assert out["similarity"][0] == 1
    assert out["similarity"][3] < 0.3
