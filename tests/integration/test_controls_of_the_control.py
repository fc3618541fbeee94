"""The verdict itself is put to the test: where nothing can have been transferred it may not say "helped".

Handwritten digits (1,797 of 8 x 8 pixels, inside scikit-learn) as tables of 64 numbers: half is the source, half the
target with five labels a class. The unrelated source is blood cells: 64 genes of the data set inside scanpy.
"""

import numpy as np
import pandas as pd
import pytest

from exapt import api
from exapt.core.config import parse
from exapt.core.paths import read_json

SEEDS = [0, 1, 2]
TRAINING = {"epochs": 25, "batch_size": 32, "lr": 1e-3, "keep": "last"}
BACKBONE = {"name": "mlp", "widths": [128, 64], "norm": "layer"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """source.csv and target.csv of digits, shuffled.csv with the target's labels in random order, cells.csv."""
    import scanpy as sc
    from sklearn.datasets import load_digits

    made = tmp_path_factory.mktemp("digits")
    pixels, label = load_digits(return_X_y=True)
    names = [f"v{i:02d}" for i in range(64)]
    frame = pd.DataFrame(pixels / 16, columns=names).assign(label=[f"d{y}" for y in label])
    order = np.random.default_rng(0).permutation(len(frame))
    frame.iloc[order[:900]].to_csv(made / "source.csv", index=False)
    target = frame.iloc[order[900:]].reset_index(drop=True)
    target.to_csv(made / "target.csv", index=False)
    shuffled = np.random.default_rng(1).permutation(target["label"])
    target.assign(label=shuffled).to_csv(made / "shuffled.csv", index=False)
    cells = sc.datasets.pbmc68k_reduced()
    genes = cells.raw.X[:, :64].toarray()
    types = cells.obs["bulk_labels"].astype(str).to_numpy()
    pd.DataFrame(genes / genes.max(), columns=names).assign(label=types).to_csv(made / "cells.csv", index=False)
    return made


def section(path):
    return {"name": str(path), "target": "label", "options": {"matrix": "expression"}}


def weights(folder, source, **training):
    """A backbone trained on the labels of a source."""
    values = {
        "data": section(folder / f"{source}.csv"),
        "task": "expression",
        "split": {"name": "stratified", "test": 0.0},
        "encoder": {"name": "expression", "normalise": "none", "scale": False},
        "backbone": BACKBONE,
        "training": {**TRAINING, **training},
        "seeds": [7],
    }
    place = folder / f"mlp.{source}{len(training)}"
    if not place.exists():
        api.pretrain(parse(values, "test"), place, quiet=True)
    return str(place)


def verdict(folder, target, weights, strategy, place):
    values = {
        "data": section(folder / f"{target}.csv"),
        "task": "expression",
        "split": {"name": "stratified", "valid": 0.1, "test": 0.5},
        "backbone": {"name": "mlp", "weights": weights},
        "strategy": strategy,
        "training": TRAINING,
        "train_size": 5,
        "baselines": ["majority"],
        "seeds": SEEDS,
    }
    scores = api.finetune(parse(values, "test"), place, quiet=True)
    assert read_json(place / "scores.json")["gain"] == scores["gain"]
    return scores["gain"]["vs_scratch"]


@pytest.mark.parametrize("strategy", ["full", "linear_probe"])
def test_a_source_that_is_the_targets_own_task_helps(folder, tmp_path, strategy):
    gain = verdict(folder, "target", weights(folder, "source"), strategy, tmp_path / "run")
    assert gain["verdict"] == "helped"
    assert gain["value"] > 0.05


def test_random_weights_presented_as_pretrained_are_no_evidence(folder, tmp_path):
    random = weights(folder, "source", epochs=1, lr=1e-12)
    assert verdict(folder, "target", random, "full", tmp_path / "run")["verdict"] == "no evidence"


def test_a_solved_head_on_random_weights_does_not_help(folder, tmp_path):
    random = weights(folder, "source", epochs=1, lr=1e-12)
    assert verdict(folder, "target", random, "linear_probe", tmp_path / "run")["verdict"] != "helped"


def test_shuffled_labels_are_no_evidence(folder, tmp_path):
    gain = verdict(folder, "shuffled", weights(folder, "source"), "full", tmp_path / "run")
    assert gain["verdict"] == "no evidence"


def test_a_source_of_an_unrelated_modality_is_no_evidence(folder, tmp_path):
    gain = verdict(folder, "target", weights(folder, "cells"), "full", tmp_path / "run")
    assert gain["verdict"] == "no evidence"
