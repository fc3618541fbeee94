"""The run folder: writing the model that it keeps, and opening it again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exapt.api._prepare import Domain
from exapt.core.config import BackboneConfig, RunConfig, TrainingConfig, parse, read_yaml
from exapt.core.contracts import Encoder, Inputs, Model, Run, Table, Task
from exapt.core.errors import DataError, InputError, nearest
from exapt.core.paths import read_json, write_json
from exapt.core.registry import ENCODERS, TASKS

if TYPE_CHECKING:
    from exapt.api._arms import SeedResult

FORMAT_VERSION = 1


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
    """Write model.safetensors (or the adapter), model.json and encoder.json of the kept seed."""
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
            "backbone": config.backbone.model_dump(exclude_none=True),
            "task": {"name": config.task.name, "state": target.task.state()},
            "columns": columns,
            "adapter": adapter.is_dir(),
        },
    )


def encoder_name(encoder: Encoder) -> str:
    """The registry name of an encoder: its file name."""
    return type(encoder).__module__.rpartition(".")[2]


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
    if saved["format_version"] != FORMAT_VERSION:
        raise InputError(f"{note}: format {saved['format_version']}; this exapt reads {FORMAT_VERSION}. Upgrade exapt.")
    config = parse(read_yaml(folder / "run.yaml"), str(folder / "run.yaml"))
    encoders = {
        name: ENCODERS.build(spec["name"], **spec["state"]) for name, spec in read_json(folder / "encoder.json").items()
    }
    task: Task = TASKS.build(saved["task"]["name"], **saved["task"]["state"])
    inputs: Inputs = next(iter(encoders.values())).inputs()
    backbone = build(BackboneConfig.model_validate(saved["backbone"]), inputs)
    model = Model(dict.fromkeys(encoders, backbone), {"target": task.build_head([backbone] * len(encoders))})
    if saved["adapter"]:
        from exapt.transfer.strategies.lora import add_adapter

        add_adapter(model, folder / "adapter")
    load_model(folder / "model.safetensors", model)
    model.eval()
    scores = read_json(folder / "scores.json")
    run = Run(folder, config.model_dump(), read_json(folder / "provenance.json"), {}, scores)
    return OpenedRun(run, config, model, task, encoders, saved["columns"])


def match_columns(opened: OpenedRun, table: Table) -> Table:
    """Find the run's input columns in a new table: by name, or by modality where there is only one.

    Raises
    ------
    DataError
        Where an input column is missing; the nearest names are offered.
    """
    renamed = table
    for name in opened.encoders:
        if name in table.columns:
            continue
        modality = opened.columns[name]["modality"]
        same = [other for other, column in table.columns.items() if column.modality == modality]
        if len(same) != 1:
            raise DataError(
                f"{table.source}: input column {name!r} ({modality}) is missing. {nearest(name, table.columns)}"
            )
        renamed = _rename(renamed, same[0], name)
    return renamed


def _rename(table: Table, old: str, new: str) -> Table:
    columns = {new if name == old else name: column for name, column in table.columns.items()}
    matrices = {new if name == old else name: matrix for name, matrix in table.matrices.items()}
    return Table(table.frame.rename(columns={old: new}), columns, table.source, matrices)
