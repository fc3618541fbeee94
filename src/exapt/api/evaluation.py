"""`evaluate`: score a run on labelled data that it has not seen, whatever its columns are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from exapt.api._prepare import encode, load_data
from exapt.api._run import OpenedRun, open_run
from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Table
from exapt.core.errors import ConfigError, DataError


def evaluate(run: Path, data: str, *, target: str | None = None) -> dict[str, Any]:
    """Score a run on labelled data that it has not seen, with intervals.

    Rows without a label are left out. The resampling unit is the group column of the run, where the data have it.

    Parameters
    ----------
    run
        A run folder.
    data
        A card name or a file. A single input, or a single target, may have another name than in training.
    target
        Name of the target column; None = as in training.

    Returns
    -------
    dict
        `{"n": rows, "metrics": {name: {"value", "low", "high"}}}`; what is undefined is None.

    Raises
    ------
    ConfigError
        Where `target` names one column and the run predicts several.
    DataError
        Where the target column is missing or empty, or holds a label that the run does not know.
    """
    from exapt.evaluate.intervals import interval
    from exapt.evaluate.metrics._metric import find
    from exapt.transfer.training.predict import predict

    opened = open_run(run)
    table = _labelled(opened, data, target)
    examples = encode(table, opened.encoders, opened.task.targets(table))
    decoded = opened.task.decode(predict(opened.model, examples, opened.training))
    true = opened.task.truth(examples.targets)
    groups = table.frame[table.names("group")[0]].to_numpy() if table.names("group") else np.arange(len(table))
    found = {name: interval(find(name), true, [decoded], groups) for name in opened.task.metrics()}
    return {"n": len(table), "metrics": {name: _plain(vars(result)) for name, result in found.items()}}


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    return {key: value if np.isfinite(value) else None for key, value in values.items()}


def _labelled(opened: OpenedRun, data: str, target: str | None) -> Table:
    """The rows that have a label, under the names that the run knows."""
    from exapt.data.loading import stream

    wanted, inputs, targets = opened.config.data, list(opened.encoders), _names(opened, "target")
    seen = next(stream(data, options=wanted.options, chunk_rows=1))
    have = [*map(str, seen.frame.columns), *seen.matrices]
    read = _other_names(inputs, have, seen.names("input"))
    if target is not None and len(targets) > 1:
        raise ConfigError(
            f"{opened.run.folder} predicts {', '.join(targets)}: name the columns of the data like these."
        )
    judged = [target] if target is not None else targets
    as_known = dict(zip([*read, *judged], [*inputs, *targets], strict=True))
    config = DataConfig(
        name=data,
        id=wanted.id if wanted.id in have else None,
        input=read,
        target=judged,
        group=next((name for name in _names(opened, "group") if name in have), None),
        modality={name: opened.columns[known]["modality"] for name, known in as_known.items()},
        unit=wanted.unit if set(wanted.unit) <= set(have) else {},
        options=wanted.options,
        clean=[*(wanted.clean or []), Piece(name="drop_missing_target")],
        features_of=wanted.features_of,
    )
    table = load_data(config).table
    empty = [name for name in judged if table.frame[name].isna().all()]
    if empty:
        raise DataError(f"{table.source}: target column {empty[0]!r} is empty; there is nothing to score against.")
    return _renamed(table, as_known)


def _names(opened: OpenedRun, role: str) -> list[str]:
    return [name for name, column in opened.columns.items() if column["role"] == role]


def _other_names(inputs: Sequence[str], have: Sequence[str], inferred: Sequence[str]) -> list[str]:
    """The input columns as this file calls them; a single one is known by its content."""
    if len(inputs) == len(inferred) == 1 and inputs[0] not in have:
        return list(inferred)
    return list(inputs)


def _renamed(table: Table, names: Mapping[str, str]) -> Table:
    """The same table under the run's names; a column without a role makes way."""
    hidden = [new for old, new in names.items() if old != new and new in table.frame]
    return replace(
        table,
        frame=table.frame.drop(columns=hidden).rename(columns=dict(names)),
        columns={names.get(name, name): column for name, column in table.columns.items()},
        matrices={names.get(name, name): matrix for name, matrix in table.matrices.items()},
    )
