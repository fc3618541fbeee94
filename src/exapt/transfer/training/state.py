"""What a training must remember to be continued: how far it is, and the tensors that could have moved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from exapt.core.contracts import Model
from exapt.transfer.training.history import Epoch, History

Slots = dict[str, dict[str, Tensor]]  # kind -> name -> tensor


@dataclass
class Progress:
    """How far a training has come; all of it is JSON."""

    epoch: int = 0  # epochs that are over
    step: int = 0  # steps of the current epoch
    steps: int = 0  # all steps
    loss_sum: float = 0.0  # of the current epoch, over rows
    loss_rows: int = 0
    seconds: float = 0.0  # of the current epoch
    best_epoch: int | None = None
    best_value: tuple[float, float] | None = None
    stale: int = 0  # epochs since the best
    stopped: bool = False
    micro_batch: int | None = None
    rows: list[Epoch] = field(default_factory=list)

    def add(self, loss: float, rows: int) -> None:
        """One more step."""
        self.step, self.steps = self.step + 1, self.steps + 1
        self.loss_sum, self.loss_rows = self.loss_sum + loss * rows, self.loss_rows + rows

    def close(self, loss: float | None, score: float | None, lr: float, trainable: int) -> None:
        """End the epoch with its validation."""
        train_loss = self.loss_sum / max(1, self.loss_rows)
        self.epoch, self.step = self.epoch + 1, 0
        self.rows.append(Epoch(self.epoch, train_loss, loss, score, lr, self.seconds, trainable))
        self.loss_sum, self.loss_rows, self.seconds = 0.0, 0, 0.0

    def judge(self, loss: float, score: float | None, patience: int | None) -> bool:
        """Whether the epoch that has just been closed is the best so far; stop where the best is too long ago.

        Examples
        --------
        >>> progress = Progress(epoch=1)
        >>> progress.judge(0.5, 0.8, patience=1), progress.judge(0.4, 0.8, patience=1)
        (True, True)
        >>> progress.judge(0.1, float("nan"), patience=1), progress.stopped
        (False, True)
        """
        known = -math.inf if math.isnan(loss) else -loss
        value = (known if score is None else -math.inf if math.isnan(score) else score, known)
        better = self.best_value is None or value > self.best_value
        if better:
            self.best_value, self.best_epoch, self.stale = value, self.epoch, 0
        else:
            self.stale += 1
        self.stopped = patience is not None and self.stale >= patience
        return better

    def history(self) -> History:
        """What the caller sees."""
        return History(list(self.rows), self.best_epoch, self.steps, self.stopped)


class Weights:
    """The tensors of a model that could have moved, those of its best epoch, and the optimiser's.

    Frozen weights are in none of them: the call that continues a training brings them itself.

    Parameters
    ----------
    model
        The model that trains.
    optimizer
        Its optimiser.
    """

    def __init__(self, model: Model, optimizer: torch.optim.Optimizer) -> None:
        self.model = model
        self.optimizer = optimizer
        self.parameters = dict(model.named_parameters())
        self.best: dict[str, Tensor] = {}
        self._moved = {name for name, _ in model.named_buffers()} & set(model.state_dict())

    def open(self) -> list[torch.nn.Parameter]:
        """The parameters that train from now on."""
        trainable = {name: parameter for name, parameter in self.parameters.items() if parameter.requires_grad}
        newly = set(trainable) - self._moved
        if self.best:  # until now these had their starting values, in the best epoch too
            self.best |= self._copy(newly)
        self._moved |= newly
        return list(trainable.values())

    def keep_best(self) -> None:
        """Remember the present weights as the best."""
        self.best = self._copy(self._moved)

    def use_best(self) -> None:
        """Go back to the best, where there is one."""
        self._write(self.best)

    def tensors(self) -> Slots:
        """All of them by kind: model, best and one kind for each slot of the optimiser."""
        kinds: Slots = {"model": self._copy(self._moved), "best": self.best}
        for name, parameter in self.parameters.items():
            for slot, tensor in self.optimizer.state.get(parameter, {}).items():
                kinds.setdefault(f"optimizer_{slot}", {})[name] = tensor
        return kinds

    def restore(self, kinds: Slots) -> None:
        """Put tensors back where `tensors` found them."""
        self.best = kinds.get("best", {})
        self._write(kinds["model"])
        self._moved |= set(kinds["model"])
        for kind, named in kinds.items():
            for name, tensor in named.items() if kind.startswith("optimizer_") else ():
                parameter = self.parameters[name]
                self.optimizer.state[parameter][kind.removeprefix("optimizer_")] = tensor.to(parameter.device)

    def _copy(self, names: Iterable[str]) -> dict[str, Tensor]:
        tensors = self.model.state_dict()
        return {name: tensors[name].detach().to("cpu", copy=True) for name in sorted(names)}

    def _write(self, weights: Mapping[str, Tensor]) -> None:
        tensors = self.model.state_dict()
        for name, tensor in weights.items():
            tensors[name].copy_(tensor)
