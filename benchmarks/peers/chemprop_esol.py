"""Chemprop's side of `benchmarks/speed/chemprop.py`; runs under an interpreter that has chemprop 2.3, not exapt.

    python chemprop_esol.py JOB.json RESULT.json

The job has `smiles`, `values`, `train`, `valid`, `test` (row numbers), `epochs`, `batch_size`, `seed` and `library`
(SMILES to predict). The network, its head and the training schedule are the defaults of chemprop's command line.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import torch
from chemprop import data, models, nn
from lightning import pytorch as pl
from lightning.pytorch.callbacks import ModelCheckpoint

warnings.filterwarnings("ignore")
logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
torch.set_num_threads(1)


class Clock:
    """Seconds of this process's processor, and on the wall, since it was made."""

    def __init__(self) -> None:
        self.start = time.process_time(), time.perf_counter()

    def read(self) -> tuple[float, float]:
        """Both."""
        return time.process_time() - self.start[0], time.perf_counter() - self.start[1]


def dataset(job: dict[str, Any], part: str, scaler: Any = None) -> tuple[Any, Any]:
    """Cached molecules of one part, with scaled targets, as `chemprop train` makes them."""
    points = [data.MoleculeDatapoint.from_smi(job["smiles"][i], [job["values"][i]]) for i in job[part]]
    made = data.MoleculeDataset(points)
    scaler = made.normalize_targets(scaler)
    made.cache = True
    return made, scaler


def train(job: dict[str, Any], folder: str) -> tuple[Any, dict[str, float]]:
    """The network of the best validation epoch, and what it cost."""
    clock = Clock()
    train_set, scaler = dataset(job, "train")
    valid_set, _ = dataset(job, "valid", scaler)
    head = nn.RegressionFFN(output_transform=nn.UnscaleTransform.from_standard_scaler(scaler))
    model = models.MPNN(nn.BondMessagePassing(), nn.NormAggregation(), head, batch_norm=False)
    best = ModelCheckpoint(folder, monitor="val_loss", mode="min")
    trainer = pl.Trainer(
        accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=[best], max_epochs=job["epochs"], deterministic=True,
    )  # fmt: skip
    loaders = [
        data.build_dataloader(train_set, job["batch_size"], num_workers=0, seed=job["seed"]),
        data.build_dataloader(valid_set, job["batch_size"], num_workers=0, shuffle=False),
    ]
    trainer.fit(model, *loaders)
    cpu, wall = clock.read()
    size = sum(p.numel() for p in model.parameters())
    kept = models.MPNN.load_from_checkpoint(best.best_model_path)
    return kept, {"cpu_seconds": cpu, "wall_seconds": wall, "parameters": size}


def predict(model: Any, smiles: list[str], batch_size: int, featurizer: str) -> tuple[np.ndarray, dict[str, float]]:
    """Predictions from SMILES, read anew."""
    clock = Clock()
    if featurizer == "cuik":
        made: Any = data.CuikmolmakerDataset([data.LazyMoleculeDatapoint(text) for text in smiles])
    else:
        made = data.MoleculeDataset([data.MoleculeDatapoint.from_smi(text) for text in smiles])
    loader = data.build_dataloader(made, batch_size, num_workers=0, shuffle=False)
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False)
    with torch.inference_mode():
        found = np.concatenate([part.numpy() for part in trainer.predict(model, loader)])[:, 0]
    cpu, wall = clock.read()
    return found, {"cpu_seconds": cpu, "wall_seconds": wall}


def main() -> None:
    """Train, predict the test part and the library."""
    job = json.loads(Path(sys.argv[1]).read_text())
    pl.seed_everything(job["seed"], verbose=False)
    with tempfile.TemporaryDirectory() as folder:
        model, cost = train(job, folder)
    found, _ = predict(model, [job["smiles"][i] for i in job["test"]], job["batch_size"], "rdkit")
    truth = np.array(job["values"])[job["test"]]
    result = {"rmse": float(np.sqrt(np.mean((found - truth) ** 2))), "train": cost}
    for featurizer in ("rdkit", "cuik") if job["library"] else ():
        result[f"predict_{featurizer}"] = predict(model, job["library"], job["batch_size"], featurizer)[1]
    Path(sys.argv[2]).write_text(json.dumps(result))


if __name__ == "__main__":
    main()
