"""1,000 paired bootstrap replicates of 19 metrics on 100,000 predictions, against scikit-learn and scipy in a loop.

    python benchmarks/speed/bootstrap.py [--small] [-o FILE]

Two arms, 100,000 predictions of each kind: 100,000 rows of two classes, 20,000 rows of five labels, 100,000 rows of
numbers; every row its own group (the most that there is to draw) and again in 2,000 groups. exapt does all that
`compare` does for them: draws, scores of both arms for every metric, the jackknife. The other contestant computes the
same metrics of the same resampled rows by the functions of scikit-learn and scipy; it would take an hour, so it does a
few replicates, and its time is that of one replicate times 1,000.

Writes `results/bootstrap.json`: wall and processor seconds, their ratio, the largest memory, and how busy the machine
was. Fails where the scores of the two contestants differ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats
import sklearn.metrics as sk
from numpy.typing import NDArray

from exapt.core.errors import TrainingError
from exapt.core.provenance import versions
from exapt.core.registry import METRICS
from exapt.evaluate.metrics._metric import find
from exapt.evaluate.resampling import Resampling, score

REPLICATES = 1000
Function = Callable[[NDArray[Any], NDArray[Any]], float]


def by_guess(function: Function) -> Function:
    """A score of decisions: the most probable class, or the labels from 0.5 on."""
    return lambda t, p: function(t, p >= 0.5 if t.ndim == 2 else p.argmax(1))


def by_rank(function: Function) -> Function:
    """A score of ranks: the last of two classes, or each label."""
    return lambda t, p: function(t, p if t.ndim == 2 else p[:, 1])


def averaged(function: Callable[..., float], average: str | None = None) -> Function:
    """The last of two classes, or the mean over labels; or as told."""
    return by_guess(
        lambda t, g: float(function(t, g, average=average or ("macro" if t.ndim == 2 else "binary"), zero_division=0))
    )


def of_columns(function: Function) -> Function:
    """The mean of a two-class score over labels."""
    return by_guess(
        lambda t, g: (
            function(t, g) if t.ndim == 1 else float(np.mean([function(*c) for c in zip(t.T, g.T, strict=True)]))
        )
    )


THEIRS: dict[str, Function] = {
    "accuracy": by_guess(lambda t, g: sk.accuracy_score(t.ravel(), g.ravel())),
    "balanced_accuracy": of_columns(sk.balanced_accuracy_score),
    "mcc": of_columns(sk.matthews_corrcoef),
    "f1": averaged(sk.f1_score),
    "recall": averaged(sk.recall_score),
    "precision": averaged(sk.precision_score),
    "macro_f1": averaged(sk.f1_score, "macro"),
    "macro_recall": averaged(sk.recall_score, "macro"),
    "macro_precision": averaged(sk.precision_score, "macro"),
    "micro_f1": averaged(sk.f1_score, "micro"),
    "auroc": by_rank(sk.roc_auc_score),
    "auprc": by_rank(sk.average_precision_score),
    "brier": lambda t, p: sk.mean_squared_error(t, p if t.ndim == 2 else p[:, 1]),
    "log_loss": lambda t, p: sk.log_loss(t.ravel(), p.ravel() if t.ndim == 2 else p),
    "rmse": sk.root_mean_squared_error,
    "mae": sk.mean_absolute_error,
    "r2": sk.r2_score,
    "pearson": lambda t, p: scipy.stats.pearsonr(t, p).statistic,
    "spearman": lambda t, p: scipy.stats.spearmanr(t, p).statistic,
}


@dataclass(frozen=True)
class Work:
    """Truth, the predictions of two arms, and the metrics that apply."""

    truth: NDArray[Any]
    arms: tuple[NDArray[np.float64], NDArray[np.float64]]
    metrics: list[str]


def work(kind: str, predictions: int) -> Work:
    generator = np.random.default_rng(0)
    names = [name for name in METRICS.names() if name in THEIRS and kind in find(name).kinds]
    if kind == "number":
        truth: NDArray[Any] = generator.normal(size=predictions)
        close, far = (truth + noise * generator.normal(size=predictions) for noise in (0.8, 1.0))
        return Work(truth, (close, far), names)
    labels = 5 if kind == "multilabel" else 1
    truth = (generator.random((predictions // labels, labels)) < 0.3).astype(np.float64)
    close, far = (1 / (1 + np.exp(1.5 - 2 * truth - noise * generator.normal(size=truth.shape))) for noise in (1, 1.3))
    if kind == "multilabel":
        return Work(truth, (close, far), names)
    return Work(truth[:, 0].astype(np.int64), (np.hstack([1 - close, close]), np.hstack([1 - far, far])), names)


def ours(task: Work, groups: NDArray[np.int64]) -> dict[str, list[NDArray[np.float64]]]:
    """Replicates of both arms, by metric."""
    draws = Resampling.over(groups, replicates=REPLICATES)
    jobs = [(find(name), [arm]) for name in task.metrics for arm in task.arms]
    found = [one.replicates[0] for one in score(jobs, task.truth, draws)]
    return {name: found[2 * i : 2 * i + 2] for i, name in enumerate(task.metrics)}


def theirs(task: Work, groups: NDArray[np.int64], replicates: int) -> dict[str, list[list[float]]]:
    """The same for the first replicates: rows repeated as often as they were drawn, every metric by itself."""
    draws = Resampling.over(groups, replicates=REPLICATES)
    weights = draws.drawn(0)[:replicates, draws.codes].astype(np.int64)
    rows = [np.repeat(np.arange(len(task.truth)), weight) for weight in weights]
    found: dict[str, list[list[float]]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in task.metrics:
            found[name] = [[float(THEIRS[name](task.truth[r], arm[r])) for r in rows] for arm in task.arms]
    return found


def timed(function: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    result = function()
    wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return result, {"wall_s": round(wall, 2), "cpu_s": round(used, 2)}


def contest(kind: str, predictions: int, n_groups: int | None, replicates: int) -> dict[str, Any]:
    """Both contestants on one kind of target."""
    task = work(kind, predictions)
    n = len(task.truth)
    groups = np.arange(n) if n_groups is None else np.random.default_rng(1).integers(0, n_groups, n)
    found, fast = timed(lambda: ours(task, groups))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # before the other contestant
    reference, slow = timed(lambda: theirs(task, groups, replicates))
    for name, arms in reference.items():
        for arm, values in enumerate(arms):
            if not np.allclose(found[name][arm][: len(values)], values, rtol=1e-6, atol=1e-9):
                raise TrainingError(f"{kind}: {name} differs: {found[name][arm][: len(values)]} and {values}.")
    slow = {key: round(value * REPLICATES / replicates, 1) for key, value in slow.items()}
    ratio = {key: round(slow[key] / fast[key], 1) for key in fast}
    return {
        "rows": n,
        "groups": len(np.unique(groups)),
        "metrics": len(task.metrics),
        "exapt": {**fast, "peak_GiB": round(peak, 2)},
        "loop, extrapolated": {**slow, "replicates_run": replicates},
        "ratio": ratio,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="seconds instead of minutes, to see that it works")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results" / "bootstrap.json")
    options = parser.parse_args()
    predictions, replicates = (1000, 2) if options.small else (100_000, 5)
    contest("class", 500, None, 1)  # imports happen here, outside the time that is taken
    results: dict[str, Any] = {}
    for grouping, n_groups in (("every row a group", None), ("2,000 groups", 2000)):
        parts = {kind: contest(kind, predictions, n_groups, replicates) for kind in ("class", "multilabel", "number")}
        total = round(sum(part["exapt"]["wall_s"] for part in parts.values()), 2)
        results[grouping] = {**parts, "exapt, all metrics, wall_s": total}
        print(json.dumps({grouping: results[grouping]}, indent=2), flush=True)
    setting = {"predictions": predictions, "replicates": REPLICATES, "arms": 2}
    machine = {"platform": platform.platform(), "processors": os.cpu_count(), "load": os.getloadavg()[1]}
    report = {"work": setting, "results": results, "machine": machine, "versions": versions()}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
