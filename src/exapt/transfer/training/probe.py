"""A linear head on frozen features, solved instead of trained: no rate, no epochs, one optimum."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from exapt.core.config import TrainingConfig
from exapt.core.contracts import Batch, Model, Rows, Task
from exapt.core.errors import ConfigError, TrainingError
from exapt.core.examples import Examples
from exapt.transfer.training.devices import threads_for
from exapt.transfer.training.history import Epoch, History
from exapt.transfer.training.predict import features

FOLDS = 5
STRENGTHS = (1.0, 0.1, 0.01, 0.001)
ITERATIONS = 200
Score = Callable[[Tensor, Examples], float]


@dataclass(frozen=True)
class Linear:
    """Weight (n_out, D) and bias (n_out,) on standardised features, float64."""

    weight: Tensor
    bias: Tensor
    steps: int = 0

    def __call__(self, x: Tensor) -> Tensor:
        """Outputs (n, n_out) of features (n, D)."""
        return x @ self.weight.T + self.bias


def solve(
    model: Model,
    task: Task,
    train: Examples,
    valid: Examples | None,
    config: TrainingConfig,
    *,
    seed: int,
    score: Score | None,
) -> History:
    """Minimise the task's own loss plus an L2 penalty over a linear head on the frozen, standardised features.

    The strength of the penalty is the one with the lowest loss in 5-fold cross-validation inside the training rows;
    the validation rows only judge. The standardisation is folded into the head, so the model stays as it was built.

    Parameters
    ----------
    model
        Its head is changed in place; the backbones are only read.
    task
        Supervised, with a head that is one linear layer on pooled features.
    train, valid
        Raw rows.
    config
        Batch size and precision of the forward passes.
    seed
        Of the folds.
    score
        As in `loop.fit`.

    Returns
    -------
    History
        One row.

    Raises
    ------
    ConfigError
        Where the head is not one linear layer on pooled features.
    TrainingError
        Where the features are not finite.
    """
    start = time.perf_counter()
    layer = _linear_layer(model, task)
    model.eval()
    raw = features(model, train, config).double()
    if not torch.isfinite(raw).all():
        raise TrainingError("The frozen features are not finite, so no head can be solved. Check the weights.")
    mean, std = raw.mean(0), _spread(raw)
    x, rows = (raw - mean) / std, np.arange(len(train))
    with threads_for(x.numel() * layer.out_features):
        strength = _choose(task, train, x, layer.out_features, seed)
        solved = _minimise(task, train, x, rows, strength, _zeros(layer.out_features, x))
    with torch.no_grad():
        layer.weight.copy_(solved.weight / std)
        layer.bias.copy_(solved.bias - (solved.weight / std) @ mean)
    loss, value = None, None
    if valid is not None:
        outputs = solved((features(model, valid, config).double() - mean) / std).float()
        loss = _loss(task, valid, outputs, np.arange(len(valid)))
        value = None if score is None else score(outputs, valid)
    trained = layer.weight.numel() + layer.bias.numel()
    seconds = time.perf_counter() - start
    row = Epoch(1, _loss(task, train, solved(x), rows), loss, value, 0.0, seconds, trained)
    return History([row], None if valid is None else 1, solved.steps)


def _spread(x: Tensor) -> Tensor:
    """Standard deviation of each feature, not below the median of those that vary.

    In a few rows some features hardly vary by chance; divided by their own deviation they would swamp all others as
    soon as another row differs.
    """
    spread = x.std(0, unbiased=False)
    varying = spread[spread > 0]
    return spread.clamp(min=float(varying.median()) if len(varying) else 1.0)


def _linear_layer(model: Model, task: Task) -> nn.Linear:
    owners = [module for module in model.heads["target"].modules() if list(module.parameters(recurse=False))]
    if task.needs != "pooled" or len(owners) != 1 or not isinstance(owners[0], nn.Linear):
        raise ConfigError(
            "strategy 'linear_probe' solves a linear head on pooled features; this task's head is another one. "
            "Leave `hidden` out of the task, or choose strategy 'frozen'."
        )
    return owners[0]


def _batch(examples: Examples, rows: Rows) -> Batch:
    targets = {name: torch.from_numpy(np.ascontiguousarray(values[rows])) for name, values in examples.targets.items()}
    return Batch({}, targets, [examples.ids[i] for i in rows])


def _loss(task: Task, examples: Examples, outputs: Tensor, rows: Rows) -> float:
    return float(task.loss(outputs.float(), _batch(examples, rows)))


def _zeros(n_out: int, x: Tensor) -> Linear:
    return Linear(x.new_zeros(n_out, x.shape[1]), x.new_zeros(n_out))


def _minimise(task: Task, examples: Examples, x: Tensor, rows: Rows, strength: float, start: Linear) -> Linear:
    """The optimum by L-BFGS; the penalty is strength x D / n, so that a strength means the same for any D and n."""
    weight, bias = start.weight.clone().requires_grad_(), start.bias.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=ITERATIONS, line_search_fn="strong_wolfe")
    batch, part = _batch(examples, rows), x[torch.from_numpy(rows)]
    penalty = strength * x.shape[1] / len(rows) / 2

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = task.loss(part @ weight.T + bias, batch) + penalty * (weight**2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    steps = int(optimiser.state[weight]["n_iter"])
    return Linear(weight.detach(), bias.detach(), start.steps + steps)


def _choose(task: Task, train: Examples, x: Tensor, n_out: int, seed: int) -> float:
    """The strength with the lowest held-out loss; each fold starts from the optimum of the stronger penalty."""
    fold = _folds(train, seed)
    losses = np.zeros(len(STRENGTHS))
    for k in range(fold.max() + 1):
        inside, held = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        head = _zeros(n_out, x)
        for i, strength in enumerate(STRENGTHS):
            head = _minimise(task, train, x, inside, strength, head)
            losses[i] += _loss(task, train, head(x[torch.from_numpy(held)]), held) * len(held)
    return float(STRENGTHS[int(np.nanargmin(losses))])


def _folds(train: Examples, seed: int) -> Rows:
    """Fold of each row; rows of equal class are dealt out in turn."""
    n = len(train)
    order = np.random.default_rng(seed).permutation(n)
    first = next(iter(train.targets.values()))
    if first.ndim == 1:
        order = order[np.argsort(first[order], kind="stable")]
    fold = np.empty(n, dtype=np.int64)
    fold[order] = np.arange(n) % min(FOLDS, n)
    return fold
