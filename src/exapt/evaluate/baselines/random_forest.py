"""Random forest on short k-mers, genes, pixels or numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from exapt.core.errors import ConfigError
from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._matrices import dense
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table

ROWS = 4000  # rows a tree sees at most: it keeps 10,000 sequences under half a minute at little loss


class RandomForest(Baseline):
    """Trees vote. Several labels or values share one forest, in which a missing one counts as the column's mean.

    Parameters
    ----------
    trees
        Number of trees.

    References
    ----------
    Breiman 2001, Random forests. doi:10.1023/A:1010933404324
    """

    default: ClassVar[frozenset[str]] = frozenset({"molecule", "image", "number"})
    deterministic: ClassVar[bool] = False

    def __init__(self, trees: int = 200) -> None:
        if trees < 1:
            raise ConfigError(f"random_forest: trees is {trees}; at least 1.")
        self.trees = trees

    def learn(self, train: Table, problem: Problem) -> None:
        """Grow the trees."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        self._space, self._problem = FeatureSpace("tree"), problem
        features = dense(self._space.fit_transform(train))
        options: dict[str, Any] = {
            "n_estimators": self.trees,
            "max_samples": min(ROWS, len(features)),
            "n_jobs": -1,
            "random_state": problem.seed,
        }
        if problem.kind == "class":
            forest = RandomForestClassifier(class_weight="balanced_subsample", **options)
            self._forest: Any = forest.fit(features, problem.targets)
        else:
            known = np.isfinite(problem.targets)
            means = np.where(known, problem.targets, 0).sum(0) / np.maximum(known.sum(0), 1)
            filled = np.where(known, problem.targets, np.where(known.any(0), means, 0.5))
            forest = RandomForestRegressor(max_features="sqrt", **options)
            self._forest = forest.fit(features, filled if filled.shape[1] > 1 else filled[:, 0])
        self._forest.n_jobs = 1  # threads would add up the trees in an order that changes the last digit

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        features = dense(self._space.transform(table))
        if self._problem.kind == "class":
            probabilities = np.zeros((len(features), self._problem.classes))
            probabilities[:, self._forest.classes_] = self._forest.predict_proba(features)
            return probabilities
        values = np.asarray(self._forest.predict(features), dtype=np.float64).reshape(len(features), -1)
        return self._problem.shaped(values)


EXPORT = RandomForest
