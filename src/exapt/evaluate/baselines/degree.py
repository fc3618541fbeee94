"""For pairs: how often each entity was positive in training, whoever its partner was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._entities import Codes, Entities, are_pairs
from exapt.evaluate.baselines._sequences import SEQUENCES
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table

SHRINKAGE = 3.0  # pairs with the shares of all training that each entity has in addition


class Degree(Baseline):
    """Log-odds of both entities are added to those of the training rows; a new entity adds nothing.

    Where negatives were drawn at random, hubs among the positives give the label away; a method that is no better than
    this has learned the network, not what makes two molecules bind.

    References
    ----------
    Bernett et al. 2024, Cracking the black box of deep sequence-based protein-protein interaction prediction.
    doi:10.1093/bib/bbae076
    """

    kinds: ClassVar[frozenset[Kind]] = frozenset({"class", "multilabel"})
    modalities: ClassVar[frozenset[str]] = SEQUENCES
    default: ClassVar[frozenset[str]] = SEQUENCES

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """Classes and labels of pairs."""
        return kind in cls.kinds and are_pairs(modalities)

    def learn(self, train: Table, problem: Problem) -> None:
        """Count the classes of each entity, or the two sides of each label."""
        self._entities, self._problem = Entities(), problem
        codes = self._entities.fit_transform(train)
        if problem.kind == "class":
            self._tables = [self._log_shares(codes, problem.targets, problem.classes)]
            return
        self._tables = []
        for column in problem.targets.T:
            known = np.isfinite(column)
            self._tables.append(self._log_shares(codes[known], (column[known] > 0.5).astype(np.int64), 2))

    def _log_shares(self, codes: Codes, targets: Codes, classes: int) -> tuple[Floats, Floats]:
        """Log shares (C,) of the classes, and what each entity adds to them, (E + 1, C); the last one is unknown."""
        counts = np.bincount(targets, minlength=classes).astype(np.float64)
        prior = counts / counts.sum() if counts.sum() else np.full(classes, 1 / classes)
        size = self._entities.size
        each = np.zeros((size + 1, classes))
        for side in codes.T:
            each[:size] += np.bincount(side * classes + targets, minlength=size * classes).reshape(size, classes)
        shares = (each + SHRINKAGE * prior) / (each.sum(1, keepdims=True) + SHRINKAGE)
        with np.errstate(divide="ignore", invalid="ignore"):  # a class that training lacks stays at probability 0
            return np.log(prior), np.nan_to_num(np.log(shares / prior))

    def predict(self, table: Table) -> Floats:
        """(n, C) or (n, T)."""
        codes = self._entities.transform(table)
        found = []
        for prior, added in self._tables:
            scores = prior + added[codes].sum(1)
            raised = np.exp(scores - scores.max(1, keepdims=True))
            found.append(raised / raised.sum(1, keepdims=True))
        return found[0] if self._problem.kind == "class" else np.stack([both[:, 1] for both in found], axis=1)


EXPORT = Degree
