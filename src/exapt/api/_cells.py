"""The finished trainings of a comparison: where they lie, what they predicted, and how little of them is kept."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

from exapt.api._arms import ArmSpec, folder_of, same_training
from exapt.api._prepare import Cut
from exapt.core.config import RunConfig

DONE, WEIGHTS, OUTPUTS = "done.json", "model.safetensors", "outputs.safetensors"
SMALL = {DONE, OUTPUTS, "history.tsv", "transfer.json", "task.json", "auto.json"}  # what a run is scored from


@dataclass(frozen=True)
class Cells:
    """The trainings of one size.

    Attributes
    ----------
    root
        Their folder.
    cut, specs, config
        Folds, arms (the first is the one whose model a run keeps) and configuration of the size.
    """

    root: Path
    cut: Cut
    specs: Sequence[ArmSpec]
    config: RunConfig

    def places(self) -> list[Path]:
        """One folder a fold."""
        folds = len(self.cut.folds)
        return [self.root / (f"fold_{number + 1}" if folds > 1 else "") for number in range(folds)]

    def folder(self, spec: ArmSpec) -> str:
        """The folder name of an arm; arms that train the same model share that of the first."""
        return folder_of(next(other for other in self.specs if same_training(other, spec, self.config)))

    def predictions(self, spec: ArmSpec) -> list[NDArray[np.float64]] | None:
        """Decoded predictions of the test rows of all folds, one array a seed; None where a cell was deleted."""
        files = [
            [place / self.folder(spec) / str(seed) / OUTPUTS for place in self.places()] for seed in self.config.seeds
        ]
        if not all(file.is_file() for folds in files for file in folds):
            return None
        return [np.concatenate([load_file(file)["test"] for file in folds]) for folds in files]


def restore(cells: Cells) -> None:
    """Have a training repeated whose model the run is to keep, where only its small files are left."""
    first = cells.folder(cells.specs[0])
    for place in cells.places():
        for done in (place / first).glob(f"*/{DONE}"):
            if not (done.parent / WEIGHTS).is_file():
                done.unlink()


def shrink(cells: Cells) -> None:
    """Drop checkpoints, and weights other than those of the first arm: a run needs no others, and they are large."""
    first = {place / cells.folder(cells.specs[0]) for place in cells.places()}
    for done in cells.root.rglob(DONE):
        kept = SMALL | ({WEIGHTS, "adapter"} if done.parent.parent in first else set())
        for path in done.parent.iterdir():
            if path.name in kept or (path.is_dir() and any(path.rglob(DONE))):  # trials of `auto` are cells too
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
