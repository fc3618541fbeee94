"""Random forest on given features; a missing label or value has no say in any prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.errors import ConfigError
from exapt.evaluate.baselines._baseline import Problem
from exapt.evaluate.baselines._matrices import Features, dense
from exapt.evaluate.metrics._metric import Floats

ROWS = 4000  # rows a tree sees at most: it keeps 10,000 sequences under half a minute at little loss
ROWS_IN_ALL = 50_000  # rows that a forest is grown on at most: they are dense in memory
BLOCK = 10_000  # rows predicted at a time


class Forest:
    """Trees vote; several labels or values share one forest.

    Trees are grown with the mean of a column in place of its missing values. What a leaf answers is then the mean of
    the known values of its training rows, and a tree has no vote on a column that its leaf does not know.

    Parameters
    ----------
    trees
        Number of trees.
    name
        Of the baseline, for messages.

    References
    ----------
    Breiman 2001, Random forests. doi:10.1023/A:1010933404324
    """

    def __init__(self, trees: int, name: str) -> None:
        if trees < 1:
            raise ConfigError(f"{name}: trees is {trees}; at least 1.")
        self.trees = trees

    def fit(self, features: Any, problem: Problem) -> Forest:
        """Learn from (n, F) features, dense or CSR, and the targets of the same rows."""
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        self._problem, targets = problem, problem.targets
        if len(targets) > ROWS_IN_ALL:
            rows = np.sort(np.random.default_rng(problem.seed).choice(len(targets), ROWS_IN_ALL, replace=False))
            features, targets = features[rows], targets[rows]
        features = dense(features)
        options: dict[str, Any] = {
            "n_estimators": self.trees,
            "max_samples": min(ROWS, len(features)),
            "n_jobs": -1,
            "random_state": problem.seed,
        }
        self._leaves: list[tuple[Floats, Floats]] = []
        if problem.kind == "class":
            forest = RandomForestClassifier(class_weight="balanced_subsample", **options)
            self._forest: Any = forest.fit(features, targets)
        else:
            known = np.isfinite(targets)
            means = np.where(known, targets, 0).sum(0) / np.maximum(known.sum(0), 1)
            self._means = np.where(known.any(0), means, 0.5)
            filled = np.where(known, targets, self._means)
            forest = RandomForestRegressor(max_features="sqrt", **options)
            self._forest = forest.fit(features, filled if filled.shape[1] > 1 else filled[:, 0])
            if not known.all():
                self._leaves = _known_means(self._forest, features, targets)
        self._forest.n_jobs = 1  # threads would add up the trees in an order that changes the last digit
        return self

    def predict(self, features: Any) -> Floats:
        """Probabilities or values in the shape of the targets."""
        starts = range(0, max(features.shape[0], 1), BLOCK)
        found = np.concatenate([self._block(dense(features[start : start + BLOCK])) for start in starts])
        return found if self._problem.kind == "class" else self._problem.shaped(found)

    def _block(self, features: Features) -> Floats:
        if self._problem.kind == "class":
            probabilities = np.zeros((len(features), self._problem.classes))
            probabilities[:, self._forest.classes_] = self._forest.predict_proba(features)
            return probabilities
        if not self._leaves:
            return np.asarray(self._forest.predict(features), dtype=np.float64).reshape(len(features), -1)
        total = np.zeros((len(features), self._problem.targets.shape[1]))
        votes = np.zeros_like(total)
        for tree, (means, knows) in zip(self._forest.estimators_, self._leaves, strict=True):
            leaf = _leaf(tree, features)
            total += means[leaf]
            votes += knows[leaf]
        return np.where(votes > 0, total / np.maximum(votes, 1), self._means)


def _known_means(forest: Any, features: Features, targets: Floats) -> list[tuple[Floats, Floats]]:
    """Of each tree: mean of the known targets (nodes, T), 0 where none is, and whether one is."""
    known = np.isfinite(targets)
    filled = np.where(known, targets, 0)
    found = []
    for tree, rows in zip(forest.estimators_, forest.estimators_samples_, strict=True):
        leaf, nodes = _leaf(tree, features)[rows], tree.tree_.node_count
        counts = np.stack([np.bincount(leaf, here, nodes) for here in known[rows].T.astype(np.float64)], axis=1)
        sums = np.stack([np.bincount(leaf, column, nodes) for column in filled[rows].T], axis=1)
        found.append((sums / np.maximum(counts, 1), (counts > 0).astype(np.float64)))
    return found


def _leaf(tree: Any, features: Features) -> NDArray[np.int64]:
    return np.asarray(tree.tree_.apply(np.ascontiguousarray(features, dtype=np.float32)))
