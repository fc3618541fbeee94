"""Compare the arms of a run: scores with intervals, gains with verdicts, one sentence.

A gain is always oriented so that positive means that the transfer is better. For an error or a loss
(`higher_is_better` false) it is therefore how much *lower* the transfer's error is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import ConfigError, DataError, nearest
from exapt.core.registry import METRICS
from exapt.evaluate.intervals import FEWEST_GROUPS, Interval, groups_needed, summary, verdict
from exapt.evaluate.metrics._metric import Kind, Metric, find
from exapt.evaluate.resampling import REPLICATES, Resampling, SeedScores, score

FORMAT_VERSION = 1
AUDIT = ("exact_duplicates", "near_duplicates", "pretraining_overlap", "verdict")
NOTHING = "nothing was transferred: no weights and no source data were given"
BASELINE = "baseline:"
WITHOUT = "without:"  # and an input column: the transfer without the weights of its backbone
THE_HEAD = "the same head on random weights gains about as much, so it is not shown that the weights help"
TOO_LITTLE = "too little data to tell"
SMALLEST = 0.02  # of the width of the metric's bounds (without bounds, of the other arm's score): of interest
CHOSEN_ON_TEST = "best baseline chosen on the test rows, so this comparison is conservative"


@dataclass(frozen=True)
class ArmResult:
    """What one arm left.

    Parameters
    ----------
    predictions
        One array a seed, of the same test rows: (n, C) probabilities, or values (n,) or (n, T). A method without
        randomness gives one array, which is compared with every seed of the others.
    fit_seconds
        Mean seconds of one training.
    steps
        Optimiser steps of one training; 0 where there are none.
    """

    predictions: Sequence[ArrayLike]
    fit_seconds: float
    steps: int


def compare(  # noqa: PLR0913 - two arguments, the rest by keyword
    arms: Mapping[str, ArmResult],
    truth: ArrayLike,
    *,
    task: str,
    kind: Kind,
    metrics: Sequence[str],
    seeds: Sequence[int],
    groups: Sequence[Any] | NDArray[Any] | None = None,
    validation: Mapping[str, float] | None = None,
    audit: Mapping[str, Any] | None = None,
    replicates: int = REPLICATES,
) -> dict[str, Any]:
    """Score all arms on the same rows and replicates.

    Parameters
    ----------
    arms
        By name: ``"transfer"``, ``"scratch"``, ``"frozen"``, ``"random"`` (the transfer's own strategy on random
        weights), ``"without:<column>"`` (without the weights of one of several columns) and ``"baseline:<name>"``.
        The transfer has helped only if it beats ``"random"`` too, where it ran.
    truth
        (n,) classes or values, or (n, T); missing = NaN or a negative class. Rows without any truth are left out.
    task
        Name of the task, for the record.
    kind
        What the target is.
    metrics
        Names, the primary one first.
    seeds
        The seeds of the trained arms.
    groups
        (n,) resampling unit of each row (homology cluster, scaffold, donor). None = every row by itself. A row that
        was tested more than once (repeated splits) stands there more than once, each time with the same group; where
        rows have no group, its own number is its group.
    validation
        Arm -> its primary metric on the validation rows, higher = better (errors turned round). It decides which
        baseline is the best one. Where no baseline has a number, the test rows decide, and a note says so.
    audit
        The leakage audit; only its four keys of `scores.json` are kept, None where one is unknown.
    replicates
        At least 1,000.

    Returns
    -------
    dict
        The object of `scores.json`, ready for JSON: what is undefined is None. A gain that was not measured is
        None. A gain has ``"groups"``, how many test groups it rests on, and ``"groups_needed"``, how many would find
        such a difference four times in five (None = unknown, see `groups_needed`). With fewer than six groups its
        verdict is "no evidence" and its ``"note"`` says that the data are too little to tell; other warnings are
        notes too. ``"vs_best_baseline"`` has ``"arm"``.

    Raises
    ------
    ConfigError
        Where a metric is unknown or does not fit the kind of target.
    DataError
        Where the predictions do not fit the truth, or there is nothing to score.
    """
    chosen = _metrics(metrics, kind)
    known = _known(np.asarray(truth), kind)
    rows = np.arange(len(known)) if groups is None else np.asarray(groups, dtype=object)
    _check(arms, known, rows)
    true = np.asarray(truth)[known]
    draws = Resampling.over(rows[known], replicates=replicates)
    scored = _score(arms, true, known, chosen, draws)
    return {
        "format_version": FORMAT_VERSION,
        "task": task,
        "primary_metric": metrics[0],
        "higher_is_better": chosen[0].higher_is_better,
        "n_test": int(known.sum()),
        "n_groups": draws.n_groups,
        "seeds": [int(seed) for seed in seeds],
        "arms": {
            name: {
                **{metric.name: _plain(summary(scored[name, metric.name], draws, metric.bounds)) for metric in chosen},
                "fit_seconds": float(arm.fit_seconds),
                "steps": int(arm.steps),
            }
            for name, arm in arms.items()
        },
        "gain": _gains({name: scored[name, metrics[0]] for name in arms}, chosen[0], draws, validation or {}),
        "audit": {key: (audit or {}).get(key) for key in AUDIT},
    }


def _metrics(names: Sequence[str], kind: Kind) -> list[Metric]:
    if not names:
        raise ConfigError("No metric was named; the first one is the primary metric.")
    chosen = [find(name) for name in names]
    wrong = [metric.name for metric in chosen if kind not in metric.kinds]
    if wrong:
        fitting = [name for name in METRICS.names() if kind in find(name).kinds]
        raise ConfigError(f"Metric {wrong[0]!r} does not fit a target of kind {kind!r}. {nearest(wrong[0], fitting)}")
    return chosen


def _known(truth: NDArray[Any], kind: Kind) -> NDArray[np.bool_]:
    present: NDArray[np.bool_] = np.isfinite(truth)
    if truth.ndim == 2:
        return np.asarray(present.any(1), dtype=np.bool_)
    return present if kind == "number" else present & (truth >= 0)


def _check(arms: Mapping[str, ArmResult], known: NDArray[np.bool_], groups: NDArray[Any]) -> None:
    if len(groups) != len(known):
        raise DataError(f"{len(groups)} groups for {len(known)} test rows; every row needs one.")
    for name, arm in arms.items():
        if not len(arm.predictions):
            raise DataError(f"Arm {name!r} has no predictions.")
        for prediction in arm.predictions:
            if len(np.asarray(prediction)) != len(known):
                raise DataError(
                    f"Arm {name!r} predicts {len(np.asarray(prediction))} rows; the test part has {len(known)}."
                )


def _score(
    arms: Mapping[str, ArmResult],
    truth: NDArray[Any],
    known: NDArray[np.bool_],
    metrics: Sequence[Metric],
    draws: Resampling,
) -> dict[tuple[str, str], SeedScores]:
    predictions = {name: [np.asarray(one)[known] for one in arm.predictions] for name, arm in arms.items()}
    keys = [(name, metric) for name in arms for metric in metrics]
    scored = score([(metric, predictions[name]) for name, metric in keys], truth, draws)
    return {(name, metric.name): result for (name, metric), result in zip(keys, scored, strict=True)}


def _gains(
    primary: Mapping[str, SeedScores], metric: Metric, draws: Resampling, validation: Mapping[str, float]
) -> dict[str, Any]:
    gains: dict[str, Any] = {"vs_scratch": None, "vs_best_baseline": None}
    if "transfer" not in primary:
        return gains
    transfer = primary["transfer"]
    if "scratch" in primary:
        gains["vs_scratch"] = _gain(transfer, primary["scratch"], metric, draws)
    if "random" in primary:
        gains["vs_random"] = _gain(transfer, primary["random"], metric, draws)
        _require(gains["vs_random"], gains["vs_scratch"])
    for name in [name for name in primary if name.startswith(WITHOUT)]:
        gains[f"vs_{name}"] = _gain(transfer, primary[name], metric, draws)
    best, chosen_on_test = best_baseline(primary, metric, validation)
    if best is not None:
        gain = _gain(transfer, primary[best], metric, draws, *([CHOSEN_ON_TEST] if chosen_on_test else []))
        gains["vs_best_baseline"] = {"arm": best, **gain}
    return gains


def _require(random: Mapping[str, Any], scratch: dict[str, Any] | None) -> None:
    """What random weights with the same head gain too was not transferred."""
    if scratch is not None and scratch["verdict"] == "helped" and random["verdict"] != "helped":
        scratch["verdict"] = "no evidence"
        scratch["note"] = "; ".join(filter(None, (scratch.get("note"), THE_HEAD)))


def best_baseline(
    primary: Mapping[str, SeedScores], metric: Metric, validation: Mapping[str, float]
) -> tuple[str | None, bool]:
    """The baseline that the transfer has to beat.

    Returns
    -------
    name
        The best on validation; None where no baseline ran.
    chosen_on_test
        True where no baseline has a validation score, so that the test rows had to decide.
    """
    names = [name for name in primary if name.startswith(BASELINE)]
    if not names:
        return None, False
    judged = {name: validation[name] for name in names if np.isfinite(validation.get(name, np.nan))}
    if judged:
        return max(judged, key=judged.__getitem__), False
    values = np.array([metric.sign * primary[name].values.mean() for name in names])
    return names[int(np.argmax(np.where(np.isnan(values), -np.inf, values)))], True


def _gain(arm: SeedScores, other: SeedScores, metric: Metric, draws: Resampling, *notes: str) -> dict[str, Any]:
    gain = arm.minus(other).times(metric.sign)
    width = metric.bounds[1] - metric.bounds[0]
    smallest = SMALLEST * float(width if np.isfinite(width) else abs(other.values.mean()))
    found, groups = summary(gain, draws), draws.n_groups
    entry: dict[str, Any] = {"groups": groups, "groups_needed": groups_needed(gain, draws, smallest)}
    few = _too_little(entry)
    said = [few, *notes] if few else [*notes]
    if undefined := gain.undefined():
        said.append(f"{undefined} of {draws.replicates} replicates leave the metric undefined and were left out")
    if not few and not np.isfinite(found.low):
        said.append("without one of the groups the metric is undefined, so there is no interval")
    given = {"note": "; ".join(said)} if said else {}
    return {**_plain(found), "verdict": "no evidence" if few else verdict(found), **entry, **given}


def _plain(found: Interval) -> dict[str, float | None]:
    values = {"value": found.value, "low": found.low, "high": found.high}
    return {key: value if np.isfinite(value) else None for key, value in values.items()}


def sentence(scores: Mapping[str, Any]) -> str:
    """Say the result of a comparison in one sentence; a hurt verdict is in capitals, too few groups come first.

    Parameters
    ----------
    scores
        The object of `scores.json`.
    """
    metric = find(scores["primary_metric"])
    arms, gain = scores["arms"], scores["gain"]

    def number(value: float | None, sign: str = "", digits: int = 3) -> str:
        if value is None:
            return "undefined"
        return f"{value:{sign}.{digits}f}" if np.isfinite(metric.bounds).all() else f"{value:{sign}.{digits}g}"

    def span(entry: Mapping[str, Any]) -> str:
        return f"[{number(entry['low'], digits=2)}, {number(entry['high'], digits=2)}]"

    def change(entry: Mapping[str, Any]) -> str:
        return f"{number(entry['value'], '+')} {span(entry)}"

    def beside(arm: str, key: str, words: str, end: str = "") -> str:
        return f"{words} {number(arms[arm][metric.name]['value'])} ({change(gain[key])}{end})"

    transfer = arms["transfer"][metric.name]
    text = f"{metric.label} {number(transfer['value'])} {span(transfer)}"
    scratch, random, baseline = (gain.get(f"vs_{name}") for name in ("scratch", "random", "best_baseline"))
    if scratch is not None and not _nothing(scratch):
        text += beside("scratch", "vs_scratch", ", from scratch")
    if random is not None:
        text += beside("random", "vs_random", f", the same {'head' if scratch else 'training'} on random weights")
    for arm in filter(lambda name: name.startswith(WITHOUT), arms):
        said = f", {_ENDINGS_OF_WEIGHTS[gain[f'vs_{arm}']['verdict']]}"
        text += beside(arm, f"vs_{arm}", f", without the weights for {arm.removeprefix(WITHOUT)}", said)
    if baseline is not None:
        name = baseline["arm"].removeprefix(BASELINE).replace("_", " ")
        text += beside(
            baseline["arm"], "vs_best_baseline", f"; best baseline {name}", f", {_ENDINGS[baseline['verdict']]}"
        )
    entries = [entry for entry in (scratch or random, baseline) if entry]
    return _opening(scratch or random) + text + _end(metric, entries)


def _end(metric: Metric, entries: Sequence[Mapping[str, Any]]) -> str:
    turned = " (a gain of + means a lower error)" if entries and not metric.higher_is_better else ""
    notes = dict.fromkeys(filter(None, map(_other_notes, entries)))
    return turned + "." + "".join(f" Note: {note}." for note in notes)


def _nothing(gain: Mapping[str, Any]) -> bool:
    return str(gain.get("note", "")).startswith(NOTHING)


def _opening(control: Mapping[str, Any] | None) -> str:
    if control is None:
        return "Transfer without a control from scratch: "
    if _nothing(control):
        return "Nothing was transferred, the network was trained from scratch: "
    few = _too_little(control)
    return f"{few.capitalize()}. Transfer: " if few else _OPENINGS[control["verdict"]]


def _too_little(gain: Mapping[str, Any]) -> str | None:
    """What is said of a gain over too few groups."""
    groups, needed = gain.get("groups"), gain.get("groups_needed")
    if groups is None or groups >= FEWEST_GROUPS:
        return None
    enough = f"at least {FEWEST_GROUPS}" if needed is None else f"about {needed}"
    return f"{TOO_LITTLE}: {groups} group{'s'[: groups > 1]}; {enough} would be needed"


def _other_notes(gain: Mapping[str, Any]) -> str:
    """The note of a gain without what the opening of the sentence says already."""
    note: str = gain.get("note", "")
    return note.removeprefix(NOTHING).removeprefix(_too_little(gain) or "").removeprefix("; ")


_OPENINGS = {
    "helped": "Transfer helped: ",
    "hurt": "TRANSFER HURT: ",
    "no evidence": "No evidence that the transfer helped: ",
}
_ENDINGS_OF_WEIGHTS = {"helped": "they helped", "hurt": "THEY HURT", "no evidence": "no evidence that they helped"}
_ENDINGS = {"helped": "better", "hurt": "WORSE THAN THE BASELINE", "no evidence": "no evidence"}


def table(scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row an arm for printing: arm, primary metric, low, high, the other metrics, fit_seconds, steps.

    Parameters
    ----------
    scores
        The object of `scores.json`.
    """
    primary = scores["primary_metric"]
    rows = []
    for name, arm in scores["arms"].items():
        others = {key: entry["value"] for key, entry in arm.items() if isinstance(entry, Mapping) and key != primary}
        rows.append(
            {
                "arm": name,
                primary: arm[primary]["value"],
                "low": arm[primary]["low"],
                "high": arm[primary]["high"],
                **others,
                "fit_seconds": arm["fit_seconds"],
                "steps": arm["steps"],
            }
        )
    return rows
