"""Outputs of a model for many rows: batches of similar length, no gradient, the original order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from exapt.core.config import TrainingConfig
from exapt.core.contracts import COPIES, Batch, Domain, Model, Rows, Task
from exapt.core.errors import TrainingError
from exapt.core.examples import Examples
from exapt.core.progress import bar
from exapt.transfer.training import rng
from exapt.transfer.training.batching import ordered
from exapt.transfer.training.cache import PrefixCache, prefix
from exapt.transfer.training.devices import Precision, autocast, device_of, in_halves


def predict(
    model: Model,
    examples: Examples,
    config: TrainingConfig,
    *,
    domain: Domain = "target",
    quiet: bool = True,
) -> Tensor:
    """The head's outputs of all rows.

    Parameters
    ----------
    model
        Left in eval mode, where it is.
    examples
        Raw rows, or rows whose lower blocks were applied already.
    config
        Batch size, halved where memory runs out, and precision.
    domain
        Which head.
    quiet
        No progress on stderr.

    Returns
    -------
    Tensor
        (n, ...) float32 on the CPU, in the order of the rows. Outputs for positions are padded on the right to the
        longest row; beyond the end of a row they mean nothing.

    Raises
    ------
    TrainingError
        Where an output is not finite.
    """
    results: list[tuple[Rows, Tensor]] = []
    with bar("predict", len(examples), unit="rows", quiet=quiet) as progress:
        for rows, _, output in forward(model, examples, None, domain, config.batch_size, config.precision):
            results.append((rows, output.cpu()))
            progress.advance(len(rows))
    outputs = assemble(results, len(examples))
    check_finite(outputs)
    return outputs


def check_finite(outputs: Tensor) -> None:
    """Stop where a model has diverged.

    Raises
    ------
    TrainingError
        With the number of rows whose output is not finite.
    """
    finite = torch.isfinite(outputs).flatten(1).all(1) if outputs.ndim > 1 else torch.isfinite(outputs)
    if not finite.all():
        raise TrainingError(
            f"The outputs for {int((~finite).sum()):,} of {len(outputs):,} rows are not finite. Lower training.lr, "
            "or look for extreme values in inputs and targets."
        )


def features(model: Model, examples: Examples, config: TrainingConfig) -> Tensor:
    """Pooled features of all rows; heads are not used.

    Parameters
    ----------
    model
        Left in eval mode, where it is.
    examples
        Raw rows.
    config
        Batch size, halved where memory runs out, and precision.

    Returns
    -------
    Tensor
        (n, D) float32 on the CPU, in the order of the rows; the columns' features side by side.
    """
    above = prefix(model, examples, 0, frozenset(examples.inputs), config.batch_size, config.precision, PrefixCache())
    rows = np.arange(len(examples))
    streams = above.batch(rows).inputs.values()
    return torch.cat([stream["pooled"][stream.get(COPIES, ...)] for stream in streams], dim=1)


def evaluate(
    model: Model,
    task: Task,
    examples: Examples,
    *,
    batch_size: int,
    precision: Precision,
    seed: int,
    keep: bool,
) -> tuple[Tensor | None, float]:
    """Outputs of the target's head and their mean loss; a task that corrupts its inputs does it as `seed` says.

    Parameters
    ----------
    model, examples, batch_size, precision
        As in `predict`.
    task
        Its view and its loss.
    seed
        Of the view; nothing is drawn from the training's random generators.
    keep
        Keep the outputs; else None.

    Returns
    -------
    tuple
        Outputs (n, ...) or None, and the mean loss over rows.
    """
    results: list[tuple[Rows, Tensor]] = []
    total = 0.0
    with rng.fixed(seed), torch.no_grad():
        for rows, batch, output in forward(model, examples, task, "target", batch_size, precision):
            total += float(task.loss(output, batch.to(output.device))) * len(rows)
            if keep:
                results.append((rows, output.cpu()))
    return (assemble(results, len(examples)) if keep else None), total / len(examples)


def forward(
    model: Model, examples: Examples, task: Task | None, domain: Domain, batch_size: int, precision: Precision
) -> Iterator[tuple[Rows, Batch, Tensor]]:
    """Rows, the batch as the model saw it, and its float32 outputs, batch by batch in eval mode."""
    model.eval()
    device = device_of(model)

    def apply(batch: Batch) -> Tensor:
        with torch.no_grad(), autocast(device, precision):
            output: Tensor = model(batch.to(device), domain)
        return output.float()

    for rows in ordered(examples.lengths(), batch_size):
        batch = examples.batch(rows)
        batch = batch if task is None else task.view(batch)
        yield rows, batch, torch.cat(in_halves(apply, batch))


def assemble(results: Sequence[tuple[Rows, Tensor]], n: int) -> Tensor:
    """Put batches of outputs into the order of the rows, padded with zeros where their sizes differ.

    Examples
    --------
    >>> parts = [(np.array([1]), torch.ones(1, 2)), (np.array([0]), torch.full((1, 1), 5.0))]
    >>> assemble(parts, 2).tolist()
    [[5.0, 0.0], [1.0, 1.0]]
    """
    if not results:
        return torch.empty(0)
    shape = np.max([output.shape[1:] for _, output in results], axis=0).astype(int) if results[0][1].ndim > 1 else ()
    whole = torch.zeros(n, *shape)
    for rows, output in results:
        place: tuple[Tensor | slice, ...] = (torch.from_numpy(rows), *(slice(size) for size in output.shape[1:]))
        whole[place] = output
    return whole
