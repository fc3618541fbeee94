"""The one training loop: every strategy, every task, pre-training too."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from exapt.core.config import TrainingConfig
from exapt.core.contracts import Batch, Domain, Model, Strategy, Task, Term
from exapt.core.errors import ConfigError, DataError, TrainingError
from exapt.core.examples import Examples
from exapt.core.progress import Bar, bar
from exapt.core.seeds import seed_everything
from exapt.transfer.training import devices, probe
from exapt.transfer.training.batching import Batches, shuffled
from exapt.transfer.training.cache import PrefixCache
from exapt.transfer.training.checkpoint import Checkpoint, identity
from exapt.transfer.training.history import Epoch, History
from exapt.transfer.training.predict import check_finite, evaluate
from exapt.transfer.training.schedules import factor
from exapt.transfer.training.state import Progress, Weights
from exapt.transfer.training.step import Objective, Stepper

Score = Callable[[Tensor, Examples], float]
PAUSE = 5.0  # seconds between checkpoints at the end of epochs: short epochs would spend their time on the disk


@dataclass(frozen=True)
class TrainingSets:
    """Encoded rows: what trains, by domain, and the target rows that validate after each epoch (None: none do)."""

    train: Mapping[Domain, Examples]
    valid: Examples | None = None

    def named(self) -> dict[str, Examples]:
        """All sets by name."""
        named: dict[str, Examples] = {str(domain): examples for domain, examples in self.train.items()}
        return named if self.valid is None else {**named, "valid": self.valid}


def fit(  # noqa: PLR0913
    model: Model,
    tasks: Mapping[Domain, Task],
    strategy: Strategy,
    sets: TrainingSets,
    config: TrainingConfig,
    *,
    seed: int,
    folder: Path | None = None,
    score: Score | None = None,
    description: str = "train",
    quiet: bool = False,
) -> History:
    """Train a model as a strategy allows.

    The same call in the same folder continues a training that was killed, and on a CPU ends with the same bits as
    if nothing had happened. A checkpoint is written at the end of an epoch where the last one is older than a few
    seconds, every `checkpoint_every` steps, and at the end. All random generators are seeded here.

    Parameters
    ----------
    model
        Trained in place; left in eval mode with the weights of the best or the last epoch.
    tasks
        Task of each domain; the target's also validates.
    strategy
        Its hooks are called here and nowhere else.
    sets
        Encoded rows.
    config
        Options of the loop.
    seed
        Decides batches, dropout and whatever else is drawn.
    folder
        Where the checkpoint and large caches lie; None = no checkpoint.
    score
        (outputs (n, ...), validation rows) -> value, higher is better; NaN = none. Where it is tied or None, the
        validation loss decides which epoch is best.
    description
        Stands before the progress bar; loss and score behind it are those of the validation rows.
    quiet
        No progress on stderr.

    Returns
    -------
    History
        One row an epoch.

    Raises
    ------
    ConfigError
        Where strategy, data and options do not fit together.
    TrainingError
        Where a loss is not finite, one row does not fit into memory, or the checkpoint cannot be continued.
    """
    _check(model, strategy, sets, config)
    seed_everything(seed)
    accelerator = devices.accelerator(config.device)
    model.to(accelerator.device)
    strategy.prepare(model)
    seed_everything(seed + accelerator.process_index)  # processes draw different dropout masks
    if not strategy.needs_source:
        sets = replace(sets, train={"target": sets.train["target"]})
    if strategy.solves_head:
        return probe.solve(model, tasks["target"], sets.train["target"], sets.valid, config, seed=seed, score=score)
    training = _Training(model, tasks, strategy, sets, config, seed=seed, accelerator=accelerator, folder=folder)
    silent = quiet or not accelerator.is_main_process
    done = training.progress.steps
    with (
        bar(description, training.total_steps, unit="steps", done=done, quiet=silent) as progress,
        devices.threads_for(training.work()),
    ):
        training.run(progress, score)
    return training.finish()


def _check(model: Model, strategy: Strategy, sets: TrainingSets, config: TrainingConfig) -> None:
    domains: list[Domain] = ["target", "source"] if strategy.needs_source else ["target"]
    for domain in domains:
        if domain not in sets.train or domain not in model.heads:
            raise ConfigError(f"This strategy needs {domain} data; found none. Add `{domain}:` to the configuration.")
    for name, examples in sets.named().items():
        if not len(examples):
            raise DataError(f"The {'validation' if name == 'valid' else name} part has no rows to train with.")
    if config.patience is not None and sets.valid is None:
        raise ConfigError("training.patience needs validation rows; the split has none. Leave patience out.")


class _Training:
    """The state of one call of `fit`."""

    def __init__(
        self,
        model: Model,
        tasks: Mapping[Domain, Task],
        strategy: Strategy,
        sets: TrainingSets,
        config: TrainingConfig,
        *,
        seed: int,
        accelerator: Any,
        folder: Path | None,
    ) -> None:
        self.model, self.tasks, self.strategy, self.sets, self.config = model, tasks, strategy, sets, config
        self.seed, self.accelerator = seed, accelerator
        self.lengths = {domain: _sorted_by(examples) for domain, examples in sets.train.items()}
        self.optimizer = adamw(strategy.param_groups(model, config.lr), config.weight_decay)
        self.stepper = Stepper(Objective(model, tasks, strategy, config.precision), accelerator)
        self.cache = PrefixCache(folder)
        self.progress, self.weights = Progress(), Weights(model, self.optimizer)
        self.checkpoint: Checkpoint | None = None
        self.saved = time.perf_counter()
        if folder is not None:
            self.checkpoint = Checkpoint(folder, identity(model, strategy, sets.named(), config.model_dump(), seed))
            self._restore()
        self.steps_per_epoch = sum(1 for _ in strategy.batches(*self._placeholders()))
        self.total_steps = config.epochs * self.steps_per_epoch

    def work(self) -> float:
        """Multiplications of a typical step: positions of a batch x parameters."""
        longest = max(float(np.median(examples.lengths())) for examples in self.sets.train.values())
        rows = min(self.config.batch_size, max(map(len, self.lengths.values())))
        return rows * longest * sum(parameter.numel() for parameter in self.model.parameters())

    def run(self, bar: Bar, score: Score | None) -> None:
        """Train until the epochs are over or validation has not improved for too long."""
        while self.progress.epoch < self.config.epochs and not self.progress.stopped:
            self.clock = time.perf_counter()
            self._open()
            self._train(bar)
            self._validate(score)
            over = self.progress.stopped or self.progress.epoch == self.config.epochs
            if over or time.perf_counter() - self.saved > PAUSE:
                self._save()
            bar.note(_note(self.progress.rows[-1], self.config.epochs))

    def finish(self) -> History:
        """Leave the model with the weights to keep."""
        if self.config.keep == "best":
            self.weights.use_best()
        self.optimizer.zero_grad(set_to_none=True)
        self.model.eval()
        return self.progress.history()

    def _open(self) -> None:
        """Open and close blocks for the epoch; keep what closed blocks compute."""
        changed = self.strategy.on_epoch(self.model, self.progress.epoch, self.config.epochs)
        if changed or self.stepper.wrapped is None:
            self.stepper.wrap()
        self.strategy.train_mode(self.model)
        self.trainable = self.weights.open()
        self.current = self.sets.named()
        if self.config.cache:
            for name, examples in self.current.items():
                task = self.tasks["source" if name == "source" else "target"]
                self.current[name] = self.cache.apply(
                    name, examples, task, self.model, self._rows(), self.config.precision
                )
            self.strategy.train_mode(self.model)

    def _train(self, bar: Bar) -> None:
        source = self._batches("source") if self.strategy.needs_source else None
        steps = self.strategy.batches(self._batches("target"), source)
        for terms in islice(steps, self.progress.step, None):
            self._step([(domain, self.tasks[domain].view(batch), weight) for domain, batch, weight in terms if weight])
            bar.advance()
            if self.config.checkpoint_every and self.progress.steps % self.config.checkpoint_every == 0:
                self._check_weights()
                self._save()
        self._check_weights()

    def _check_weights(self) -> None:
        if not all(bool(torch.isfinite(parameter).all()) for parameter in self.trainable):
            raise TrainingError(self._diverged("A weight is not finite"))

    def _step(self, terms: list[Term]) -> None:
        state = self.progress
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"] * self._rate(state.steps)
        loss, rows = self.stepper.gradients(terms)
        norm = float(torch.nn.utils.clip_grad_norm_(self.trainable, self.config.clip))
        found = norm if math.isfinite(loss) else loss
        if not math.isfinite(found):
            self._save()  # the weights before this step
            raise TrainingError(self._diverged(f"The {'gradient' if math.isfinite(loss) else 'loss'} is {found}"))
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        state.add(loss, rows)
        state.micro_batch = self.stepper.micro_batch
        self._tick()

    def _diverged(self, what: str) -> str:
        path = self.checkpoint.path if self.checkpoint else None
        kept = f" The last good checkpoint is kept in {path}." if path and path.exists() else ""
        return (
            f"{what} in epoch {self.progress.epoch + 1}, step {self.progress.step + 1}.{kept} "
            f"Lower training.lr (now {self.config.lr:g}) or look for extreme values in inputs and targets."
        )

    def _validate(self, score: Score | None) -> None:
        state = self.progress
        loss, value = None, None
        if self.sets.valid is not None:
            outputs, loss = evaluate(
                self.model,
                self.tasks["target"],
                self.current["valid"],
                batch_size=self._rows(),
                precision=self.config.precision,
                seed=self.seed,
                keep=score is not None,
            )
            if score is not None and outputs is not None:
                check_finite(outputs)
                value = float(score(outputs, self.sets.valid))
        self._tick()
        trainable = sum(parameter.numel() for parameter in self.trainable)
        state.close(loss, value, self.config.lr * self._rate(state.steps - 1), trainable)
        if loss is not None and state.judge(loss, value, self.config.patience) and self.config.keep == "best":
            self.weights.keep_best()

    def _rate(self, step: int) -> float:
        return factor(self.config.schedule, step, self.total_steps, self.config.warmup)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.progress.seconds += now - self.clock
        self.clock = now

    def _rows(self) -> int:
        return min(self.config.batch_size, self.stepper.micro_batch or self.config.batch_size)

    def _batches(self, domain: Domain) -> Batches:
        # Raw lengths even where the rows are cached: the cache must not change which rows come together.
        plan = shuffled(self.lengths[domain], self.config.batch_size, self.seed, self.progress.epoch)
        return Batches(self.current[domain], plan)

    def _placeholders(self) -> tuple[list[Batch], list[Batch] | None]:
        counts = {d: len(shuffled(n, self.config.batch_size, self.seed, 0)) for d, n in self.lengths.items()}
        empty = {domain: [Batch({}, {}, ())] * count for domain, count in counts.items()}
        return empty["target"], empty.get("source")

    def _save(self) -> None:
        if self.checkpoint is not None and self.accelerator.is_main_process:
            self.checkpoint.save(self.progress, self.weights.tensors())
            self.saved = time.perf_counter()

    def _restore(self) -> None:
        found = self.checkpoint.load() if self.checkpoint else None
        if found is not None:
            self.progress, kinds = found
            self.weights.restore(kinds)
            self.stepper.micro_batch = self.progress.micro_batch


def _sorted_by(examples: Examples) -> NDArray[np.int64]:
    """Lengths that batches are formed by; ones where batches have to be random.

    Rows of like lengths save padding, but are like each other in more than that: such a batch would hold one or two
    families of RNA, all pairs of a few entities, or one size of molecule (whose batch-norm statistics are not those of
    all). Only where nothing but the input is learned from (no targets) do sequences of like lengths come together.
    """
    graphs = any(encoder.inputs().kind == "graph" for encoder in examples.encoders.values())
    mixed = graphs or examples.repeated or examples.targets
    return np.ones(len(examples), dtype=np.int64) if mixed else examples.lengths()


def adamw(groups: list[dict[str, Any]], weight_decay: float) -> torch.optim.AdamW:
    """AdamW over groups; parameters with one dimension (norms, biases) and groups that say so do not decay."""
    split = []
    for group in groups:
        decay = group.get("weight_decay", weight_decay)
        for flat, value in ((False, decay), (True, 0.0)):
            parameters = [p for p in group["params"] if (p.ndim <= 1) is flat]
            if parameters:
                split.append(
                    {"params": parameters, "lr": group["lr"], "initial_lr": group["lr"], "weight_decay": value}
                )
    fused = all(p.device.type in ("cpu", "cuda") for group in split for p in group["params"])
    return torch.optim.AdamW(split, fused=fused)


def _note(row: Epoch, epochs: int) -> str:
    value = "" if row.valid_loss is None else f", loss {row.valid_loss:.3g}"
    value += "" if row.valid_score is None else f", score {row.valid_score:.3g}"
    return f"epoch {row.epoch}/{epochs}{value}"
