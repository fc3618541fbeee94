"""`finetune`: train the transfer and its controls on the same rows, and say whether the transfer helped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.api._arms import CONTROLS, SeedResult, arms, folder_of, with_source
from exapt.api._folds import FoldResult, joined_arms, joined_validation, run_fold, validation_scores
from exapt.api._prepare import (
    Cut,
    Domain,
    check_names,
    cut_data,
    load_data,
    output_names,
    prepare_domain,
    prepare_source,
)
from exapt.api._work import ARMS, alone, close_work, open_work, refuse_output, tidy, training_key
from exapt.core.config import Piece, RunConfig
from exapt.core.contracts import Rows, Task
from exapt.core.errors import ConfigError, DataError, nearest
from exapt.core.paths import read_json, storage_errors, write_json
from exapt.core.provenance import provenance
from exapt.core.registry import BASELINES, METRICS, TASKS

if TYPE_CHECKING:
    from exapt.data.leakage import Evidence
    from exapt.evaluate.compare import ArmResult


def finetune(
    config: RunConfig,
    run: Path,
    *,
    also: Sequence[tuple[Piece, ...]] = (),
    cells: Path | None = None,
    force: bool = False,
    quiet: bool = False,
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
    cells
        Where finished trainings are kept and looked for, so that another call need not repeat them; None = in the
        unfinished run only.
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
    joint = with_source(specs)
    if joint and config.source is None:
        raise ConfigError(
            f"strategy {', '.join(joint)!r} trains on source data too; add `source: DATA` to the configuration."
        )
    cut = cut_data(load_data(config.data), config.split)
    source = load_data(config.source) if joint and config.source is not None else None
    files = cut.loaded.files | (source.files if source else {})
    with storage_errors(run), alone(run), tidy(run):
        folds: list[FoldResult] = []
        for number, fold in enumerate(cut.folds):
            target = prepare_domain(config, cut, fold)
            _check_domain(target)
            beside = prepare_source(config, source, target.encoders) if source is not None else None
            if not number:
                work, first = open_work(config, run, files, force=force), (target, beside)
            elif target.task.classes != first[0].task.classes:
                raise DataError(f"{cut.table.source}: not every fold has all labels in training. Ask for fewer folds.")
            kept = work / ARMS if cells is None else cells / training_key(config, files)
            place = kept / (f"fold_{number + 1}" if len(cut.folds) > 1 else "")
            name_of = attrgetter("name") if cells is None else folder_of
            folds.append(run_fold(specs, config, (target, beside), place, name_of=name_of, quiet=quiet))
        scores = write_run(config, cut, first, folds, files, work)
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


def write_run(
    config: RunConfig,
    cut: Cut,
    first: tuple[Domain, Domain | None],
    folds: Sequence[FoldResult],
    files: Mapping[str, str],
    work: Path,
) -> dict[str, Any]:
    """Write every file of the run folder; returns the scores.

    All test rows are judged together; the model that is kept is that of the first fold.
    """
    from exapt.api._audit import audit_cut
    from exapt.api._molecules import write_molecules
    from exapt.api._neighbours import write_neighbours
    from exapt.api._run import RULES, write_model
    from exapt.data.sampling import write as write_split
    from exapt.evaluate.abstention import fit_rules
    from exapt.evaluate.compare import NOTHING, compare

    target, source = first
    results, trained = joined_arms(folds), folds[0].trained
    evidence, audited = audit_cut(cut, corpora_of(config, source))
    judge = partial(
        compare,
        truth=np.concatenate([fold.truth for fold in folds]),
        groups=test_groups(cut),
        kind=target.task.kind,
        task=config.task.name,
        seeds=config.seeds,
        audit=audited,
    )
    scores = judge(results, metrics=target.task.metrics(), validation=validation_scores(folds))
    if "scratch" in trained and trained["transfer"] is trained["scratch"]:
        scores["gain"]["vs_scratch"]["note"] = NOTHING
    scores["detail"] = detail_of(target.task, cut, folds, results, evidence)
    others = {name: results[name] for name in trained if name not in ("transfer", *CONTROLS)}
    if others and "scratch" in results:
        primary = target.task.metrics()[:1]
        pairs = {name: {"transfer": other, "scratch": results["scratch"]} for name, other in others.items()}
        gains = {name: judge(pair, metrics=primary)["gain"]["vs_scratch"] for name, pair in pairs.items()}
        write_json(work / "gains.json", gains)
    number = best_seed(trained["transfer"])
    best, valid_truth = trained["transfer"][number], folds[0].valid_truth[number]
    write_model(work, config, target, best)
    write_neighbours(work, target.table, target.fold.train)
    if len(valid_truth):
        write_json(work / RULES, fit_rules(valid_truth, best.valid, target.task.kind))
    write_split(cut.folds, cut.table, work / "split.tsv")
    predicted = predictions_table(cut, target.task, results, config)
    predicted.to_csv(work / "predictions.tsv", sep="\t", index=False)
    history_table(folds, config).to_csv(work / "history.tsv", sep="\t", index=False)
    write_json(work / "transfer.json", read_json(best.folder / "transfer.json"))
    write_json(work / "provenance.json", provenance(files, config.seeds))
    write_json(work / "audit.json", audited)
    write_json(work / "notes.json", [*target.notes, *target.loaded.report.lines()])
    if len(rejected := target.loaded.report.rejected):
        rejected.to_csv(work / "rejected.tsv", sep="\t", index=False)
    write_json(work / "scores.json", scores)
    near = evidence[0].nearest
    write_molecules(work, cut.table, cut.folds[0], near.similarity if near else None)
    _write_pages(work)
    return scores


def _write_pages(work: Path) -> None:
    from exapt.report.page import write_report
    from exapt.report.run_card import write_run_card

    write_report(work)
    write_run_card(work)


def corpora_of(config: RunConfig, source: Domain | None) -> list[dict[str, Any]]:
    """What the model has seen beside the training rows: the corpus of the weights, and all source rows."""
    from exapt.data.leakage import sketch
    from exapt.models import hub

    found = [hub.read_sketch(weights) for weights in config.weights().values()]
    corpora = [one for one in found if one is not None]
    if source is not None:
        columns = {name: source.table.columns[name].modality for name in source.table.names("input")}
        corpora += [sketch(source.table.values(name), kind) for name, kind in columns.items()]
    return corpora


def best_seed(results: Sequence[SeedResult]) -> int:
    """Which seed's model is kept: the best on validation, the first one without validation."""
    scores = [result.valid_score for result in results]
    return 0 if np.isnan(scores).any() else int(np.argmax(scores))


