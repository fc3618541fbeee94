"""Predict how strongly a drug binds a protein: affinity of pairs of a molecule and a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from exapt.core.contracts import Backbone, Batch, Table
from exapt.core.errors import ConfigError, DataError, nearest
from exapt.models.heads.pairs import PairMLP
from exapt.tasks._supervised import Supervised
from exapt.tasks.drug_target.decode import affinities

LOSSES = ("mse", "huber")
METRICS = ["mse", "concordance", "rm2", "pearson", "spearman", "rmse", "mae"]


class DrugTarget(Supervised):
    """Two pooled features, projected and multiplied -> mean squared error on the affinity, in its own scale.

    Parameters
    ----------
    width
        Units of the projection of each side.
    hidden
        Units of each hidden layer of the head.
    layers
        Hidden layers.
    dropout
        Dropout in the head, in [0, 1).
    loss
        ``mse``, or ``huber``, which outliers pull less.
    primary
        The metric that decides; None = mean squared error.
    target
        State of a fitted target, as `state` writes it.
    """

    def __init__(
        self,
        *,
        width: int = 256,
        hidden: int = 512,
        layers: int = 2,
        dropout: float = 0.1,
        loss: str = "mse",
        primary: str | None = None,
        target: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(hidden=hidden, dropout=dropout, primary=primary, target=target)
        for name, value in (("width", width), ("layers", layers)):
            if not (isinstance(value, int) and value >= 1):
                raise ConfigError(f"task: {name} is a whole number of at least 1; found {value!r}.")
        if loss not in LOSSES:
            raise ConfigError(f"task: unknown loss {loss!r}. {nearest(loss, LOSSES)}")
        self.width = width
        self.layers = layers
        self.criterion = loss

    def fit(self, train: Table) -> None:
        """Learn mean and scale of the affinity from training rows.

        Raises
        ------
        DataError
            Where the rows are no pairs of a molecule and a protein with one number.
        """
        kinds = sorted(train.columns[name].modality for name in train.names("input"))
        if kinds != ["molecule", "protein"]:
            raise DataError(
                f"{train.source}: task 'drug_target' reads a molecule and a protein; the input columns hold "
                f"{', '.join(kinds) or 'nothing'}. Name the two with `input`, and say what they are with `modality`."
            )
        targets = train.names("target")
        if len(targets) != 1 or train.columns[targets[0]].modality != "number":
            raise DataError(
                f"{train.source}: task 'drug_target' predicts one number, the affinity; the target columns are "
                f"{', '.join(targets) or 'none'}. Name one with --target."
            )
        super().fit(train)

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """Projections, their product, hidden layers."""
        dims = [backbone.dim for backbone in backbones]
        return PairMLP(
            dims, 1, width=self.width, hidden=int(self.hidden or 0), layers=self.layers, dropout=self.dropout
        )

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Squared or Huber error of the standardised affinity, mean over the known ones."""
        target = self.fitted
        mean, scale = (torch.tensor(v, device=output.device) for v in (target.mean, target.scale))
        truth = (batch.targets["y"] - mean) / scale
        known = ~torch.isnan(truth)
        error = F.mse_loss if self.criterion == "mse" else F.huber_loss
        losses = error(output.float(), truth.nan_to_num(), reduction="none")
        return (losses * known).sum() / known.sum().clamp(min=1)

    def metrics(self) -> list[str]:
        """Mean squared error, concordance index, r_m^2 and the usual ones, the primary one first."""
        first = self.primary or METRICS[0]
        return [first, *(name for name in METRICS if name != first)]

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """One row a pair: id, drug and target where the id names them, and the affinity."""
        return affinities(decoded, ids)

    def listed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The affinity under its own name, such as pkd."""
        return frame.rename(columns={"predicted": self.fitted.names[0]})

    def state(self) -> dict[str, Any]:
        """Options and the fitted target."""
        return {
            "width": self.width,
            "hidden": self.hidden,
            "layers": self.layers,
            "dropout": self.dropout,
            "loss": self.criterion,
            "primary": self.primary,
            "target": self.fitted.state(),
        }


EXPORT = DrugTarget
