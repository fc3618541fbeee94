"""What tasks with a given truth share: a pooled head on a `Target`, its loss, decoding and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import Tensor, nn

from exapt.core.contracts import Backbone, Batch, Table, Task
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
        self.hidden = hidden
        self.dropout = dropout
        self.balanced = balanced
        self.smoothing = smoothing
        self.primary = primary
        self.target = Target.from_state(dict(target)) if target else None

    @property
    def fitted(self) -> Target:
        """The target that `fit` learned."""
        if self.target is None:
            raise RuntimeError("call fit() with the training rows first")
        return self.target

    def fit(self, train: Table) -> None:
        """Learn class names or the scale of numbers from training rows; a second call keeps the class names."""
        classes = self.target.classes if self.target else ()
        self.target = Target.learn(train, balanced=self.balanced, smoothing=self.smoothing, classes=classes)

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """`{"y": ...}`: class numbers (n,), or 0/1 labels or numbers (n, T)."""
        return {"y": self.fitted.array(table)}

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """A linear head, or one hidden layer where `hidden` is given."""
        dims = [backbone.dim for backbone in backbones]
        if self.hidden is None:
            return PooledLinear(dims, self.fitted.n_out, dropout=self.dropout)
        return PooledMLP(dims, self.hidden, self.fitted.n_out, dropout=self.dropout)

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
