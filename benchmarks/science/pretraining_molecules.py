"""Which pre-training of molecules is best, without a look at any test part.

`python benchmarks/science/pretraining_molecules.py WEIGHTS ...` prints one row for each folder of weights
(`random:WEIGHTS` is the same network without training): a linear probe on the pooled features, by 3-fold
cross-validation over scaffolds inside the training part of five benchmark sets. ROC-AUC % (mean over tasks), for
Lipophilicity RMSE.

`--trials [FOLDER]` trains the candidates of pretrain/trials.yaml into FOLDER first (those that are not there yet) and
prints their rows.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exapt import api
from exapt.bio.chem.scaffolds import murcko
from exapt.core.config import BackboneConfig, DataConfig, parse
from exapt.core.contracts import Backbone, Table
from exapt.core.registry import ENCODERS, SPLITS
from exapt.core.seeds import seed_everything
from exapt.data.loading import load
from exapt.models import hub
from exapt.models.build import build

SETS = ("bbbp", "tox21", "bace", "sider", "lipo")
FOLDS, BATCH = 3, 256
LEAST = 10  # of each class in a fold's training and test rows


def training_part(name: str) -> Table:
    """The training rows of a card's own split."""
    loaded = load(DataConfig(name=name))
    assert loaded.split is not None
    (fold,) = SPLITS.build(loaded.split.name, **loaded.split.options)(loaded.table)
    return loaded.table.take(fold.train)


def network(name: str) -> tuple[Backbone, Any]:
    """The backbone and its encoder; `random:` in front = random weights."""
    folder = name.removeprefix("random:")
    saved = hub.read_config(folder)
    encoder = ENCODERS.build(saved["encoder"]["name"], **saved["encoder"]["state"])
    if folder != name:
        seed_everything(0)
        return build(BackboneConfig(name=saved["arch"], **saved["options"]), encoder.inputs()).eval(), encoder
    return hub.load(folder)[0].eval(), encoder


def embedded(name: str, smiles: list[str]) -> NDArray[np.float32]:
    """Pooled features (n, D)."""
    backbone, encoder = network(name)
    items = encoder.encode(smiles)
    with torch.no_grad():
        parts = [backbone(encoder.collate(items[i : i + BATCH])).pooled for i in range(0, len(items), BATCH)]
    found: NDArray[np.float32] = torch.cat(parts).float().numpy()
    return found


def probe(table: Table, x: NDArray[np.float32]) -> float:
    """Mean over targets and folds of ROC-AUC %, or RMSE of a number."""
    smiles = table.frame[table.names("input")[0]].tolist()
    scaffolds = np.array([scaffold or text for scaffold, text in zip(murcko(smiles), smiles, strict=True)])
    scores = []
    for name in table.names("target"):
        y = table.frame[name].to_numpy(dtype=float)
        known = np.flatnonzero(~np.isnan(y))
        number = table.columns[name].modality == "number"
        for train, test in GroupKFold(FOLDS).split(known, groups=scaffolds[known]):
            a, b = known[train], known[test]
            if number:
                model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 4, 9))).fit(x[a], y[a])
                scores.append(float(np.sqrt(np.mean((model.predict(x[b]) - y[b]) ** 2))))
                continue
            if min(*np.bincount(y[a].astype(int), minlength=2), *np.bincount(y[b].astype(int), minlength=2)) < LEAST:
                continue
            model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300)).fit(x[a], y[a])
            scores.append(100 * roc_auc_score(y[b], model.decision_function(x[b])))
    return float(np.mean(scores))


def trials(folder: Path) -> list[str]:
    """Train the candidates; their folders, after one of random weights."""
    path = Path(__file__).parent / "pretrain" / "trials.yaml"
    made = []
    for name, values in yaml.safe_load(path.read_text(encoding="utf-8"))["candidates"].items():
        output = folder / name.replace(", ", "+").replace(" ", "_")
        if not output.exists():
            api.pretrain(parse(values, f"{path}: {name}"), output, quiet=True)
        made.append(str(output))
    return [f"random:{made[0]}", *made]


def main(names: list[str]) -> None:
    """Print the table."""
    if names[0] == "--trials":
        names = trials(Path(names[1]) if len(names) > 1 else Path(__file__).parent / "work" / "trials")
    warnings.simplefilter("ignore")
    tables = {name: training_part(name) for name in SETS}
    print("| weights | " + " | ".join(SETS) + " |", flush=True)
    for name in names:
        row = [probe(table, embedded(name, table.frame[table.names("input")[0]].tolist())) for table in tables.values()]
        print(f"| {name} | " + " | ".join(f"{value:.{3 if value < 10 else 1}f}" for value in row) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
