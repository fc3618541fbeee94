"""Attributions of encoded rows: which output is explained, batch by batch, and the deletion test beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import COPIES, Batch, Model, Rows, Task
from exapt.core.errors import ConfigError, nearest
from exapt.core.examples import Examples
from exapt.core.progress import bar

if TYPE_CHECKING:
    from exapt.explain._explainer import Explainer
    from exapt.explain._faithfulness import Deletion

Floats = NDArray[np.float64]
BATCH = 32  # rows whose gradients are held at a time


@dataclass(frozen=True)
class Attributed:
    """Attributions of n rows by one input column.

    Attributes
    ----------
    values
        One array (U,) a row, as `exapt.explain._explainer.Explanation` has it.
    scores, changes, errors
        (n,) each, as there.
    test
        The deletion test; None where it was not asked for.
    maps
        One array (U, A) a row, of methods that put other letters in place; else None.
    """

    values: Sequence[Floats]
    scores: Floats
    changes: Floats
    errors: Floats
    test: Deletion | None = None
    maps: Sequence[Floats] | None = None


def output_numbers(task: Task, names: Sequence[str], decoded: Floats, of: str | None) -> Rows:
    """The number of the output to explain in each row: the one that is named, else the one that is predicted.

    Parameters
    ----------
    task
        Says what the outputs are.
    names
        Of the outputs: classes, labels or targets.
    decoded
        (n, C) or (n,) predictions.
    of
        A name; None = the most probable class or label of each row, or the only target.

    Raises
    ------
    ConfigError
        Where the name is unknown, or several numbers are predicted and none is named.
    """
    if of is not None:
        if of not in names:
            raise ConfigError(f"--class {of!r} is not what this run predicts. {nearest(of, names)}")
        return np.full(len(decoded), list(names).index(of), dtype=np.int64)
    if task.kind == "number":
        if len(names) > 1:
            raise ConfigError(f"This run predicts several numbers. Name one with --class: {', '.join(names)}.")
        return np.zeros(len(decoded), dtype=np.int64)
    return np.asarray(decoded.argmax(1), dtype=np.int64)


def attribute(  # noqa: PLR0913 - what is asked, of which rows, how
    model: Model,
    task: Task,
    examples: Examples,
    explainer: Explainer,
    column: str,
    *,
    outputs: Rows,
    letters: Sequence[int] = (),
    test: bool = True,
    quiet: bool = True,
) -> Attributed:
    """Explain every row by one input column.

    Parameters
    ----------
    model, task, examples
        Of a run; raw inputs.
    explainer
        A registered one.
    column
        The input column.
    outputs
        (n,) which output of each row.
    letters
        Ids of the letters that methods which need some put in place; empty = all but the special ones.
    test
        Also remove positions and watch the prediction; about 180 predictions a row.
    quiet
        No progress bar.
    """
    import torch

    from exapt.explain._faithfulness import Deletion, deletion
    from exapt.explain._question import Question
    from exapt.transfer.training.batching import ordered
    from exapt.transfer.training.devices import device_of

    model.eval()
    device = device_of(model)
    plan = ordered(examples.lengths(), BATCH)
    values: list[Any] = [None] * len(examples)
    maps: list[Any] = [None] * len(examples)
    numbers, tests = np.full((3, len(examples)), np.nan), []
    with bar("explain", len(examples), unit="rows", quiet=quiet) as progress:
        for rows in plan:
            batch = _unshared(examples.batch(rows)).to(device)
            question = Question(column, torch.from_numpy(outputs[rows]).to(device), task.kind, tuple(letters))
            found = explainer(model, batch, question)
            for i, row in enumerate(rows):
                values[row] = found.values[i]
                maps[row] = found.maps[i] if found.maps is not None else None
            numbers[:, rows] = found.scores, found.changes, found.errors
            if test:
                tests.append(deletion(model, batch, question, found.values))
            progress.advance(len(rows))
    joined = _in_order(Deletion.joined(tests), plan) if tests else None
    mapped = maps if explainer.substitutes else None
    return Attributed(values, numbers[0], numbers[1], numbers[2], joined, mapped)


def _unshared(batch: Batch) -> Batch:
    """Every row with a value of its own: pairs that share a drug are explained each by itself."""
    inputs = {
        name: {key: part[stream[COPIES]] for key, part in stream.items() if key != COPIES}
        if COPIES in stream
        else stream
        for name, stream in batch.inputs.items()
    }
    return replace(batch, inputs=inputs)


def _in_order(found: Deletion, plan: Sequence[Rows]) -> Deletion:
    from exapt.explain._faithfulness import Deletion

    back = np.argsort(np.concatenate(plan), kind="stable")
    return Deletion(found.ordered[back], found.random[back])