def detail_of(
    task: Task,
    cut: Cut,
    folds: Sequence[FoldResult],
    results: Mapping[str, ArmResult],
    evidence: Sequence[Evidence],
) -> dict[str, Any]:
    """Scores by similarity, calibration, abstention and groups of the transfer, beside scratch where it ran.

    Nothing for a task that labels positions.
    """
    from exapt.evaluate.detail import details

    if task.needs == "tokens":
        return {}
    shown = [name for name in ("transfer", "scratch") if name in results]
    found = [one.nearest for one in evidence]
    known = all(one is not None for one in found)
    return details(
        np.concatenate([fold.truth for fold in folds]),
        {name: results[name].predictions for name in shown},
        kind=task.kind,
        classes=output_names(task, cut.table.names("target")),
        metric=task.metrics()[0],
        groups=test_groups(cut),
        similarity=np.concatenate([one.similarity for one in found if one]) if known else None,
        measure=found[0].measure if found[0] else "similarity",
        valid=joined_validation(folds, "transfer"),
    )


def test_rows(cut: Cut) -> Rows:
    """The test rows of all folds, end to end."""
    return np.concatenate([fold.test for fold in cut.folds])


def test_groups(cut: Cut) -> NDArray[Any]:
    """The resampling unit of each test row: its group, or the row itself, which may be tested more than once."""
    rows, names = test_rows(cut), cut.table.names("group")
    return cut.table.frame[names[0]].to_numpy()[rows] if names else rows


def predictions_table(cut: Cut, task: Task, results: Mapping[str, ArmResult], config: RunConfig) -> pd.DataFrame:
    """Arm, seed, id, truth, group, fold and the task's own columns, one row a test row, arm and seed."""
    table, rows = cut.table, test_rows(cut)
    ids = [table.ids()[i] for i in rows]
    names = table.names("target")
    known: dict[str, NDArray[Any]] = {
        "truth" if len(names) == 1 else f"truth:{name}": table.frame[name].to_numpy()[rows] for name in names
    }
    parts = []
    for arm, result in results.items():
        for seed, decoded in zip(config.seeds, result.predictions, strict=True):
            frame = task.frame(np.asarray(decoded, dtype=np.float64), ids)
            for column, values in reversed(list(known.items())):
                frame.insert(1, column, values)
            frame.insert(0, "seed", seed)
            frame.insert(0, "arm", arm)
            if table.names("group"):
                frame["group"] = test_groups(cut)
            if len(cut.folds) > 1:
                frame["fold"] = np.repeat(np.arange(len(cut.folds)) + 1, [len(fold.test) for fold in cut.folds])
            parts.append(frame)
    return pd.concat(parts, ignore_index=True)


def history_table(folds: Sequence[FoldResult], config: RunConfig) -> pd.DataFrame:
    """Arm, seed and the columns of each training's own history, of the first fold."""
    parts = []
    for arm, results in folds[0].trained.items():
        for seed, result in zip(config.seeds, results, strict=True):
            frame = pd.read_csv(result.folder / "history.tsv", sep="\t")
            frame.insert(0, "seed", seed)
            frame.insert(0, "arm", arm)
            parts.append(frame)
    return pd.concat(parts, ignore_index=True)
