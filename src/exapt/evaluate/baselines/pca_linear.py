"""Logistic or ridge regression on the principal components of scaled genes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from exapt.core.errors import ConfigError
from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._linear import LinearModel
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class PcaLinear(Baseline):
    """Components are found on the training rows.

    Parameters
    ----------
    components
        At most so many; fewer where there are fewer rows or genes.
    """

    modalities: ClassVar[frozenset[str]] = frozenset({"expression"})
    default: ClassVar[frozenset[str]] = modalities
    deterministic: ClassVar[bool] = False

    def __init__(self, components: int = 50) -> None:
        if components < 1:
            raise ConfigError(f"pca_linear: components is {components}; at least 1.")
        self.components = components

    def learn(self, train: Table, problem: Problem) -> None:
        """Learn scaling, components and weights."""
        from sklearn.decomposition import PCA

        self._space = FeatureSpace("linear")
        genes = np.asarray(self._space.fit_transform(train))
        self._pca = PCA(min(self.components, *genes.shape), svd_solver="randomized", random_state=problem.seed)
        self._model = LinearModel().fit(self._pca.fit_transform(genes), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._model.predict(self._pca.transform(np.asarray(self._space.transform(table))))


EXPORT = PcaLinear
