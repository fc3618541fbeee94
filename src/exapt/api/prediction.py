"""`predict`, `evaluate` and `embed`: use a run or weights on new data, streamed in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exapt.api._arms import encoder_name
from exapt.api._prepare import build_encoder, encode, load_data, modalities_of
from exapt.api._run import OpenedRun, open_run
from exapt.core.config import TrainingConfig
from exapt.core.contracts import Model, Table
from exapt.core.errors import DataError
from exapt.core.paths import atomic, refuse_existing
from exapt.core.progress import bar
from exapt.core.registry import ENCODERS

if TYPE_CHECKING:
    from torch import Tensor

    from exapt.core.examples import Examples

CHUNK = 8192
LETTER_RULES = ("uppercase", "strip", "bad_letters")  # a row to predict is mended, never dropped as a duplicate


def predict(run: Path, data: str, output: Path, *, force: bool = False, quiet: bool = False) -> int:
    """Predict every row of a card or file and write the task's table as TSV.

    Parameters
    ----------
    run
        A run folder.
    data
        A card name or a file; read in pieces of 8,192 rows, so memory does not grow with the input.
    output
        The TSV to write.

    Returns
    -------
    int
        Number of rows written.
    """
    refuse_existing(output, force=force)
    opened = open_run(run)
    rows = 0
    with atomic(output) as temporary, temporary.open("w", encoding="utf-8") as file, _rows_bar(quiet) as progress:
        for table in _pieces(data, opened):
            examples = encode(table, opened.encoders, {})
            decoded = opened.task.decode(_forward(opened, examples))
            opened.task.frame(decoded, examples.ids).to_csv(file, sep="\t", index=False, header=not rows)
            rows += len(table)
            progress.advance(len(table))
    return rows


def _forward(opened: OpenedRun, examples: Examples) -> Tensor:
    from exapt.transfer.training.predict import predict as forward

    return forward(opened.model, examples, opened.training)


def _rows_bar(quiet: bool) -> Any:
    return bar("predict", None, unit="rows", quiet=quiet)


def _pieces(data: str, opened: OpenedRun) -> Iterator[Table]:
    from exapt.data.loading import stream

    inputs = list(opened.encoders)
    modality = {name: opened.columns[name]["modality"] for name in inputs}
    wanted = opened.config.data
    rules = [piece for piece in wanted.clean or [] if piece.name in LETTER_RULES]
    yield from stream(data, inputs=modality, options=wanted.options, rules=rules, chunk_rows=CHUNK)


def evaluate(run: Path, data: str, *, target: str | None = None) -> dict[str, Any]:
    """Score a run on labelled data that it has not seen, with intervals.

    Returns
    -------
    dict
        `{"n": rows, "metrics": {name: {"value", "low", "high"}}}`.

    Raises
    ------
    DataError
        Where the target column is missing or holds a label that the run does not know.
    """
    from exapt.evaluate.intervals import interval
    from exapt.evaluate.metrics._metric import find

    opened = open_run(run)
    wanted = opened.config.data
    names = target or [name for name, column in opened.columns.items() if column["role"] == "target"]
    described = {name: column["modality"] for name, column in opened.columns.items()}
    config = wanted.model_copy(update={"name": data, "target": names, "modality": described, "augment": []})
    table = load_data(config).table
    missing = [name for name in table.names("target") if table.frame[name].isna().all()]
    if missing:
        raise DataError(f"{table.source}: target column {missing[0]!r} is empty; there is nothing to score against.")
    fitted = opened.task.target  # type: ignore[attr-defined]
    examples = encode(table, opened.encoders, opened.task.targets(table))
    decoded = opened.task.decode(_forward(opened, examples))
    true = fitted.truth(examples.targets["y"])
    groups = table.frame[table.names("group")[0]].to_numpy() if table.names("group") else np.arange(len(table))
    results = {name: interval(find(name), true, [decoded], groups) for name in opened.task.metrics()}
    return {"n": len(table), "metrics": {name: vars(result) for name, result in results.items()}}


def embed(weights: str, data: str, output: Path, *, force: bool = False, quiet: bool = False) -> int:
    """Write the pooled features of every row as a TSV (id, e0, e1, ...) or a NumPy `.npy` of shape (n, D).

    Parameters
    ----------
    weights
        `arch.tag`, a folder of weights, or a run folder (its fine-tuned backbone).

    Returns
    -------
    int
        Number of rows written.
    """
    import pandas as pd

    from exapt.data.loading import stream
    from exapt.transfer.training.predict import features

    refuse_existing(output, force=force)
    model, spec, training = _embedder(weights)
    reads = modalities_of(ENCODERS.build(spec["name"], **spec["state"]))
    rows, vectors = 0, []
    with atomic(output) as temporary, _rows_bar(quiet) as progress:
        for table in stream(data, inputs={"input": reads}, chunk_rows=CHUNK):
            name = table.names("input")[0]
            examples = encode(table, {name: build_encoder(spec["name"], spec["state"], table, name)}, {})
            pooled = features(Model({name: model}, {}), examples, training).numpy()
            if output.suffix == ".npy":
                vectors.append(pooled)
            else:
                frame = pd.DataFrame(pooled, columns=[f"e{i}" for i in range(pooled.shape[1])])
                frame.insert(0, "id", examples.ids)
                frame.to_csv(temporary, sep="\t", index=False, mode="a", header=not rows)
            rows += len(table)
            progress.advance(len(table))
        if vectors:
            with temporary.open("wb") as file:
                np.save(file, np.concatenate(vectors), allow_pickle=False)
    return rows


def _embedder(weights: str) -> tuple[Any, dict[str, Any], TrainingConfig]:
    """A backbone, name and state of the encoder that feeds it, and how to run it."""
    if (Path(weights) / "model.json").is_file():
        opened = open_run(Path(weights))
        name, encoder = next(iter(opened.encoders.items()))
        spec = {"name": encoder_name(encoder), "state": encoder.state()}
        return opened.model.backbones[name], spec, opened.training
    from exapt.models import hub

    backbone, config = hub.load(weights)
    return backbone, config["encoder"], TrainingConfig()
