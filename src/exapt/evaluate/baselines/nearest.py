"""Answer of the most similar training row: cosine of k-mers, correlation of profiles, Euclid otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._neighbours import shares, similarities
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class Nearest(Baseline):
    """One nearest neighbour. Probabilities come from the most similar row of each class, so that they can rank.

    With several inputs their squared distances are added. A label or value that the neighbour does not have is
    taken from the nearest row that has it.
    """

    def learn(self, train: Table, problem: Problem) -> None:
        """Keep the training rows."""
        self._space, self._problem = FeatureSpace("similar"), problem
        self._train = self._space.fit_transform(train)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        answer = {"class": self._classes, "multilabel": self._labels, "number": self._values}[self._problem.kind]
        query = self._space.transform(table)
        return self._problem.shaped(np.concatenate([answer(block) for block in similarities(query, self._train)]))

    def _classes(self, similarity: Floats) -> Floats:
        best = np.full((len(similarity), self._problem.classes), -np.inf)
        for number in np.unique(self._problem.targets):
            best[:, number] = similarity[:, self._problem.targets == number].max(1)
        return shares(best)

    def _labels(self, similarity: Floats) -> Floats:
        found = np.full((len(similarity), self._problem.targets.shape[1]), 0.5)
        for number, column in enumerate(self._problem.targets.T):
            sides = [column <= 0.5, column > 0.5]
            if any(side.any() for side in sides):
                best = [similarity[:, side].max(1, initial=-np.inf) for side in sides]
                found[:, number] = shares(np.stack(best, axis=1))[:, 1]
        return found

    def _values(self, similarity: Floats) -> Floats:
        found = np.zeros((len(similarity), self._problem.targets.shape[1]))
        for number, column in enumerate(self._problem.targets.T):
            known = np.flatnonzero(np.isfinite(column))
            if len(known):
                found[:, number] = column[known[similarity[:, known].argmax(1)]]
        return found


EXPORT = Nearest
