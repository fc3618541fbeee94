"""Learning curves: how many labels training from scratch needs for what a strategy reaches with few.

Scratch is measured at some numbers of labels. Between two of them its score is taken to rise linearly with the
logarithm of the number; where it falls, the best score so far counts (a monotone envelope), which favours scratch.
Nothing is said about numbers outside what was measured: there scratch needs "fewer" or "never" gets there.

Intervals are percentiles over bootstrap replicates. A replicate resamples test groups and seeds, the same for every
arm and every number of labels, and moves both curves, so what shifts them together does not widen the interval. The
deviations of the replicates are stretched until the gain over scratch at that number of labels has the interval that
its verdict comes from (`exapt.evaluate.intervals` says why a plain bootstrap is too short). So where no gain can be
told, no saving is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.evaluate.compare import _known as known_rows
from exapt.evaluate.metrics._metric import Kind, find
from exapt.evaluate.resampling import Resampling, SeedScores, score

Floats = NDArray[np.float64]
Reached = Literal["within", "fewer", "never", "unknown"]

TAILS = (0.025, 0.975)


@dataclass(frozen=True)
class ArmCurve:
    """The scores of one arm by number of labels.

    Attributes
    ----------
    scores
        (K,), NaN where undefined.
    replicates
        (K, R): the same for R bootstrap replicates, shared by all arms; (K, 0) = no interval.
    """

    scores: Floats
    replicates: Floats = field(default_factory=lambda: np.empty((0, 0)))


def labels_needed(
    labels: Sequence[float], scores: Sequence[float | None], target: float, *, higher_is_better: bool
) -> float | None:
    """The number of labels at which a learning curve reaches a score.

    Parameters
    ----------
    labels
        (K,) numbers of labels that were measured, at least 1, in any order.
    scores
        (K,) the score with each; None or NaN where undefined.
    target
        The score to be reached.
    higher_is_better
        False for errors and losses.

    Returns
    -------
    float or None
        Between the fewest and the most labels; None where it lies outside them.

    Examples
    --------
    >>> round(labels_needed([10, 100], [0.5, 0.7], 0.6, higher_is_better=True), 1)
    31.6
    >>> labels_needed([10, 100], [0.5, 0.7], 0.8, higher_is_better=True) is None
    True
    """
    order = np.argsort(np.asarray(labels, dtype=np.float64), kind="stable")
    sign = 1.0 if higher_is_better else -1.0
    values = sign * np.array(scores, dtype=np.float64)[order]
    found = _needed(np.asarray(labels, dtype=np.float64)[order], values[:, None], np.array([sign * target]))[0]
    return float(found) if 0 < found < np.inf else None


def _needed(labels: Floats, curves: Floats, targets: Floats) -> Floats:
    """Labels at which each of R curves (K, R) reaches its target (R,): 0 = fewer than measured, inf = never.

    Labels ascend, higher scores are better. NaN where a target or a whole curve is undefined.
    """
    envelope = np.fmax.accumulate(curves, axis=0)
    reached = envelope >= targets
    after, which = reached.argmax(0), np.arange(len(targets))
    before = np.maximum(after - 1, 0)
    low, high = envelope[before, which], envelope[after, which]
    rise = high - low
    share = np.divide(targets - low, rise, out=np.ones_like(rise), where=np.isfinite(rise) & (rise > 0))
    found = labels[before] * (labels[after] / labels[before]) ** share
    found = np.where(((after == 0) | np.isnan(low)) & (high > targets), 0.0, found)
    found = np.where(reached.any(0), found, np.inf)
    return np.where(np.isfinite(targets) & np.isfinite(envelope[-1]), found, np.nan)


def catch_up(
    labels: Sequence[float],
    strategy: ArmCurve,
    scratch: ArmCurve,
    gains: Sequence[Mapping[str, Any] | None],
    *,
    higher_is_better: bool,
) -> list[dict[str, Any]]:
    """For every number of labels: how many scratch needs for the same score, and how many the strategy saves.

    Parameters
    ----------
    labels
        (K,) numbers of labels, ascending.
    strategy, scratch
        Their scores with each.
    gains
        (K,) the gain of the strategy over scratch with each: `low` and `high`, None where there is no interval.
    higher_is_better
        False for errors and losses.

    Returns
    -------
    list of dict
        One a number of labels: `reached` (within, fewer, never: where scratch gets to this score; unknown where a score
        is undefined), and `needs`, `saved` (needs - labels) and `factor` (needs / labels), each with `value`, `low`,
        `high`. `value` is None outside of what was measured; `low` None means that no number is known which it
        exceeds, `high` None that none is known which it stays below.

    Examples
    --------
    >>> curves = [ArmCurve(np.array(scores)) for scores in ([0.6, 0.7], [0.5, 0.7])]
    >>> few, many = catch_up([10, 100], *curves, [None, None], higher_is_better=True)
    >>> few["reached"], round(few["saved"]["value"], 1), many["saved"]["value"]
    ('within', 21.6, 0.0)
    """
    counts, sign = np.asarray(labels, dtype=np.float64), 1.0 if higher_is_better else -1.0
    found = []
    for position, count in enumerate(counts.tolist()):
        value = _needed(counts, sign * scratch.scores[:, None], sign * strategy.scores[position : position + 1])[0]
        targets, curves = _stretched(strategy, scratch, position, gains[position], sign)
        needs = _measured(value, _ends(_needed(counts, curves, targets)), counts)
        found.append(
            {
                "reached": _word(value),
                "needs": needs,
                "saved": {key: None if one is None else one - count for key, one in needs.items()},
                "factor": {key: None if one is None else one / count for key, one in needs.items()},
            }
        )
    return found


def _stretched(
    strategy: ArmCurve, scratch: ArmCurve, position: int, gain: Mapping[str, Any] | None, sign: float
) -> tuple[Floats, Floats]:
    """Replicates of the strategy's score (R,) and of scratch's curve (K, R), as the docstring of this module says.

    Times the sign, so that higher is better. Each tail of the gain has its own factor.
    """
    none = np.empty(0), np.empty((len(scratch.scores), 0))
    if not (strategy.replicates.size and scratch.replicates.size) or gain is None or gain["low"] is None:
        return none
    target, curve = sign * strategy.replicates[position], sign * scratch.replicates
    known = np.isfinite(target) & np.isfinite(curve[position])
    if not known.any():
        return none
    target, curve = target[known], curve[:, known]
    target = target - target.mean()
    curve = curve - np.nanmean(curve, axis=1, keepdims=True)
    apart = target - curve[position]
    low, high = np.quantile(apart, TAILS)
    below = (gain["value"] - gain["low"]) / -low if low < 0 else 1.0
    above = (gain["high"] - gain["value"]) / high if high > 0 else 1.0
    factor = np.where(apart < 0, below, above)
    return sign * strategy.scores[position] + factor * target, sign * scratch.scores[:, None] + factor * curve


def _ends(replicates: Floats) -> tuple[float, float]:
    """2.5 and 97.5 percentile; a rule that never averages, because some replicates are 0 or infinite."""
    known = replicates[~np.isnan(replicates)]
    if not len(known):
        return np.nan, np.nan
    low, high = np.quantile(known, TAILS, method="inverted_cdf")
    return float(low), float(high)


def _measured(value: float, ends: tuple[float, float], labels: Floats) -> dict[str, float | None]:
    """What can be said with the numbers that were measured: beyond the most labels, only that there are more."""
    low, high = ends
    return {
        "value": float(value) if 0 < value < np.inf else None,
        "low": None if np.isnan(low) or low <= 0 else float(min(low, labels[-1])),
        "high": None if np.isnan(high) or high == np.inf else float(max(high, labels[0])),
    }


def _word(value: float) -> Reached:
    if np.isnan(value):
        return "unknown"
    return "never" if value == np.inf else "fewer" if value <= 0 else "within"


def headline(curve: Mapping[str, Any]) -> dict[str, Any] | None:
    """The result that is told first: `strategy` and `position` in `sizes`; None where none was better than scratch.

    It is the smallest size at which a strategy helped; where several did, the one that was best on validation data,
    else the first that was asked for, never the one with the best test score.

    Parameters
    ----------
    curve
        The object of `curve.json`.
    """
    for position in range(len(curve["sizes"])):
        gains = {name: entries[position] for name, entries in curve["verdicts"].items()}
        helped = [name for name, gain in gains.items() if gain and gain["verdict"] == "helped"]
        best = curve["best"][position]
        if helped:
            return {"strategy": best if best in helped else helped[0], "position": position}
    return None


def sentence(curve: Mapping[str, Any]) -> str:
    """Say the result of a comparison in one or two sentences.

    Parameters
    ----------
    curve
        The object of `curve.json`.
    """
    if "scratch" not in curve["arms"]:
        return "There is no arm from scratch (controls: none), so the strategies cannot be judged."
    hurt = _hurt(curve)
    if curve["headline"] is None:
        sizes = "any size" if len(curve["sizes"]) > 1 else curve["size_names"][0]
        return f"No strategy was better than scratch at {sizes}." + hurt
    name, position = curve["headline"]["strategy"], curve["headline"]["position"]
    entry, labels = curve["catch_up"][name][position], curve["labels"]
    opening = (
        f"With {curve['size_names'][position]} ({labels[position]:,.0f}), {name} reaches "
        f"{find(curve['metric']).label} {_number(curve['arms'][name][position]['value'])}; "
    )
    if entry["reached"] == "within":
        saved, needs = entry["saved"], entry["needs"]
        share = saved["value"] / needs["value"]
        return (
            f"{opening}from scratch that takes about {needs['value']:,.0f} labels: "
            f"{saved['value']:,.0f} saved ({100 * share:.0f} %){_span(saved)}.{hurt}"
        )
    if len(labels) == 1:
        scratch = _number(curve["arms"]["scratch"][0]["value"])
        return f"{opening}from scratch {scratch}. How many labels that saves takes more than one size (--sizes).{hurt}"
    return f"{opening}scratch never catches up within {curve['size_names'][-1]} ({labels[-1]:,.0f}).{hurt}"


def _hurt(curve: Mapping[str, Any]) -> str:
    found = []
    for name, entries in curve["verdicts"].items():
        sizes = [
            size for size, gain in zip(curve["size_names"], entries, strict=True) if gain and gain["verdict"] == "hurt"
        ]
        if sizes:
            found.append(f"{name} HURT with {', '.join(sizes)}.")
    return "".join(f" {text}" for text in found)


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def _span(entry: Mapping[str, float | None]) -> str:
    """The interval of a number of labels in words; empty where there is none."""
    low, high = entry["low"], entry["high"]
    if low is None and high is None:
        return ""
    if low is None:
        return f", 95 % interval: up to {high:,.0f}"
    return f", 95 % interval: {low:,.0f} " + ("or more" if high is None else f"to {high:,.0f}")


def table(curve: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a strategy and size, with numbers only: what `table.tsv` holds.

    Parameters
    ----------
    curve
        The object of `curve.json`.
    """
    rows = []
    nothing = dict.fromkeys(("value", "low", "high"))
    scratch, cost = curve["arms"].get("scratch"), curve["cost"]
    for name, gains in curve["verdicts"].items():
        for i, size in enumerate(curve["sizes"]):
            point, gain = curve["arms"][name][i], gains[i] or {**nothing, "verdict": None}
            caught = curve["catch_up"][name][i] if name in curve["catch_up"] else {}
            needs, saved = caught.get("needs", nothing), caught.get("saved", nothing)
            rows.append(
                {
                    "strategy": name,
                    "size": size,
                    "labels": curve["labels"][i],
                    "score": point["value"],
                    "score_low": point["low"],
                    "score_high": point["high"],
                    "scratch": scratch[i]["value"] if scratch else None,
                    "gain": gain["value"],
                    "gain_low": gain["low"],
                    "gain_high": gain["high"],
                    "verdict": gain["verdict"],
                    "best_on_validation": curve["best"][i] == name,
                    "scratch_reaches": caught.get("reached"),
                    "scratch_needs": needs["value"],
                    "scratch_needs_low": needs["low"],
                    "scratch_needs_high": needs["high"],
                    "saved": saved["value"],
                    "saved_low": saved["low"],
                    "saved_high": saved["high"],
                    "seconds": cost[name][i]["fit_seconds"],
                    "seconds_scratch": cost["scratch"][i]["fit_seconds"] if scratch else None,
                    "trainable": cost[name][i]["trainable"],
                }
            )
    return rows


