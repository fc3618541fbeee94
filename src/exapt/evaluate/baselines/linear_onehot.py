"""Linear model on one-hot letters at their positions, for sequences of one length."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._linear import LinearModel
from exapt.evaluate.baselines._sequences import SEQUENCES
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class LinearOnehot(Baseline):
    """Strong where sequences are aligned to a site (splice sites, core promoters, designed variants)."""

    modalities: ClassVar[frozenset[str]] = SEQUENCES - {"molecule"}  # a letter of a SMILES has no position
    default: ClassVar[frozenset[str]] = modalities
    default_for_pairs: ClassVar[bool] = False

    @classmethod
    def suits(cls, train: Table | None) -> bool:
        """Whether every input column has sequences of one length."""
        return train is not None and all(len(set(map(len, train.frame[name]))) == 1 for name in train.names("input"))

    def learn(self, train: Table, problem: Problem) -> None:
        """Learn features, penalty and weights."""
        self._space = FeatureSpace("onehot")
        self._model = LinearModel().fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._model.predict(self._space.transform(table))


EXPORT = LinearOnehot
