"""Learn which genes of different genomes correspond: a space in which those of one group are neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from exapt.core.contracts import Backbone, Table
from exapt.core.errors import ConfigError, DataError
from exapt.models.heads.proxies import ProxyHead
from exapt.tasks._supervised import Supervised
from exapt.tasks.genome_comparison.decode import assigned

READS = ("protein", "dna")


class GenomeComparison(Supervised):
    """Pooled features, projected to length 1 -> cross-entropy of the cosines to one learned point a group.

    A gene is assigned to the group whose point is nearest; two genes of groups that no training row has are compared by
    their projections, which is what `exapt genomes --embeddings RUN` does.

    Parameters
    ----------
    width
        Coordinates of the projection.
    hidden
        Units of the hidden layer before it.
    dropout
        Dropout in that layer, in [0, 1).
    temperature
        Divides the cosines, above 0.
    primary
        The metric that decides; None = macro-averaged F1.
    target
        State of a fitted target, as `state` writes it.
    """

    def __init__(
        self,
        *,
        width: int = 128,
        hidden: int = 512,
        dropout: float = 0.1,
        temperature: float = 0.05,
        primary: str | None = None,
        target: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(hidden=hidden, dropout=dropout, primary=primary, target=target)
        if not (isinstance(width, int) and width >= 1):
            raise ConfigError(f"task: width is a whole number of at least 1; found {width!r}.")
        if not (isinstance(temperature, int | float) and temperature > 0):
            raise ConfigError(f"task: temperature is above 0; found {temperature!r}.")
        self.width = width
        self.temperature = temperature

    def fit(self, train: Table) -> None:
        """Learn the names of the groups from training rows.

        Raises
        ------
        DataError
            Where the rows are not one gene or protein each, with the name of its group.
        """
        inputs, targets = train.names("input"), train.names("target")
        kinds = [train.columns[name].modality for name in inputs]
        if len(kinds) != 1 or kinds[0] not in READS:
            raise DataError(
                f"{train.source}: task 'genome_comparison' reads one gene a row, as protein or DNA; the input columns "
                f"hold {', '.join(kinds) or 'nothing'}. Name one with `input`, and say what it is with `modality`."
            )
        if len(targets) != 1 or train.columns[targets[0]].modality != "label":
            found = ", ".join(f"{name} ({train.columns[name].modality})" for name in targets)
            raise DataError(
                f"{train.source}: task 'genome_comparison' learns one label, the group of a gene; target columns: "
                f"{found or 'none'}. Name one with --target; where groups are numbers, state modality: {{NAME: label}}."
            )
        super().fit(train)

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """The projection, and a point a group."""
        return ProxyHead(
            backbones[0].dim,
            self.fitted.n_out,
            width=self.width,
            hidden=int(self.hidden or 0),
            temperature=self.temperature,
            dropout=self.dropout,
        )

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """One row a gene: id, the most probable group and the next, with their probabilities."""
        return assigned(decoded, ids, self.classes)

    def listed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The group under the name of its column."""
        return frame.rename(columns={"predicted": self.fitted.names[0]})

    def state(self) -> dict[str, Any]:
        """Options and the fitted target."""
        return {
            "width": self.width,
            "hidden": self.hidden,
            "dropout": self.dropout,
            "temperature": self.temperature,
            "primary": self.primary,
            "target": self.fitted.state(),
        }


EXPORT = GenomeComparison