def resampled(
    arms: Mapping[str, Sequence[ArrayLike]], truth: ArrayLike, groups: NDArray[Any], *, metric: str, kind: Kind
) -> dict[str, Floats]:
    """Bootstrap replicates of one metric, with the draws of test groups and seeds that all arms and sizes share.

    Parameters
    ----------
    arms
        Name -> predictions of the test rows, one array a seed, as the metric takes them.
    truth, groups
        Of the same rows, as `exapt.evaluate.compare` takes them.
    metric, kind
        Name of the metric, kind of the target.

    Returns
    -------
    dict
        Name -> (R,), means over the resampled seeds.
    """
    known = known_rows(np.asarray(truth), kind)
    draws, true = Resampling.over(groups[known]), np.asarray(truth)[known]
    jobs = [(find(metric), [np.asarray(one)[known] for one in predictions]) for predictions in arms.values()]
    return {name: _over_seeds(one) for name, one in zip(arms, score(jobs, true, draws), strict=True)}


def _over_seeds(scores: SeedScores) -> Floats:
    """The mean over seeds drawn with replacement: the same draws for all that have as many seeds."""
    seeds, replicates = scores.replicates.shape
    drawn = np.random.default_rng(seeds).multinomial(seeds, np.full(seeds, 1 / seeds), size=replicates)
    return np.asarray(np.einsum("rs,sr->r", drawn / seeds, scores.replicates))
