"""Logistic or ridge regression on k-mers (TF-IDF), scaled genes, pixels or numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import ALL_MODALITIES, Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._linear import LinearModel
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class Linear(Baseline):
    """One penalty for all features, chosen by cross-validation inside the training rows."""

    default: ClassVar[frozenset[str]] = ALL_MODALITIES - {"molecule"}
    default_for_pairs: ClassVar[bool] = False

    def learn(self, train: Table, problem: Problem) -> None:
        """Learn features, penalty and weights."""
        self._space = FeatureSpace("linear")
        self._model = LinearModel().fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._model.predict(self._space.transform(table))


EXPORT = Linear
