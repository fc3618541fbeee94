"""Make the archive of a version: `python tests/archives/make.py v0.1.0`, once, when that version is released.

It holds tiny weights, a tiny run that started from them, a query and what they made of it. Never made again: the test
beside it asks that later versions open it.
"""

import json
import os
import platform
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent


def sequences(n, seed):
    """Random DNA; every second sequence holds TATAAT."""
    rng = np.random.default_rng(seed)
    letters = rng.choice(list("ACGT"), (n, 24))
    for row in letters[1::2]:
        start = rng.integers(0, 18)
        row[start : start + 6] = list("TATAAT")
    labels = np.where(np.arange(n) % 2, "with", "without")
    return pd.DataFrame({"id": [f"s{i}" for i in range(n)], "sequence": map("".join, letters), "label": labels})


def make(folder):
    """Write weights, run, query and what is expected, all with relative names."""
    from exapt import api
    from exapt.core.config import parse

    sequences(300, 1).drop(columns="label").to_csv("corpus.csv", index=False)
    sequences(160, 2).to_csv("dna.csv", index=False)
    sequences(20, 3).to_csv(folder / "query.csv", index=False)
    training = {"epochs": 10, "batch_size": 16, "lr": 0.01}
    backbone = {"name": "cnn", "dim": 8, "depth": 1}
    pretraining = {"data": "corpus.csv", "task": "masked_tokens", "backbone": backbone, "training": training}
    api.pretrain(parse(pretraining, "archive"), Path("cnn.tiny"))
    transfer = {
        "data": {"name": "dna.csv", "target": "label"},
        "task": "sequence_property",
        "backbone": {"name": "cnn", "weights": "cnn.tiny"},
        "strategy": [{"name": "gradual_unfreeze"}, {"name": "l2_sp", "weight": 0.01}],
        "baselines": ["majority", "linear"],
        "training": training,
        "seeds": 2,
    }
    api.finetune(parse(transfer, "archive"), Path("run"))
    query = str(folder / "query.csv")
    api.predict(Path("run"), query, folder / "predictions.tsv")
    api.embed("cnn.tiny", query, folder / "embedding.tsv")
    (folder / "evaluation.json").write_text(json.dumps(api.evaluate(Path("run"), query), indent=1) + "\n")


def keep(folder):
    """Only what a report can be made from again, and nothing about the machine."""
    for name in ("report.html", "README.md"):
        Path("run", name).unlink()
    for figure in Path("run", "figures").iterdir():
        figure.unlink()
    Path("run", "figures").rmdir()
    for note in (Path("run", "provenance.json"), Path("cnn.tiny", "card.yaml")):
        note.write_text(note.read_text().replace(platform.platform(), platform.system()))
    for name in ("run", "cnn.tiny"):
        Path(name).rename(folder / name)


if __name__ == "__main__":
    archive = HERE / sys.argv[1]
    archive.mkdir()
    with tempfile.TemporaryDirectory(dir=HERE) as workplace:
        os.chdir(workplace)
        make(archive)
        keep(archive)
        os.chdir(HERE)
