"""Linear model on length and letter composition only: what it solves needs no order of letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._linear import LinearModel
from exapt.evaluate.baselines._sequences import SEQUENCES
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class Composition(Baseline):
    """A detector of shortcuts: a task that composition solves says little about what a network has learned."""

    modalities: ClassVar[frozenset[str]] = SEQUENCES
    default: ClassVar[frozenset[str]] = SEQUENCES

    def learn(self, train: Table, problem: Problem) -> None:
        """Learn features, penalty and weights."""
        self._space = FeatureSpace("composition")
        self._model = LinearModel().fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._model.predict(self._space.transform(table))


EXPORT = Composition
