"""Class whose mean profile correlates best with the cell (what reference atlases do by hand)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._neighbours import shares
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class NearestCentroid(Baseline):
    """Pearson correlation of logarithmic expression with the mean of each class.

    References
    ----------
    Aran et al. 2019, Reference-based analysis of lung single-cell sequencing (SingleR).
    doi:10.1038/s41590-018-0276-y
    """

    kinds: ClassVar[frozenset[Kind]] = frozenset({"class"})
    modalities: ClassVar[frozenset[str]] = frozenset({"expression"})
    default: ClassVar[frozenset[str]] = modalities

    def learn(self, train: Table, problem: Problem) -> None:
        """Average the profiles of each class."""
        self._space = FeatureSpace("tree")
        genes = np.asarray(self._space.fit_transform(train), dtype=np.float64)
        self._present = np.unique(problem.targets)
        self._means = _unit(np.stack([genes[problem.targets == number].mean(0) for number in self._present]))
        self._classes = problem.classes

    def predict(self, table: Table) -> Floats:
        """Probabilities (n, C); they order the classes by correlation and are not calibrated."""
        similarity = np.full((len(table), self._classes), -np.inf)
        genes = np.asarray(self._space.transform(table), dtype=np.float64)
        similarity[:, self._present] = _unit(genes) @ self._means.T
        return shares(similarity)


def _unit(profiles: Floats) -> Floats:
    centred = profiles - profiles.mean(1, keepdims=True)
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.where(norm > 0, norm, 1), dtype=np.float64)


EXPORT = NearestCentroid
