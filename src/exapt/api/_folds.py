"""One fold of a run trained and judged, and the folds put end to end: what is scored is one list of test rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exapt.api._arms import ArmSpec, SeedResult, mean_valid, run_arm, same_training, truth
from exapt.api._prepare import Domain
from exapt.core.config import Piece, RunConfig
from exapt.core.contracts import Rows
from exapt.core.registry import BASELINES, METRICS

if TYPE_CHECKING:
    from exapt.evaluate.compare import ArmResult

BASELINE = "baseline:"


@dataclass(frozen=True)
class FoldResult:
    """What one fold leaves.

    Attributes
    ----------
    rows
        Its test rows.
    truth
        Of these rows, as metrics take it.
    valid_truth
        For each seed the truth of the validation rows whose labels may be used; empty arrays without any.
    trained
        Arm -> one result a seed.
    baselines
        Baseline -> its predictions, and its mean validation score.
    """

    rows: Rows
    truth: NDArray[Any]
    valid_truth: Sequence[NDArray[Any]]
    trained: Mapping[str, Sequence[SeedResult]]
    baselines: Mapping[str, tuple[ArmResult, float]]


def run_fold(
    specs: Sequence[ArmSpec],
    config: RunConfig,
    domains: tuple[Domain, Domain | None],
    work: Path,
    *,
    name_of: Callable[[ArmSpec], str],
    quiet: bool,
) -> FoldResult:
    """Train every arm with every seed and every baseline on one fold; arms and seeds that are done are read back.

    Parameters
    ----------
    specs, config
        What to train.
    domains
        Target and source data of this fold.
    work
        Where trainings are kept, each in a folder `<name_of(arm)>/<seed>`.
    """
    target, source = domains
    trained = _train_arms(specs, config, target, source, work, name_of=name_of, quiet=quiet)
    valid_truth = [truth(target.task, target.examples, target.labelled(seed)[1]) for seed in config.seeds]
    rows = target.fold.test
    known = truth(target.task, target.examples, rows)
    return FoldResult(rows, known, valid_truth, trained, run_baselines(config, target))


def _train_arms(
    specs: Sequence[ArmSpec],
    config: RunConfig,
    target: Domain,
    source: Domain | None,
    work: Path,
    *,
    name_of: Callable[[ArmSpec], str],
    quiet: bool,
) -> dict[str, list[SeedResult]]:
    """Every arm with every seed; arms that would train the same model share one training."""
    trained: dict[str, list[SeedResult]] = {}
    for number, spec in enumerate(specs):
        twin = next((other for other in specs[:number] if same_training(spec, other, config)), None)
        if twin is not None:
            trained[spec.name] = trained[twin.name]
            continue
        trained[spec.name] = [
            run_arm(config, spec, target, source, seed, work / name_of(spec) / str(seed), quiet=quiet)
            for seed in config.seeds
        ]
    return trained


def run_baselines(config: RunConfig, target: Domain) -> dict[str, tuple[ArmResult, float]]:
    """The cheap domain baselines on the same rows: predictions of the test rows and the mean validation score."""
    from exapt.evaluate.compare import ArmResult

    table, task = target.table, target.task
    classes = len(task.classes) or None
    score, results = scorer_of_decoded(task), {}
    for piece in baselines_of(config, target):
        start = time.perf_counter()
        predictions, valid_scores = [], []
        for seed in config.seeds:
            train, valid = target.labelled(seed)
            model = BASELINES.build(piece.name, **piece.options)
            model.fit(table.take(train), truth(task, target.examples, train), task.kind, seed=seed, classes=classes)
            predictions.append(model.predict(table.take(target.fold.test)))
            if len(valid):
                valid_scores.append(score(truth(task, target.examples, valid), model.predict(table.take(valid))))
        seconds = (time.perf_counter() - start) / len(predictions)
        mean = float(np.mean(valid_scores)) if valid_scores else float("nan")
        results[piece.name] = ArmResult(predictions, seconds, 0), mean
    return results


def baselines_of(config: RunConfig, target: Domain) -> list[Piece]:
    """The baselines that were asked for, else those that suit the target and its inputs."""
    if config.baselines is not None:
        return list(config.baselines)
    if config.controls == "none" or target.task.needs == "tokens":  # baselines read a row, not its positions
        return []
    from exapt.evaluate.baselines import defaults

    table = target.table
    modalities = [table.columns[name].modality for name in table.names("input")]
    return [Piece(name=name) for name in defaults(target.task.kind, modalities, table)]


def scorer_of_decoded(task: Any) -> Any:
    """The primary metric of (truth, prediction), oriented so that higher is better."""
    metric: Any = METRICS.get(task.metrics()[0])
    sign = 1 if metric.higher_is_better else -1
    return lambda true, guess: sign * metric.value(true, guess)


def joined_arms(folds: Sequence[FoldResult]) -> dict[str, ArmResult]:
    """Every arm and baseline with its predictions of all folds' test rows, one array a seed."""
    from exapt.evaluate.compare import ArmResult

    arms = {}
    for name, seeds in folds[0].trained.items():
        results = [fold.trained[name] for fold in folds]
        predictions = [np.concatenate(parts) for parts in zip(*([s.test for s in r] for r in results), strict=True)]
        seconds = float(np.mean([seed.seconds for result in results for seed in result]))
        arms[name] = ArmResult(predictions, seconds, seeds[0].steps)
    for name, _ in folds[0].baselines.items():
        found = [fold.baselines[name][0] for fold in folds]
        predictions = [np.concatenate(parts) for parts in zip(*(result.predictions for result in found), strict=True)]
        arms[BASELINE + name] = ArmResult(predictions, float(np.mean([result.fit_seconds for result in found])), 0)
    return arms


def validation_scores(folds: Sequence[FoldResult]) -> dict[str, float]:
    """Mean validation score of every arm and baseline over seeds and folds; NaN without validation."""
    scores = {name: float(np.mean([mean_valid(f.trained[name]) for f in folds])) for name in folds[0].trained}
    baselines = folds[0].baselines
    return scores | {BASELINE + name: float(np.mean([f.baselines[name][1] for f in folds])) for name in baselines}


def joined_validation(folds: Sequence[FoldResult], arm: str) -> tuple[list[NDArray[Any]], list[NDArray[Any]]] | None:
    """Truth and prediction of an arm on the validation rows of all folds, one array a seed; None without any."""
    known = [np.concatenate(parts) for parts in zip(*(fold.valid_truth for fold in folds), strict=True)]
    guessed = [np.concatenate([s.valid for s in seeds]) for seeds in zip(*(f.trained[arm] for f in folds), strict=True)]
    return (known, guessed) if all(map(len, known)) else None
