"""Baselines that ask for molecules: one linear model and one forest, on whatever stands for a molecule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace, Molecules
from exapt.evaluate.baselines._forest import Forest
from exapt.evaluate.baselines._linear import LinearModel
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class OfMolecules(Baseline):
    """A baseline that applies only where an input holds molecules, which it takes as `molecules` says."""

    molecules: ClassVar[Molecules]

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """Only where an input holds molecules."""
        return "molecule" in modalities and super().applies(kind, modalities)


class LinearOfMolecules(OfMolecules):
    """Logistic or ridge regression."""

    def learn(self, train: Table, problem: Problem) -> None:
        """Learn features, penalty and weights."""
        self._space = FeatureSpace("linear", molecules=self.molecules)
        self._model = LinearModel().fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._model.predict(self._space.transform(table))


class ForestOfMolecules(OfMolecules):
    """Random forest.

    Parameters
    ----------
    trees
        Number of trees.
    """

    deterministic: ClassVar[bool] = False

    def __init__(self, trees: int = 200) -> None:
        self._forest = Forest(trees, f"{self.molecules.removesuffix('s')}_forest")

    def learn(self, train: Table, problem: Problem) -> None:
        """Grow the trees."""
        self._space = FeatureSpace("tree", molecules=self.molecules)
        self._forest.fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._forest.predict(self._space.transform(table))
