"""Shares of the classes (or of each label) in training, the same for every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from exapt.evaluate.baselines._baseline import ALL_MODALITIES, Baseline, Problem
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class Majority(Baseline):
    """Guess the most frequent class; as probabilities, its share. A label that is never known gets 0.5."""

    kinds: ClassVar[frozenset[Kind]] = frozenset({"class", "multilabel"})
    modalities: ClassVar[frozenset[str]] = ALL_MODALITIES | {"structure", "label"}
    default: ClassVar[frozenset[str]] = modalities

    def learn(self, train: Table, problem: Problem) -> None:
        """Count."""
        if problem.kind == "class":
            self._shares = np.bincount(problem.targets, minlength=problem.classes) / len(problem.targets)
        else:
            known = np.isfinite(problem.targets)
            counts = known.sum(0)
            positive = np.where(known, problem.targets, 0).sum(0)
            self._shares = np.where(counts > 0, positive / np.maximum(counts, 1), 0.5)

    def predict(self, table: Table) -> Floats:
        """(n, C) or (n, T)."""
        return np.tile(self._shares, (len(table), 1))


EXPORT = Majority
