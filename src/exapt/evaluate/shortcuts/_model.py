"""The small model that predicts from a view, and the strongest single feature of a view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.baselines._baseline import Problem
from exapt.evaluate.baselines._linear import LinearModel
from exapt.evaluate.baselines._matrices import Features, Scaler
from exapt.evaluate.metrics._metric import Floats

Kind = Literal["class", "multilabel", "number"]

MOST = 20  # classes, labels or values that are scored: those with the most to learn from
TREES = 50
TREE_ROWS = 4000  # rows a tree sees at most
SMALLEST_LEAF = 3
NEAR = 0.9  # of the strongest token's association: such tokens are named beside it


@dataclass(frozen=True)
class Truth:
    """Targets of training and test rows, reduced to at most `MOST` classes, labels or values.

    Attributes
    ----------
    kind
        What they are.
    train, test
        (n,) class numbers; (n, T) of 0, 1 or NaN; (n, T) values.
    names
        Of the classes, labels or values.
    others
        Whether the last class stands for all classes that are not scored.
    """

    kind: Kind
    train: NDArray[Any]
    test: NDArray[Any]
    names: Sequence[str]
    others: bool = False

    @classmethod
    def of(cls, train: NDArray[Any], test: NDArray[Any], kind: Kind, names: Sequence[str]) -> Truth:
        """Keep the classes, labels or values with the most to learn from."""
        if kind == "class":
            size = int(max(train.max(), test.max())) + 1
            named = [names[number] if number < len(names) else str(number) for number in range(size)]
            if size <= MOST:
                return cls(kind, train, test, named)
            kept = np.sort(np.argsort(-np.bincount(train, minlength=size), kind="stable")[:MOST])
            number = np.full(size, MOST)
            number[kept] = np.arange(MOST)
            return cls(kind, number[train], number[test], [named[k] for k in kept], others=True)
        named = [names[number] if number < len(names) else str(number) for number in range(train.shape[1])]
        value = np.isfinite(train).sum(0)
        if kind == "multilabel":
            value = np.minimum((train > 0.5).sum(0), (train <= 0.5).sum(0))
        kept = np.sort(np.argsort(-value, kind="stable")[:MOST])
        return cls(kind, train[:, kept], test[:, kept], [named[k] for k in kept])

    def take(self, train: slice, test: slice) -> Truth:
        """The first rows of both parts."""
        return Truth(self.kind, self.train[train], self.test[test], self.names, self.others)

    def problem(self, seed: int) -> Problem:
        """The training targets as the baselines take them."""
        return Problem(self.train, self.kind, len(self.names) + self.others, False, seed)

    def indicators(self, part: NDArray[Any]) -> NDArray[Any]:
        """One column a class, label or value, (n, K); two classes are one column, as one says all."""
        if self.kind != "class":
            return part
        numbers = [1] if len(self.names) == 2 else range(len(self.names))
        return np.asarray(part[:, None] == np.array(numbers), dtype=np.float64)

    def luck(self) -> float:
        """Standard deviation that the score of the test rows has where labels are shuffled; infinite where undefined.

        Classes, of which a row has one only, err almost independently; labels are taken to err all together.
        """
        targets = self.indicators(self.test)
        if self.kind == "number":
            return float(1 / np.sqrt(max(np.isfinite(targets).sum(0).min() - 1, 1e-12)))
        up, down = (targets > 0.5).sum(0), (targets <= 0.5).sum(0)
        defined = (up > 0) & (down > 0)
        deviations = np.sqrt((up + down + 1)[defined] / (12 * (up * down)[defined]))
        if not defined.any():
            return np.inf
        return float(deviations.mean() if self.kind == "multilabel" else np.linalg.norm(deviations) / len(deviations))

    def phrase(self, column: int) -> str:
        """What a column of `indicators` says."""
        if self.kind == "class":
            return f"class {self.names[1 if len(self.names) == 2 else column]!r}"
        return f"label {self.names[column]!r}" if self.kind == "multilabel" else f"a high {self.names[column]!r}"


def predict(train: Any, test: Any, truth: Truth, seed: int) -> Floats:
    """Learn from a view of the training rows; scores of the test rows, (n, K), from 0 to 1 in each column.

    A linear model and, for dense features, shallow trees for rules such as "no aromatic letters, and a charge". Each
    is turned into ranks and the two are averaged, as only the order counts.
    """
    problem = truth.problem(seed)
    if not isinstance(train, np.ndarray):
        return _ranks(_columns(LinearModel().fit(train, problem).predict(test), truth))
    scaler = Scaler()
    first, second = scaler.fit_transform(train), scaler.transform(test)
    linear = _columns(LinearModel().fit(first, problem).predict(second), truth)
    trees = _columns(_forest(first, second, problem), truth)
    return np.asarray((_ranks(linear) + _ranks(trees)) / 2)


def _columns(prediction: Floats, truth: Truth) -> Floats:
    return prediction[:, : len(truth.names)] if truth.kind == "class" else prediction


def _ranks(scores: Floats) -> Floats:
    from scipy.stats import rankdata

    ranks: Floats = rankdata(scores.round(9), axis=0) / max(1, len(scores))
    return ranks


def _forest(train: Features, test: Features, problem: Problem) -> Floats:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    options: dict[str, Any] = {
        "n_estimators": TREES,
        "min_samples_leaf": SMALLEST_LEAF,
        "max_samples": min(TREE_ROWS, len(train)),
        "max_features": "sqrt",
        "random_state": problem.seed,
    }
    if problem.kind == "class":
        forest = RandomForestClassifier(class_weight="balanced", **options).fit(train, problem.targets)
        scores = np.zeros((len(test), problem.classes))
        scores[:, forest.classes_] = forest.predict_proba(test)
        return scores
    known = np.isfinite(problem.targets)
    means = np.where(known, problem.targets, 0).sum(0) / np.maximum(known.sum(0), 1)
    filled = np.where(known, problem.targets, means)
    forest = RandomForestRegressor(**options).fit(train, filled if filled.shape[1] > 1 else filled[:, 0])
    return np.asarray(forest.predict(test), dtype=np.float64).reshape(len(test), -1)


def associations(features: Any, targets: NDArray[Any], kind: Kind) -> Floats:
    """Each feature with each target over the rows where it is known, (F, K), from -1 to 1.

    Somers' D, 2 AUROC - 1, for classes and labels; Spearman's rho for numbers; 0 where undefined.
    """
    found = np.zeros((features.shape[1], targets.shape[1]))
    for number, column in enumerate(targets.T):
        rows = np.flatnonzero(np.isfinite(column))
        part, known = features[rows], column[rows]
        if len(rows) < 2 or (known == known[0]).all():
            continue
        found[:, number] = _with_number(part, known) if kind == "number" else _with_label(part, known > 0.5)
    return found


def _with_label(features: Any, label: NDArray[np.bool_]) -> Floats:
    from scipy.stats import rankdata

    if isinstance(features, np.ndarray):
        positive = rankdata(features, axis=0)[label].sum(0)
        high = positive - label.sum() * (label.sum() + 1) / 2
        area: Floats = high / (label.sum() * (~label).sum())
        return 2 * area - 1
    return _shares(features, label) - _shares(features, ~label)


def _shares(tokens: Any, rows: NDArray[np.bool_]) -> Floats:
    """Share of the rows in which each token stands, (F,)."""
    found: Floats = np.asarray(tokens.T @ rows.astype(np.float64)).ravel() / max(1, rows.sum())
    return found


def _with_number(features: Any, values: Floats) -> Floats:
    from scipy.stats import rankdata

    target = rankdata(values)
    target = (target - target.mean()) / target.std()
    if isinstance(features, np.ndarray):
        ranks = rankdata(features, axis=0)
        centred = ranks - ranks.mean(0)
        spread = centred.std(0)
        return np.asarray(centred.T @ target / len(values) / np.where(spread > 0, spread, np.inf))
    share = _shares(features, np.ones(len(values), dtype=bool))
    spread = np.sqrt(share * (1 - share))
    product = np.asarray(features.T @ target).ravel() / len(values)
    return np.asarray(product / np.where(spread > 0, spread, np.inf))


def strongest(train: Any, test: Any, names: Sequence[str], truth: Truth) -> str:
    """One sentence: the feature that training finds strongest, its direction, and what it scores on the test rows."""
    targets = truth.indicators(truth.train)
    found = associations(train, targets, truth.kind)
    weights = np.ones(targets.shape[1]) if truth.kind == "number" else _evidence(targets)
    feature, column = np.unravel_index(int(np.argmax(np.abs(found).round(3) * weights)), found.shape)
    sparse = not isinstance(train, np.ndarray)
    best = _named(found[:, column], names) if sparse else [int(feature)]
    direction = np.sign(found[best[0], column]) or 1.0
    goal = truth.indicators(truth.test)[:, [column]]
    alone = direction * associations(test[:, best[:1]], goal, truth.kind)[0, 0]
    score = f"Spearman {alone:.2f}" if truth.kind == "number" else f"AUROC {(1 + alone) / 2:.2f}"
    what = truth.phrase(int(column))
    name = names[best[0]]
    if not sparse and not np.isin(train[:, best[0]], (0, 1)).all():
        return f"A {'high' if direction > 0 else 'low'} {name} speaks for {what}: {score} by itself."
    more = f"; so do {', '.join(names[number] for number in best[1:])}" if best[1:] else ""
    name = name[:1].upper() + name[1:]
    return f"{name} speaks {'for' if direction > 0 else 'against'} {what}: {score} by itself{more}."


def _evidence(targets: NDArray[Any]) -> Floats:
    """Square root of the harmonic size of the two sides of each label, so that a tiny class does not win by luck."""
    up, down = (targets > 0.5).sum(0), (targets <= 0.5).sum(0)
    return np.asarray(np.sqrt(up * down / np.maximum(up + down, 1)))


def _named(strength: Floats, names: Sequence[str]) -> list[int]:
    """At most three tokens near the strongest, whole fields first, none that another one contains."""
    size = np.abs(strength)
    near = np.flatnonzero(size >= NEAR * size.max())

    def rank(number: int) -> tuple[float, bool, bool, int, int]:
        name = names[number]
        return -float(size[number].round(2)), bool(strength[number] < 0), name[:5] != "field", -len(name), number

    order = sorted(near.tolist(), key=rank)
    same = [i for i in order if np.sign(strength[i]) == np.sign(strength[order[0]])]
    kept: list[int] = []
    for number in same:
        text = names[number].partition("'")[2].rstrip("'")
        if len(kept) < 3 and not any(text and text in names[other] for other in kept):
            kept.append(number)
    return kept
