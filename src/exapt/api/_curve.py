"""What `compare` puts together: numbers of labels, points of the curve read from runs, cost, and labels saved."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.api._cells import Cells
from exapt.api._prepare import Cut
from exapt.core.errors import ConfigError
from exapt.core.paths import read_json
from exapt.core.registry import TASKS

FIGURES = ("learning_curve", "cost")
NO_INTERVAL = "cells were deleted, so the numbers of labels saved have no interval"
INTERVAL = "paired bootstrap over test groups and seeds, stretched to the interval of the gain over scratch"


@dataclass(frozen=True)
class Point:
    """One size: what its run folder says, and replicates of the primary metric.

    Attributes
    ----------
    scores
        scores.json.
    gains
        Strategy -> its gain over scratch, None without scratch.
    cost
        Arm -> fit_seconds, steps, trainable.
    validation
        Arm -> mean validation score over the seeds; NaN without validation.
    replicates
        Arm -> (R,); empty where cells were deleted.
    """

    scores: Mapping[str, Any]
    gains: Mapping[str, Any]
    cost: Mapping[str, Mapping[str, Any]]
    validation: Mapping[str, float]
    replicates: Mapping[str, NDArray[np.float64]]


def label_counts(
    cut: Cut, sizes: Sequence[float | int], seeds: Sequence[int]
) -> tuple[dict[float | int, float], list[str]]:
    """The number of training labels of each size, mean over seeds and folds, fewest first; and what is worth a note.

    Raises
    ------
    ConfigError
        Where there are fewer labels than a size asks for.
    """
    from exapt.data.sampling import subsample

    name = cut.table.names("target")[0]
    is_label = cut.table.columns[name].modality == "label"
    parts = [cut.table.frame[name].iloc[fold.train] for fold in cut.folds]
    notes, counts = [], {}
    for size in sizes:
        if isinstance(size, int):
            notes += _check_whole(size, parts, cut.table.source, is_label=is_label)
        drawn = [len(subsample(part.to_numpy(), size, seed, label=is_label)) for part in parts for seed in seeds]
        counts[size] = float(np.mean(drawn))
    return dict(sorted(counts.items(), key=lambda item: item[1])), notes


def _check_whole(size: int, parts: Sequence[pd.Series[Any]], source: str, *, is_label: bool) -> list[str]:
    """A whole number of labels is there: of some class in every fold, or in all; a note where classes have fewer."""
    if not is_label:
        most = min(int(part.notna().sum()) for part in parts)
        if size > most:
            raise ConfigError(f"{source}: size {size}: there are {most:,} training labels. Ask for fewer, or for 1.0.")
        return []
    table = pd.concat([part.value_counts() for part in parts], axis=1).fillna(0).min(axis=1).astype(int)
    if size > table.max():
        found = ", ".join(f"{name} {count:,}" for name, count in table.head(8).items())
        raise ConfigError(
            f"{source}: size {size}: no class has so many training labels ({found}). "
            "Ask for fewer labels a class, or for 1.0, which is all of them."
        )
    short = table[table < size]
    found = ", ".join(f"{name} {count:,}" for name, count in short.head(8).items())
    more = f" and {len(short) - 8} more" if len(short) > 8 else ""
    return [f"{size} labels a class: fewer are there of {found}{more}; all of these are used"] if len(short) else []


def read_point(run: Path, cells: Cells, first: str) -> Point:
    """One size of the curve, from its run folder and its cells; the transfer arm gets the name of its strategy."""
    scores = read_json(run / "scores.json")
    scores["arms"] = {_renamed(arm, first): values for arm, values in scores["arms"].items()}
    gains = read_json(run / "gains.json") if (run / "gains.json").is_file() else {}
    history = pd.read_csv(run / "history.tsv", sep="\t")
    cost, validation = {}, {}
    for arm, values in scores["arms"].items():
        cost[arm] = {"fit_seconds": values["fit_seconds"], "steps": values["steps"], "trainable": None}
    for name, rows in history.groupby("arm", sort=False):
        arm = _renamed(str(name), first)
        by_seed = rows.groupby("seed", sort=False)
        cost[arm]["trainable"] = round(float(by_seed["trainable"].max().mean()))
        kept = by_seed["valid_score"].max() if cells.config.training.keep == "best" else by_seed["valid_score"].last()
        validation[arm] = float(kept.mean(skipna=False))
    return Point(scores, {first: scores["gain"]["vs_scratch"], **gains}, cost, validation, _replicates(cells, first))


def _renamed(arm: str, first: str) -> str:
    return first if arm == "transfer" else arm


def _replicates(cells: Cells, first: str) -> dict[str, NDArray[np.float64]]:
    """Bootstrap replicates of the primary metric of all trained arms, paired over arms and sizes."""
    from exapt.api.finetuning import test_groups
    from exapt.evaluate.learning_curve import resampled

    found = {_renamed(spec.name, first): cells.predictions(spec) for spec in cells.specs if spec.name != "frozen"}
    known = {arm: predictions for arm, predictions in found.items() if predictions is not None}
    if "scratch" not in known or len(known) < len(found):
        return {}
    table, truth = cells.cut.table, []
    for fold in cells.cut.folds:
        task: Any = TASKS.build(cells.config.task.name, **cells.config.task.options)
        task.fit(table.take(fold.train))
        truth.append(task.truth({name: values[fold.test] for name, values in task.targets(table).items()}))
    return resampled(known, np.concatenate(truth), test_groups(cells.cut), metric=task.metrics()[0], kind=task.kind)


def assemble(curve: Mapping[str, Any], points: Sequence[Point]) -> dict[str, Any]:
    """All of `curve.json`: what is known of the sizes, and the points by arm."""
    from exapt.evaluate.learning_curve import ArmCurve, catch_up, headline, sentence

    metric, strategies = points[-1].scores["primary_metric"], list(curve["strategies"])
    other = {name for point in points for name in point.gains} - set(strategies)  # of an earlier call
    arms = [arm for arm in points[-1].scores["arms"] if arm not in other]
    none = {"value": None, "low": None, "high": None}
    scores = {arm: [point.scores["arms"].get(arm, {}).get(metric, none) for point in points] for arm in arms}
    nothing = {"fit_seconds": None, "steps": None, "trainable": None}
    higher = bool(points[-1].scores["higher_is_better"])
    resampled = all(point.replicates for point in points)

    def of(arm: str) -> ArmCurve:
        values = np.array([entry["value"] for entry in scores[arm]], dtype=np.float64)
        drawn = np.stack([point.replicates[arm] for point in points]) if resampled else np.empty((len(values), 0))
        return ArmCurve(values, drawn)

    caught = {}
    if "scratch" in scores:
        caught = {
            name: catch_up(
                curve["labels"], of(name), of("scratch"), [p.gains.get(name) for p in points], higher_is_better=higher
            )
            for name in strategies
        }
    baseline = points[-1].scores["gain"]["vs_best_baseline"]
    found: dict[str, Any] = {
        **curve,
        "metric": metric,
        "higher_is_better": higher,
        "arms": scores,
        "verdicts": {name: [point.gains.get(name) for point in points] for name in strategies},
        "catch_up": caught,
        "catch_up_interval": INTERVAL if caught and resampled else None,
        "cost": {arm: [dict(point.cost.get(arm, nothing)) for point in points] for arm in arms},
        "best": [_best(point.validation, strategies) for point in points],
        "best_baseline": baseline["arm"] if baseline else None,
        "notes": [*curve["notes"], *([] if resampled or not caught else [NO_INTERVAL])],
    }
    found["headline"] = headline(found)
    return {**found, "sentence": sentence(found)}


def _best(validation: Mapping[str, float], strategies: Sequence[str]) -> str | None:
    """The strategy with the best validation score; None where there is no validation part, as with few labels."""
    known = {name: validation[name] for name in strategies if np.isfinite(validation.get(name, np.nan))}
    return max(known, key=known.__getitem__) if len(known) == len(strategies) else None


def size_name(size: float | int, *, per_class: bool) -> str:
    """A size in words.

    Examples
    --------
    >>> size_name(5, per_class=True), size_name(1, per_class=False), size_name(0.1, per_class=True)
    ('5 labels a class', '1 label', '10 % of the labels')
    """
    if isinstance(size, int):
        return f"{size} label{'s' if size != 1 else ''}{' a class' if per_class else ''}"
    return f"{100 * size:g} % of the labels"


def copy_figures(run: Path, output: Path) -> None:
    """The figures of the comparison, as the report of a run has them, beside the curve."""
    for name in FIGURES:
        made = run / "figures" / f"{name}.svg"
        if made.is_file():
            shutil.copyfile(made, output / made.name)
        else:  # a curve needs two sizes
            (output / made.name).unlink(missing_ok=True)
