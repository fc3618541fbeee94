"""Linear models on given features: logistic for classes and labels, ridge for numbers; the penalty is tuned inside."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.evaluate.baselines._baseline import Problem
from exapt.evaluate.metrics._metric import Floats

STRENGTHS = (1.0, 10.0, 100.0, 1000.0)  # C of the logistic model, for rows of mean square length 1
USUAL_STRENGTH = 10.0  # where there are too few rows to choose
PENALTIES = 10.0 ** np.arange(-4, 3)  # alpha of the ridge, in units of the mean square length of a column
USUAL_PENALTY = 0.1
SMALLEST = 1e-4  # of the mean of the diagonal is always added to it: the products are in single precision
FEWEST = 30  # rows from which the penalty is chosen by inner cross-validation
MANY_ROWS = 1000  # rows from which one hold-out of a fifth is enough for that choice
UNBALANCED = 3.0  # ratio of the largest to the smallest class from which classes are weighted
MANY_WEIGHTS = 1_000_000  # classes times features above which the features are first reduced
REDUCED = 200


class LinearModel:
    """Fit and predict on feature matrices, dense or CSR.

    Features are divided by one number, so that the same penalties suit any kind of feature.
    """

    def fit(self, features: Any, problem: Problem) -> LinearModel:
        """Learn from (n, F) features and the targets of the same rows."""
        self._problem = problem
        self._reduce = None
        if problem.classes * features.shape[1] > MANY_WEIGHTS:
            self._reduce = _reduction(features, problem.seed)
            features = self._reduce.transform(features)
        self._models: list[Logistic] | list[Ridge]
        self._scale = np.float32(np.sqrt(_mean_square_length(features)) or 1.0)
        features = features / self._scale
        if problem.kind == "class":
            self._models = [Logistic(problem.classes, problem.seed).fit(features, problem.targets)]
        elif problem.kind == "multilabel":
            self._models = _labels(features, problem)
        else:
            self._models = [Ridge(problem.seed).fit(features[rows], values) for rows, values in _by_known(problem)]
        return self

    def predict(self, features: Any) -> Floats:
        """Probabilities or values in the shape of the targets."""
        if self._reduce is not None:
            features = self._reduce.transform(features)
        features = features / self._scale
        found = [np.asarray(model.predict(features), dtype=np.float64) for model in self._models]
        if self._problem.kind == "class":
            return found[0]
        if self._problem.kind == "multilabel":
            return np.stack([probability[:, 1] for probability in found], axis=1)
        return self._problem.shaped(np.hstack(found))


def _mean_square_length(features: Any) -> float:
    return float((features * features).sum() / max(1, features.shape[0]))


def _reduction(features: Any, seed: int) -> Any:
    from sklearn.decomposition import TruncatedSVD

    return TruncatedSVD(min(REDUCED, features.shape[1] - 1), random_state=seed).fit(features)


def _labels(features: Any, problem: Problem) -> list[Logistic]:
    """One model a label, all with the penalty that suits the label with the most rows of its rarer side."""
    columns = problem.targets.T
    rarer = [min((column > 0.5).sum(), (column <= 0.5).sum()) for column in columns]

    def fitted(column: Floats, strength: float | None) -> Logistic:
        known = np.flatnonzero(np.isfinite(column))
        return Logistic(2, problem.seed, strength).fit(features[known], (column[known] > 0.5).astype(np.int64))

    first = int(np.argmax(rarer))
    leader = fitted(columns[first], None)
    return [leader if number == first else fitted(column, leader.strength) for number, column in enumerate(columns)]


def _by_known(problem: Problem) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """All columns together where every value is known, else column by column."""
    known = np.isfinite(problem.targets)
    if known.all():
        yield np.arange(len(known)), problem.targets
        return
    for column, here in zip(problem.targets.T, known.T, strict=True):
        rows = np.flatnonzero(here)
        yield rows, column[rows, None]


class Logistic:
    """Multinomial logistic regression, L2 penalty; classes are weighted where they are unbalanced.

    Parameters
    ----------
    classes
        Number of classes C; those that training does not show get probability 0.
    seed
        Of the inner folds.
    strength
        C; None = chosen by inner cross-validation.
    """

    def __init__(self, classes: int, seed: int, strength: float | None = None) -> None:
        self.classes = classes
        self.seed = seed
        self.strength = strength

    def fit(self, features: Any, targets: NDArray[np.int64]) -> Logistic:
        """Learn from (n, F) and (n,) classes; with one class only, or no row, the answer is constant."""
        counts = np.bincount(targets, minlength=self.classes)
        self._prior = counts / counts.sum() if counts.sum() else np.full(self.classes, 1 / self.classes)
        self._model = None
        present = counts[counts > 0]
        if len(present) > 1:
            self._weight = "balanced" if present.max() > UNBALANCED * present.min() else None
            if self.strength is None:
                self.strength = self._chosen(features, targets, int(present.min()))
            self._model = self._fitted(features, targets, self.strength)
        return self

    def predict(self, features: Any) -> Floats:
        """Probabilities (n, C)."""
        if self._model is None:
            return np.tile(self._prior, (features.shape[0], 1))
        return self._spread(self._model, features)

    def _spread(self, model: Any, features: Any) -> Floats:
        probabilities = np.zeros((features.shape[0], self.classes))
        probabilities[:, model.classes_] = model.predict_proba(features)
        return probabilities

    def _fitted(self, features: Any, targets: NDArray[np.int64], strength: float) -> Any:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(C=strength, class_weight=self._weight, max_iter=300)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # almost converged is good enough for a baseline
            return model.fit(features, targets)

    def _chosen(self, features: Any, targets: NDArray[np.int64], rarest: int) -> float:
        if len(targets) < FEWEST or rarest < 2:
            return USUAL_STRENGTH
        costs = np.zeros(len(STRENGTHS))
        for train, held in folds(len(targets), self.seed, targets):
            weight = np.bincount(targets[train], minlength=self.classes)[targets[held]].astype(np.float64)
            weight = 1 / np.maximum(weight, 1) if self._weight else np.ones(len(held))
            for number, strength in enumerate(STRENGTHS):
                found = self._spread(self._fitted(features[train], targets[train], strength), features[held])
                right = found[np.arange(len(held)), targets[held]]
                costs[number] += (weight * -np.log(np.maximum(right, 1e-6))).sum() / weight.sum()
        return STRENGTHS[int(costs.argmin())]


class Ridge:
    """Ridge regression of one or several complete target columns, solved directly or, sparse, by conjugate gradients.

    Parameters
    ----------
    seed
        Of the inner folds.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, features: Any, targets: Floats) -> Ridge:
        """Learn from (n, F) and (n, T); without rows the answer is 0."""
        self._center = targets.mean(0) if len(targets) else np.zeros(targets.shape[1])
        self._weights = np.zeros((features.shape[1], targets.shape[1]))
        if len(targets) > 1:
            penalty = USUAL_PENALTY if len(targets) < FEWEST else self._penalty(features, targets)
            self._weights, self._center = next(_solutions(features, targets, [penalty]))
        return self

    def predict(self, features: Any) -> Floats:
        """Values (n, T)."""
        return np.asarray(features @ self._weights + self._center)

    def _penalty(self, features: Any, targets: Floats) -> float:
        errors = np.zeros(len(PENALTIES))
        spread = np.maximum(targets.std(0), 1e-12)
        for train, held in folds(len(targets), self.seed):
            for number, (weights, center) in enumerate(_solutions(features[train], targets[train], PENALTIES)):
                error = (features[held] @ weights + center - targets[held]) / spread
                errors[number] += (error**2).mean()
        return float(PENALTIES[int(errors.argmin())])


