"""The run folder: writing the model that it keeps, and opening it again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from torch import nn

from exapt.api._arms import SeedResult, encoder_name
from exapt.api._prepare import Domain
from exapt.core.config import BackboneConfig, RunConfig, TrainingConfig, parse, read_yaml
from exapt.core.contracts import Encoder, Model, Run, Task
from exapt.core.errors import InputError, nearest
from exapt.core.paths import read_json, write_json
from exapt.core.registry import ENCODERS, TASKS

FORMAT_VERSION = 1
RULES = "rules.json"  # what the kept model has learned from its validation rows about its own errors
M = TypeVar("M", bound=nn.Module)


@dataclass(frozen=True)
class OpenedRun:
    """A run folder, ready to predict."""

    run: Run
    config: RunConfig
    model: Model
    task: Task
    encoders: dict[str, Encoder]
    columns: dict[str, dict[str, Any]]

    @property
    def training(self) -> TrainingConfig:
        """Batch size, precision and device of the run."""
        return self.config.training


def write_model(folder: Path, config: RunConfig, target: Domain, best: SeedResult) -> None:
    """Write model.safetensors, model.json and encoder.json of the kept seed, and its adapter where it has one."""
    from exapt.models.build import resolve

    adapter = best.folder / "adapter"
    if adapter.is_dir():
        shutil.copytree(adapter, folder / "adapter", dirs_exist_ok=True)
    shutil.copyfile(best.folder / "model.safetensors", folder / "model.safetensors")
    encoders = {
        name: {"name": encoder_name(encoder), "state": encoder.state()} for name, encoder in target.encoders.items()
    }
    columns = {name: vars(column) for name, column in target.table.columns.items()}
    write_json(folder / "encoder.json", encoders)
    write_json(
        folder / "model.json",
        {
            "format_version": FORMAT_VERSION,
            "backbone": {name: resolve(one).plain() for name, one in config.backbones().items() if name}
            or resolve(config.backbone_of("")).plain(),
            "task": {"name": config.task.name, "state": read_json(best.folder / "task.json")},
            "columns": columns,
        },
    )


def to_device(module: M, device: Literal["auto", "cpu"]) -> M:
    """Move a model to the accelerator that is there, unless only the processor was asked for."""
    import torch

    found = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
    return module if device == "cpu" or found is None else module.to(found)


def open_run(folder: Path) -> OpenedRun:
    """Open a run folder and load its model.

    Raises
    ------
    InputError
        Where the folder is no run, or was written by a newer format.
    WeightsError
        Where the tensors are damaged or do not fit.
    """
    from exapt.models.build import build
    from exapt.models.hub import load_model

    note = folder / "model.json"
    if not note.is_file():
        runs = [path.parent.name for path in folder.parent.glob("*/model.json")] if folder.parent.is_dir() else []
        raise InputError(f"{folder}: not a run folder (no model.json). {nearest(folder.name, runs)}")
    saved = read_json(note)
    if saved.get("format_version") != FORMAT_VERSION:
        found = saved.get("format_version")
        raise InputError(f"{note}: format {found}; this exapt reads {FORMAT_VERSION}. Use the exapt that wrote it.")
    config = parse(read_yaml(folder / "run.yaml"), str(folder / "run.yaml"))
    specs = read_json(folder / "encoder.json")
    encoders = {name: ENCODERS.build(spec["name"], **spec["state"]) for name, spec in specs.items()}
    task: Task = TASKS.build(saved["task"]["name"], **saved["task"]["state"])
    inputs = {name: encoder.inputs() for name, encoder in encoders.items()}
    if "name" in saved["backbone"]:
        shared = build(BackboneConfig.model_validate(saved["backbone"]), next(iter(inputs.values())))
        backbones = dict.fromkeys(inputs, shared)
    else:
        backbones = {
            name: build(BackboneConfig.model_validate(saved["backbone"][name]), inputs[name]) for name in inputs
        }
    model = Model(backbones, {"target": task.build_head(list(backbones.values()))})
    load_model(folder / "model.safetensors", model)
    to_device(model.eval(), config.training.device)
    scores = read_json(folder / "scores.json")
    run = Run(folder, config.model_dump(), read_json(folder / "provenance.json"), specs, scores)
    return OpenedRun(run, config, model, task, encoders, saved["columns"])
