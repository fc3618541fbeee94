"""What tasks with a given truth share: a pooled head on a `Target`, its loss, decoding and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor, nn

from exapt.core.contracts import Backbone, Batch, Table, Task
from exapt.core.errors import ConfigError, DataError
from exapt.models.heads.pooled import PooledLinear, PooledMLP
from exapt.models.heads.target import Target


class Supervised(Task):
    """A pooled head with cross-entropy, binary cross-entropy or Huber loss, as the target columns ask.

    Parameters
    ----------
    hidden
        Width of a hidden layer in the head; None = a linear head.
    dropout
        Dropout in the head, in [0, 1).
    balanced
        Weight classes by the inverse of their frequency in training.
    smoothing
        Label smoothing, in [0, 1).
    primary
        The metric that decides; None = the first that suits the target.
    target
        State of a fitted target, as `state` writes it.
    """

    def __init__(
        self,
        *,
        hidden: int | None = None,
        dropout: float = 0.0,
        balanced: bool = False,
        smoothing: float = 0.0,
        primary: str | None = None,
        target: Mapping[str, Any] | None = None,
    ) -> None:
        if hidden is not None and not (isinstance(hidden, int) and hidden >= 1):
            raise ConfigError(f"task: hidden is a whole number of at least 1; found {hidden!r}.")
        for name, value in (("dropout", dropout), ("smoothing", smoothing)):
            if not (isinstance(value, int | float) and 0 <= value < 1):
                raise ConfigError(f"task: {name} lies in [0, 1); found {value!r}.")
        self.hidden = hidden
        self.dropout = dropout
        self.balanced = balanced
        self.smoothing = smoothing
        self.primary = primary
        self.target: Target | None = None
        if target:
            self._keep(Target.from_state(dict(target)))

    def _keep(self, target: Target) -> None:
        self.target, self.kind, self.classes = target, target.kind, target.classes

    @property
    def fitted(self) -> Target:
        """The target that `fit` learned."""
        if self.target is None:
            raise RuntimeError("call fit() with the training rows first")
        return self.target

    def fit(self, train: Table) -> None:
        """Learn class names or the scale of numbers from training rows; a second call keeps the class names."""
        _check_yes_no(train)
        classes = self.target.classes if self.target else ()
        self._keep(Target.learn(train, balanced=self.balanced, smoothing=self.smoothing, classes=classes))

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """`{"y": ...}`: class numbers (n,), or 0/1 labels or numbers (n, T)."""
        _check_yes_no(table)
        return {"y": self.fitted.array(table)}

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """A linear head, or one hidden layer where `hidden` is given."""
        dims = [backbone.dim for backbone in backbones]
        if self.hidden is None:
            return PooledLinear(dims, self.fitted.n_out, dropout=self.dropout)
        return PooledMLP(dims, self.hidden, self.fitted.n_out, dropout=self.dropout)

    def truth(self, targets: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """Classes (n,), or labels or numbers (n, T); a single column of numbers is (n,)."""
        return self.fitted.truth(targets["y"])

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Mean loss over the known targets."""
        return self.fitted.loss(output, batch.targets["y"])

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """Probabilities, or numbers in their unit."""
        return self.fitted.decode(output)

    def metrics(self) -> list[str]:
        """All that suit the target, the primary one first."""
        names = self.fitted.metrics()
        return names if self.primary is None else [self.primary, *(name for name in names if name != self.primary)]

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """One row an example."""
        return self.fitted.frame(decoded, ids)

    def state(self) -> dict[str, Any]:
        """Options and the fitted target."""
        return {
            "hidden": self.hidden,
            "dropout": self.dropout,
            "balanced": self.balanced,
            "smoothing": self.smoothing,
            "primary": self.primary,
            "target": self.fitted.state(),
        }


def _check_yes_no(table: Table) -> None:
    """Several targets are all numbers, or all yes/no labels written as 0 and 1; anything else has no one loss.

    Raises
    ------
    DataError
        With the first value that is neither.
    """
    names = table.names("target")
    if len(names) < 2 or all(table.columns[name].modality == "number" for name in names):
        return
    for name in names:
        values = table.frame[name]
        odd = values[values.notna() & ~pd.to_numeric(values, errors="coerce").isin((0, 1))]
        if len(odd):
            raise DataError(
                f"{table.source}: several targets are yes/no labels, 0 or 1, but {name!r} holds {odd.tolist()[0]!r}. "
                "Write 0 and 1, choose a single --target, or state that all of them are numbers."
            )