def _solutions(features: Any, targets: Floats, penalties: Any) -> Iterator[tuple[Floats, Floats]]:
    """Weights (F, T) and offsets (T,) for each penalty; what does not depend on it is computed once."""
    from scipy.linalg import solve

    middle = targets.mean(0)
    unit = _mean_square_length(features) * features.shape[0] / max(1, features.shape[1])
    if sparse.issparse(features):
        from sklearn.linear_model import Ridge as Solver

        for penalty in penalties:
            model = Solver(alpha=penalty * unit, solver="sparse_cg", tol=1e-4).fit(features, targets)
            yield model.coef_.reshape(targets.shape[1], -1).T, np.atleast_1d(model.intercept_)
        return
    mean = features.mean(0, dtype=np.float64)
    centred = features - mean.astype(features.dtype)
    wide = centred.shape[1] > centred.shape[0]
    gram = (centred @ centred.T if wide else centred.T @ centred).astype(np.float64)
    right = targets - middle if wide else centred.T @ (targets - middle)
    diagonal = np.diag_indices_from(gram)
    for penalty in penalties:
        system = gram.copy()
        system[diagonal] += max(penalty * unit, SMALLEST * gram[diagonal].mean(), 1e-30)
        solved = solve(system, right, assume_a="pos")
        weights = centred.T @ solved if wide else solved
        yield weights, middle - mean @ weights


def folds(
    rows: int, seed: int, classes: NDArray[np.int64] | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Inner training and held-out rows: three folds, or one fifth held out where rows are many."""
    from sklearn.model_selection import KFold, StratifiedKFold

    number = 5 if rows >= MANY_ROWS else 3
    cutter = KFold if classes is None else StratifiedKFold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a class with fewer rows than folds is left as it is
        cuts = list(cutter(number, shuffle=True, random_state=seed).split(np.empty(rows), classes))
    yield from cuts[:1] if rows >= MANY_ROWS else cuts
