"""`finetune`: train the transfer and its controls on the same rows, and say whether the transfer helped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.api._arms import ArmSpec, SeedResult, arms, mean_valid, run_arm, same_training, truth, with_source
from exapt.api._prepare import Domain, check_names, prepare
from exapt.api._work import alone, close_work, open_work, refuse_output, tidy
from exapt.core.config import Piece, RunConfig
from exapt.core.errors import ConfigError, nearest
from exapt.core.paths import read_json, storage_errors, write_json
from exapt.core.provenance import provenance
from exapt.core.registry import BASELINES, METRICS, TASKS

if TYPE_CHECKING:
    from exapt.evaluate.compare import ArmResult


def finetune(
    config: RunConfig, run: Path, *, also: Sequence[tuple[Piece, ...]] = (), force: bool = False, quiet: bool = False
) -> dict[str, Any]:
    """Run all arms and write a run folder.

    Parameters
    ----------
    config
        The whole run.
    run
        The folder to make. While it is being made it is called `<run>.partial`; the same call continues
        an interrupted one from its last checkpoint.
    also
        Further strategies, each an arm of its own beside `transfer`; their gains go to `gains.json`.
    force
        Replace an existing run, and discard an unfinished one of another configuration.
    quiet
        No progress bars.

    Returns
    -------
    dict
        The content of `scores.json`.

    Raises
    ------
    RunExistsError
        Where `run` exists and `force` is False.
    InputError
        Where the configuration, the data or the weights cannot be used.
    """
    check(config, also)
    refuse_output(run, force=force)
    specs = arms(config, also)
    target, source = prepare(config, with_source(specs))
    _check_domain(target)
    files = target.loaded.files | (source.loaded.files if source else {})
    with storage_errors(run), alone(run), tidy(run):
        work = open_work(config, run, files, force=force)
        trained = train_arms(specs, config, target, source, work, quiet=quiet)
        baselines = run_baselines(config, target)
        scores = write_run(config, (target, source), trained, baselines, files, work)
        close_work(work, run)
    return scores


def check(config: RunConfig, also: Sequence[tuple[Piece, ...]] = ()) -> None:
    """Report what can be known to be wrong before anything is loaded.

    Raises
    ------
    ConfigError
        An unknown name or option, a self-supervised task, strategies that contradict each other.
    """
    from exapt.transfer.strategies._combine import combine

    check_names(config, "configuration")
    if not TASKS.get(config.task.name).supervised:
        raise ConfigError(f"task {config.task.name!r} makes its own targets: it is for `exapt pretrain`, not finetune.")
    for pieces in (config.strategy, *also):
        combine(pieces)
    for piece in config.baselines or []:
        BASELINES.build(piece.name, **piece.options)


def _check_domain(target: Domain) -> None:
    """What can only be known with the data, before anything is trained."""
    if not len(target.fold.test):
        raise ConfigError(f"{target.table.source}: the split leaves no test rows, so nothing can be judged.")
    kind = target.task.kind
    primary = target.task.metrics()[0]
    fitting = [name for name in METRICS.names() if kind in METRICS.get(name).kinds]
    if primary not in fitting:
        raise ConfigError(
            f"task.primary: metric {primary!r} does not fit a target of kind {kind!r}. {nearest(primary, fitting)}"
        )


def train_arms(
    specs: Sequence[ArmSpec], config: RunConfig, target: Domain, source: Domain | None, work: Path, *, quiet: bool
) -> dict[str, list[SeedResult]]:
    """Every arm with every seed; arms that would train the same model share one training."""
    trained: dict[str, list[SeedResult]] = {}
    for number, spec in enumerate(specs):
        twin = next((other for other in specs[:number] if same_training(spec, other, config)), None)
        if twin is not None:
            trained[spec.name] = trained[twin.name]
            continue
        trained[spec.name] = [
            run_arm(config, spec, target, source, seed, work / "arms" / spec.name / str(seed), quiet=quiet)
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
    if config.controls == "none":
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


def write_run(
    config: RunConfig,
    domains: tuple[Domain, Domain | None],
    trained: Mapping[str, list[SeedResult]],
    baselines: Mapping[str, tuple[ArmResult, float]],
    files: Mapping[str, str],
    work: Path,
) -> dict[str, Any]:
    """Write every file of the run folder; returns the scores."""
    from exapt.api._run import write_model
    from exapt.data.leakage import audit
    from exapt.data.sampling import write as write_split
    from exapt.evaluate.compare import NOTHING, compare

    target, source = domains
    rows = target.fold.test
    results = {name: _arm_result(seeds) for name, seeds in trained.items()}
    results |= {f"baseline:{name}": result for name, (result, _) in baselines.items()}
    validation = {name: mean_valid(seeds) for name, seeds in trained.items()}
    validation |= {f"baseline:{name}": score for name, (_, score) in baselines.items()}
    audited = audit(target.table, target.fold, corpora=_corpora(config, source))
    judge = partial(
        compare,
        truth=truth(target.task, target.examples, rows),
        groups=target.groups(rows),
        kind=target.task.kind,
        task=config.task.name,
        seeds=config.seeds,
        audit=audited,
    )
    scores = judge(results, metrics=target.task.metrics(), validation=validation)
    if "scratch" in trained and trained["transfer"] is trained["scratch"]:
        scores["gain"]["vs_scratch"]["note"] = NOTHING
    others = {name: results[name] for name in trained if name not in ("transfer", "scratch", "frozen")}
    if others and "scratch" in results:
        primary = target.task.metrics()[:1]
        pairs = {name: {"transfer": other, "scratch": results["scratch"]} for name, other in others.items()}
        gains = {name: judge(pair, metrics=primary)["gain"]["vs_scratch"] for name, pair in pairs.items()}
        write_json(work / "gains.json", gains)
    best = best_seed(trained["transfer"])
    write_model(work, config, target, best)
    write_split([target.fold], target.table, work / "split.tsv")
    predictions_table(target, results, config).to_csv(work / "predictions.tsv", sep="\t", index=False)
    history_table(trained, config).to_csv(work / "history.tsv", sep="\t", index=False)
    write_json(work / "transfer.json", read_json(best.folder / "transfer.json"))
    write_json(work / "provenance.json", provenance(files, config.seeds))
    write_json(work / "audit.json", audited)
    write_json(work / "notes.json", [*target.notes, *target.loaded.report.lines()])
    write_json(work / "scores.json", scores)
    _write_pages(work)
    return scores


def _write_pages(work: Path) -> None:
    from exapt.report.page import write_report
    from exapt.report.run_card import write_run_card

    write_report(work)
    write_run_card(work)


def _arm_result(seeds: list[SeedResult]) -> ArmResult:
    from exapt.evaluate.compare import ArmResult

    seconds = float(np.mean([seed.seconds for seed in seeds]))
    return ArmResult([seed.test for seed in seeds], seconds, seeds[0].steps)


def _corpora(config: RunConfig, source: Domain | None) -> list[dict[str, Any]]:
    """What the model has seen beside the training rows: the corpus of the weights, and all source rows."""
    from exapt.data.leakage import sketch
    from exapt.models import hub

    weights = config.backbone.weights
    found = hub.read_sketch(weights) if weights is not None else None
    corpora = [found] if found is not None else []
    if source is not None:
        columns = {name: source.table.columns[name].modality for name in source.table.names("input")}
        corpora += [sketch(source.table.values(name), kind, limit=None) for name, kind in columns.items()]
    return corpora


def best_seed(results: list[SeedResult]) -> SeedResult:
    """The seed whose model is kept: the best on validation, the first one without validation."""
    scores = [result.valid_score for result in results]
    return results[0] if np.isnan(scores).any() else results[int(np.argmax(scores))]


def predictions_table(target: Domain, results: Mapping[str, ArmResult], config: RunConfig) -> pd.DataFrame:
    """Arm, seed, id, truth, group and the task's own columns, one row a test row, arm and seed."""
    task, rows = target.task, target.fold.test
    ids = [target.examples.ids[i] for i in rows]
    names = target.table.names("target")
    known: dict[str, NDArray[Any]] = {
        "truth" if len(names) == 1 else f"truth:{name}": target.table.frame[name].to_numpy()[rows] for name in names
    }
    parts = []
    for arm, result in results.items():
        for seed, decoded in zip(config.seeds, result.predictions, strict=True):
            frame = task.frame(np.asarray(decoded, dtype=np.float64), ids)
            for column, values in reversed(list(known.items())):
                frame.insert(1, column, values)
            frame.insert(0, "seed", seed)
            frame.insert(0, "arm", arm)
            if target.table.names("group"):
                frame["group"] = target.groups(rows)
            parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def history_table(trained: Mapping[str, list[SeedResult]], config: RunConfig) -> pd.DataFrame:
    """Arm, seed and the columns of each training's own history."""
    parts = []
    for arm, results in trained.items():
        for seed, result in zip(config.seeds, results, strict=True):
            frame = pd.read_csv(result.folder / "history.tsv", sep="\t")
            frame.insert(0, "seed", seed)
            frame.insert(0, "arm", arm)
            parts.append(frame)
    return pd.concat(parts, ignore_index=True)
