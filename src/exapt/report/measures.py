"""The numbers behind the figures: confusion, F1 a class, ROC, precision-recall and reliability, averaged over seeds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.report.content import ReportContent

Floats = NDArray[np.float64]
GRID: Floats = np.linspace(0.0, 1.0, 201)
MOST_CLASSES = 20


@dataclass(frozen=True)
class ArmClasses:
    """Class predictions of one arm, every seed.

    Attributes
    ----------
    classes
        C class names, the largest first.
    truth, predicted
        Class number of each row (n,), -1 = a class that is not in `classes`.
    seed
        Seed of each row (n,).
    chances
        Probabilities (n, C), or None where the arm gives none.
    """

    classes: tuple[str, ...]
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    seed: NDArray[np.str_]
    chances: Floats | None

    @cached_property
    def seeds(self) -> list[NDArray[np.bool_]]:
        """One row mask a seed."""
        return [self.seed == seed for seed in sorted(set(self.seed.tolist()))]

    @cached_property
    def sizes(self) -> Floats:
        """Test examples of each class (C,), averaged over seeds."""
        return np.bincount(self.truth[self.truth >= 0], minlength=len(self.classes)) / len(self.seeds)

    def confusion(self) -> Floats:
        """Counts (C, C): true class by predicted class, averaged over seeds."""
        known = (self.truth >= 0) & (self.predicted >= 0)
        cells = np.zeros((len(self.classes), len(self.classes)))
        np.add.at(cells, (self.truth[known], self.predicted[known]), 1.0 / len(self.seeds))
        return cells

    def f1(self) -> Floats:
        """F1 of each class (C,), averaged over seeds; 0 where nothing was found, NaN without test examples."""
        scores = []
        for rows in self.seeds:
            truth, predicted = self.truth[rows], self.predicted[rows]
            ids = np.arange(len(self.classes))
            true = (truth[:, None] == ids).sum(0)
            called = (predicted[:, None] == ids).sum(0)
            hits = ((truth == predicted)[:, None] & (truth[:, None] == ids)).sum(0)
            scores.append(np.where(true > 0, 2 * hits / np.maximum(true + called, 1), np.nan))
        mean: Floats = np.mean(scores, axis=0)
        return mean


def arm_classes(content: ReportContent, arm: str, classes: Sequence[str]) -> ArmClasses | None:
    """The class predictions of one arm, or None where it has none."""
    frame = content.predictions[content.predictions["arm"] == arm]
    if frame.empty:
        return None
    columns = [f"p:{name}" for name in classes]
    chances = frame[columns].to_numpy(dtype=np.float64) if set(columns) <= set(frame.columns) else None
    if chances is not None and not np.isfinite(chances).all():
        chances = None

    def codes(column: str) -> NDArray[np.int64]:
        return pd.Categorical(frame[column], categories=list(classes)).codes.astype(np.int64)

    seed = frame["seed"].to_numpy(dtype=np.str_)
    return ArmClasses(tuple(classes), codes("truth"), codes("predicted"), seed, chances)


def classes_by_size(content: ReportContent) -> list[str]:
    """Class names, the one with most test examples first; ties by name."""
    frame = content.predictions
    named = [column.removeprefix("p:") for column in content.probability_columns]
    found = named or sorted(set(frame["truth"]) | set(frame["predicted"]))
    sizes = frame["truth"].value_counts()
    return sorted(found, key=lambda name: (-int(sizes.get(name, 0)), name))


def lump(cells: Floats, classes: Sequence[str], most: int = MOST_CLASSES) -> tuple[Floats, list[str]]:
    """Keep the largest classes and add up the others, so that a matrix stays readable.

    Examples
    --------
    >>> cells, classes = lump(np.eye(4), ["a", "b", "c", "d"], most=3)
    >>> classes, cells.diagonal().tolist()
    (['a', 'b', '2 smaller classes'], [1.0, 1.0, 2.0])
    """
    if len(classes) <= most:
        return cells, list(classes)
    keep = most - 1
    rows = np.vstack([cells[:keep], cells[keep:].sum(0)])
    both = np.hstack([rows[:, :keep], rows[:, keep:].sum(1, keepdims=True)])
    return both, [*classes[:keep], f"{len(classes) - keep} smaller classes"]


def thresholds(truth: NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """True and false positives at each distinct threshold, from the strictest on; both start at 0.

    Examples
    --------
    >>> hits, false = thresholds(np.array([True, False, True]), np.array([0.9, 0.4, 0.4]))
    >>> hits.tolist(), false.tolist()
    ([0.0, 1.0, 2.0], [0.0, 0.0, 1.0])
    """
    order = np.argsort(-score, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits = np.cumsum(truth[order])[ends].astype(np.float64)
    return np.append(0.0, hits), np.append(0.0, ends + 1.0 - hits)


def roc(truth: NDArray[np.bool_], score: Floats) -> tuple[Floats, float]:
    """True-positive rate on `GRID` of the false-positive rate, and the area under the exact curve."""
    hits, false = thresholds(truth, score)
    x, y = false / false[-1], hits / hits[-1]
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
    curve = np.interp(GRID, x, y)
    curve[0] = 0.0
    return curve, area


def precision_recall(truth: NDArray[np.bool_], score: Floats) -> tuple[Floats, float]:
    """Precision on `GRID` of the recall, and the average precision; steps are not interpolated.

    References
    ----------
    Davis and Goadrich, doi:10.1145/1143844.1143874: a straight line between points would be too optimistic.
    """
    hits, false = thresholds(truth, score)
    recall, precision = hits[1:] / hits[-1], hits[1:] / (hits[1:] + false[1:])
    area = float(np.sum(np.diff(np.append(0.0, recall)) * precision))
    sought = np.maximum(GRID - 1e-12, recall[recall > 0][0] / 2)  # before the first hit there is no precision
    at = np.minimum(np.searchsorted(recall, sought), len(recall) - 1)
    return precision[at], area


@dataclass(frozen=True)
class Curve:
    """A curve on `GRID`, averaged over seeds, with its area."""

    y: Floats
    area: float
    share: float  # of positives in the test data


def class_curves(arm: ArmClasses, kind: str) -> dict[str, Curve]:
    """One-vs-rest curve of each class that has both positives and negatives; `kind` is "roc" or "pr"."""
    compute = roc if kind == "roc" else precision_recall
    curves = {}
    for k, name in enumerate(arm.classes):
        parts = []
        for rows in arm.seeds:
            positive = arm.truth[rows] == k
            if arm.chances is not None and 0 < positive.sum() < len(positive):
                parts.append((*compute(positive, arm.chances[rows, k]), float(positive.mean())))
        if parts:
            curves[name] = average([Curve(*part) for part in parts])
    return curves


def average(curves: Collection[Curve]) -> Curve:
    """The mean of some curves, each counting the same: over seeds, or over classes (macro average)."""
    area, share = (float(np.mean([getattr(curve, key) for curve in curves])) for key in ("area", "share"))
    return Curve(np.mean([curve.y for curve in curves], axis=0), area, share)


def reliability(arm: ArmClasses, bins: int = 10) -> pd.DataFrame | None:
    """Confidence of the predicted class against how often it is right, in bins of equal width.

    Returns
    -------
    frame
        Columns confidence and accuracy (0 to 1), examples (a seed); only bins with examples. None without chances.
    """
    if arm.chances is None:
        return None
    confidence = arm.chances.max(1)
    right = arm.chances.argmax(1) == arm.truth
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    frame = pd.DataFrame({"bin": place, "confidence": confidence, "accuracy": right.astype(float), "examples": 1.0})
    found = frame.groupby("bin").agg({"confidence": "mean", "accuracy": "mean", "examples": "sum"})
    found["examples"] /= len(arm.seeds)
    return found.reset_index(drop=True)


def calibration_error(table: pd.DataFrame) -> float:
    """Expected calibration error: mean gap of confidence and accuracy, weighted by examples.

    References
    ----------
    Guo et al., arXiv:1706.04599.

    Examples
    --------
    >>> table = pd.DataFrame({"confidence": [0.6, 0.9], "accuracy": [0.5, 0.9], "examples": [1, 1]})
    >>> round(calibration_error(table), 3)
    0.05
    """
    gap = (table["confidence"] - table["accuracy"]).abs()
    return float((gap * table["examples"]).sum() / table["examples"].sum())
