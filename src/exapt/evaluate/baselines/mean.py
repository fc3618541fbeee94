"""Mean of the training values, the same for every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from exapt.evaluate.baselines._baseline import ALL_MODALITIES, Baseline, Problem
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class Mean(Baseline):
    """Predict the mean of the known training values of each target; 0 where none is known."""

    kinds: ClassVar[frozenset[Kind]] = frozenset({"number"})
    modalities: ClassVar[frozenset[str]] = ALL_MODALITIES | {"structure", "label"}
    default: ClassVar[frozenset[str]] = modalities

    def learn(self, train: Table, problem: Problem) -> None:
        """Average."""
        known = np.isfinite(problem.targets)
        self._means = np.where(known, problem.targets, 0).sum(0) / np.maximum(known.sum(0), 1)
        self._problem = problem

    def predict(self, table: Table) -> Floats:
        """(n,) or (n, T)."""
        return self._problem.shaped(np.tile(self._means, (len(table), 1)))


EXPORT = Mean
