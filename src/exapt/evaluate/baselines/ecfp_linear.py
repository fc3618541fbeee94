"""Logistic or ridge regression on ECFP4 fingerprints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._linear import LinearModel
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class EcfpLinear(Baseline):
    """One penalty for 2,048 bits; sequences beside the molecule come as k-mers (TF-IDF).

    References
    ----------
    Rogers and Hahn 2010, Extended-connectivity fingerprints. doi:10.1021/ci100050t
    """

    default: ClassVar[frozenset[str]] = frozenset({"molecule", "dna", "rna", "protein"})
    default_for_pairs: ClassVar[bool] = False

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """Only where an input holds molecules."""
        return "molecule" in modalities and super().applies(kind, modalities)

    def learn(self, train: Table, problem: Problem) -> None:
        """Learn features, penalty and weights."""
        self._space = FeatureSpace("linear", molecules="ecfp")
        self._model = LinearModel().fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._model.predict(self._space.transform(table))


EXPORT = EcfpLinear
