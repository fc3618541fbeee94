"""Logistic or ridge regression on RDKit's two-dimensional descriptors of molecules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._linear import LinearModel
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class DescriptorLinear(Baseline):
    """Standardised on the training rows; sequences beside the molecule come as k-mers (TF-IDF)."""

    default: ClassVar[frozenset[str]] = frozenset({"molecule"})

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """Only where an input holds molecules."""
        return "molecule" in modalities and super().applies(kind, modalities)

    def learn(self, train: Table, problem: Problem) -> None:
        """Learn features, penalty and weights."""
        self._space = FeatureSpace("linear", molecules="descriptors")
        self._model = LinearModel().fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._model.predict(self._space.transform(table))


EXPORT = DescriptorLinear
