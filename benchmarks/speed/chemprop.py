"""ESOL beside chemprop: time of training and of prediction, and the error, of the same molecules, splits and epochs.

    EXAPT_MIRROR=... python benchmarks/speed/chemprop.py --python PYTHON_WITH_CHEMPROP_2.3 [--only-valid]

Both train a directed message-passing network of width 300 and three layers with a head of one hidden layer of 300, 50
epochs of 64 molecules, keep the epoch with the best validation loss, and use one thread. Chemprop's options are those
of its command line; ours are stated below and were chosen on validation parts (`--only-valid` prints those). Then both
predict the same 3,000 molecules of ZINC from their SMILES; chemprop with its default reading of molecules and with that
of cuik-molmaker. Seconds are those of the processor, reading of molecules with them, so that other work on the machine
counts for neither; the two take turns. A random forest on RDKit's descriptors stands beside, and a
smaller network.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch

from exapt.core.config import DataConfig, TrainingConfig
from exapt.core.contracts import Fold, Model, Table
from exapt.core.examples import Examples
from exapt.core.registry import BACKBONES, SPLITS, STRATEGIES, TASKS
from exapt.core.seeds import seed_everything
from exapt.data.encoders.graph import Graph
from exapt.data.loading import load
from exapt.transfer.training.loop import TrainingSets, fit
from exapt.transfer.training.predict import predict

HERE = Path(__file__).parent
RESULT = HERE / "results" / "chemprop.json"
PEER = HERE.parent / "peers" / "chemprop_esol.py"
EPOCHS, BATCH, SEEDS = 50, 64, (0, 1, 2)
LIBRARY = 3000  # molecules of ZINC; fewer than exapt reads in several processes
SETTINGS: dict[str, dict[str, Any]] = {
    "D-MPNN": {"conv": "dmpnn", "dim": 300, "depth": 3, "pool": "sum"},
    "GIN, 3 layers of 128": {"dim": 128, "depth": 3},
}


def measured(start: tuple[float, float]) -> dict[str, float]:
    """Seconds of the processor and of the wall since `start`."""
    return {"cpu_seconds": time.process_time() - start[0], "wall_seconds": time.perf_counter() - start[1]}


def now() -> tuple[float, float]:
    """The clocks of the processor and of the wall."""
    return time.process_time(), time.perf_counter()


def exapt(table: Table, fold: Fold, seed: int, settings: Mapping[str, Any], library: list[str]) -> dict[str, Any]:
    """Train, judge on the validation and the test part, predict the library."""
    options = {key: value for key, value in settings.items() if key not in ("precision", "lr")}
    precision, lr = settings.get("precision", "fp32"), settings.get("lr", 1e-3)
    config = TrainingConfig(epochs=EPOCHS, batch_size=BATCH, lr=lr, precision=precision, device="cpu")
    start = now()
    task = TASKS.build("sequence_property", hidden=300, primary="rmse")
    task.fit(table.take(fold.train))
    encoder = Graph()
    items = encoder.encode(table.frame["smiles"].tolist())
    examples = Examples({"smiles": items}, {"smiles": encoder}, task.targets(table), table.ids())
    seed_everything(seed)
    backbone = BACKBONES.build("gnn", inputs=encoder.inputs(), **options)
    model = Model({"smiles": backbone}, {"target": task.build_head([backbone])})
    sets = TrainingSets({"target": examples.take(fold.train)}, examples.take(fold.valid))
    fit(model, {"target": task}, STRATEGIES.build("scratch"), sets, config, seed=seed, quiet=True)
    found: dict[str, Any] = {"train": measured(start)}
    found["train"]["parameters"] = sum(parameter.numel() for parameter in model.parameters())
    for part in ("valid", "test"):
        rows = examples.take(getattr(fold, part))
        error = task.decode(predict(model, rows, config)) - task.truth(rows.targets)
        found["rmse" if part == "test" else "valid_rmse"] = float(np.sqrt(np.mean(error**2)))
    start = now()
    items = encoder.encode(library)
    rows = Examples({"smiles": items}, {"smiles": encoder}, {}, list(map(str, range(len(items)))))
    predict(model, rows, config)
    return found | {"predict": measured(start)}


def chemprop(python: str, job: Mapping[str, Any]) -> dict[str, Any]:
    """The same in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        given, result = Path(folder) / "job.json", Path(folder) / "result.json"
        given.write_text(json.dumps(job))
        subprocess.run([python, str(PEER), str(given), str(result)], check=True, stderr=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(result.read_text())
    return found


def forest(table: Table, fold: Fold, seed: int) -> float:
    """RMSE of 500 trees on RDKit's descriptors."""
    from sklearn.ensemble import RandomForestRegressor

    from exapt.bio.chem.fingerprints import descriptors

    rows, values = descriptors(table.frame["smiles"].tolist()), table.frame["logSolubility"].to_numpy()
    model = RandomForestRegressor(500, random_state=seed).fit(rows[fold.train], values[fold.train])
    return float(np.sqrt(np.mean((model.predict(rows[fold.test]) - values[fold.test]) ** 2)))


def one(table: Table, kind: str, seed: int, python: str | None, library: list[str]) -> dict[str, Any]:
    """All competitors on one split, one after the other."""
    fold = SPLITS.build(kind, seed=seed, valid=0.1, test=0.1)(table)[0]
    found = {name: exapt(table, fold, seed, settings, library) for name, settings in SETTINGS.items()}
    if python is None:
        return found
    parts = {part: getattr(fold, part).tolist() for part in ("train", "valid", "test")}
    job = {"smiles": table.frame["smiles"].tolist(), "values": table.frame["logSolubility"].tolist(), **parts}
    job |= {"epochs": EPOCHS, "batch_size": BATCH, "seed": seed, "library": library}
    found["chemprop"] = chemprop(python, job)
    found["forest"] = {"rmse": forest(table, fold, seed)}
    return found


def summary(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Errors by kind of split, and times as ratios of chemprop's, the median over runs."""
    names = list(next(iter(runs.values())))
    found: dict[str, Any] = {"rmse": {}, "ratio": {}}
    for kind in ("random", "scaffold"):
        of = [run for key, run in runs.items() if key.startswith(kind)]
        found["rmse"][kind] = {name: round(float(np.mean([run[name]["rmse"] for run in of])), 3) for name in names}
    for name in SETTINGS:
        ratios = {
            "training": [
                run["chemprop"]["train"]["cpu_seconds"] / run[name]["train"]["cpu_seconds"] for run in runs.values()
            ],
        }
        for reading in ("rdkit", "cuik"):
            ratios[f"prediction, chemprop reads with {reading}"] = [
                run["chemprop"][f"predict_{reading}"]["cpu_seconds"] / run[name]["predict"]["cpu_seconds"]
                for run in runs.values()
            ]
        found["ratio"][name] = {what: round(float(np.median(values)), 2) for what, values in ratios.items()}
    return found


def main() -> None:
    """Run all, print the summary, keep everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", help="An interpreter that has chemprop 2.3.")
    parser.add_argument("--only-valid", action="store_true", help="Our own errors on validation parts, nothing else.")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    table = load(DataConfig(name="esol")).table
    library = load(DataConfig(name="zinc250k")).table.frame["smiles"].tolist()[:LIBRARY]
    runs = {}
    for kind in ("random", "scaffold"):
        for seed in SEEDS:
            runs[f"{kind}, seed {seed}"] = found = one(
                table, kind, seed, None if asked.only_valid else asked.python, library
            )
            shown = {name: round(run["valid_rmse" if asked.only_valid else "rmse"], 3) for name, run in found.items()}
            print(f"{kind}, seed {seed}: {shown}", flush=True)
    if asked.only_valid:
        return
    work = {"rows": len(table), "epochs": EPOCHS, "batch_size": BATCH, "threads": 1, "library": LIBRARY}
    results = {"work": work, "settings": SETTINGS, "summary": summary(runs), "runs": runs}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results["summary"], indent=2))


if __name__ == "__main__":
    main()
