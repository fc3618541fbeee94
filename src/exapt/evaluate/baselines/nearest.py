"""Answer of the most similar training row: cosine of k-mers, correlation of profiles, Euclid otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from exapt.evaluate.baselines._baseline import ALL_MODALITIES, Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._neighbours import answers, similarities
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class Nearest(Baseline):
    """One nearest neighbour. Probabilities come from the most similar row of each class, so that they can rank.

    With several inputs their squared distances are added. A label or value that the neighbour does not have is
    taken from the nearest row that has it.
    """

    default: ClassVar[frozenset[str]] = ALL_MODALITIES - {"molecule"}
    default_for_pairs: ClassVar[bool] = False

    def learn(self, train: Table, problem: Problem) -> None:
        """Keep the training rows."""
        self._space, self._problem = FeatureSpace("similar"), problem
        self._train = self._space.fit_transform(train)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        blocks = similarities(self._space.transform(table), self._train)
        return self._problem.shaped(np.concatenate([answers(block, self._problem) for block in blocks]))


EXPORT = Nearest
