"""How often the 95 % intervals hold the truth, how often a verdict is wrong, and what it takes to find a difference.

    python benchmarks/science/coverage.py [--quick] [--data-sets N] [-o FILE]

Data sets are drawn from a population of groups whose metric is known from 60,000 other groups: group sizes are
log-normal or Pareto, classes and difficulty are alike within a group, two arms err on the same hard groups and rows,
and seeds of training differ in strength. Each data set is scored by the functions that `exapt finetune` uses, with
1,000 replicates. Beside the interval of exapt stand others that were tried, made from the same replicates.

Writes `results/coverage.json` after every cell, and continues it when it is called again. A share of N data sets has a
Monte Carlo error of sqrt(share (1 - share) / N); it is given as `error`, in points.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from exapt.core.provenance import versions
from exapt.evaluate.intervals import WHOLE_LINE, Spread, groups_needed, summary, verdict
from exapt.evaluate.metrics._metric import Metric, find
from exapt.evaluate.resampling import Resampling, SeedScores, score

Array = NDArray[np.float64]
Ends = tuple[float, float]
METRICS = {"classes": ("accuracy", "macro_f1", "mcc"), "two_classes": ("auroc",), "numbers": ("spearman",)}
STRENGTH = {"classes": 2.0, "two_classes": 1.5, "numbers": 1.0}  # how far the signal stands out of the noise
POPULATION = 60_000  # groups
REPLICATES = 1000
LOGARITHMS = {"classes": np.log([0.6, 0.3, 0.1]), "two_classes": np.log([0.7, 0.3])}


@dataclass(frozen=True)
class Cell:
    """One question: a world, and what is asked of it.

    `seed_spread` is the standard deviation of the strength between seeds, `gain` how much stronger the first arm is,
    `informative` how much stronger the signal is where a group is larger (in its log-size).
    """

    target: str
    groups: int
    sizes: str = "lognormal"
    seeds: int = 1
    seed_spread: float = 0.0
    gain: float = 0.0
    informative: float = 0.0


def sizes(generator: np.random.Generator, law: str, groups: int) -> NDArray[np.int64]:
    """Rows of each group: mean 6 and mostly below 4, with a heavy tail."""
    if law == "lognormal":
        return np.ceil(generator.lognormal(np.log(3.5), 1.0, groups)).astype(np.int64)
    return np.ceil(2 * (1 + generator.pareto(1.5, groups))).clip(max=2000).astype(np.int64)


def draw(cell: Cell, seed: Sequence[int], groups: int, strengths: Sequence[Array]) -> tuple[Array, Array, list[Any]]:
    """Groups, truth, and for each arm the predictions of its seeds."""
    generator = np.random.default_rng(seed)
    rows = sizes(generator, cell.sizes, groups)
    codes = np.repeat(np.arange(groups), rows)
    width = (len(codes), len(LOGARITHMS.get(cell.target, [0.0])))
    bonus = cell.informative * (np.log(rows) - np.log(3.5))[codes, None]

    def noise(of_groups: float, of_rows: float) -> Array:
        return of_groups * generator.normal(size=(groups, width[1]))[codes] + of_rows * generator.normal(size=width)

    if cell.target == "numbers":
        signal = noise(0.8, 1.0)
        truth = signal[:, 0]
        shift = np.zeros(1)
    else:
        shift = LOGARITHMS[cell.target]
        truth = (shift + noise(1.0, 0.0) + generator.gumbel(size=width)).argmax(1)
        signal = np.eye(width[1])[truth]
    common, arms = noise(0.7, 0.7), []
    for strength in strengths:
        own = common + noise(0.5, 0.5)
        scores = [shift / 2 + (one + bonus) * signal + own + noise(0.0, 0.5) for one in strength]
        arms.append([one[:, 0] if cell.target == "numbers" else _softmax(one) for one in scores])
    return codes, truth, arms


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def population(cell: Cell, metrics: Sequence[Metric], groups: int) -> list[tuple[float, float]]:
    """Of each metric the value of the first arm and the difference of both, means over all possible seeds."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(7) if cell.seed_spread else (np.zeros(1), np.ones(1))
    strength = STRENGTH[cell.target] + cell.seed_spread * nodes
    _, truth, arms = draw(cell, [1], groups, [strength + cell.gain, strength] if cell.gain else [strength])
    weights = weights / weights.sum()
    values = [[weights @ [m.value(truth, one) for one in arm] for arm in arms] for m in metrics]
    return [(float(value[0]), float(value[0] - value[-1])) for value in values]


def others(scores: SeedScores, draws: Resampling, weights: Array) -> Iterator[tuple[str, Ends]]:
    """Intervals that were tried, for one seed; `weights` are those of the replicates."""
    value, drawn, left = float(scores.values[0]), scores.replicates[0], scores.left_out[0]
    drawn = drawn[np.isfinite(drawn)]
    groups, apart = draws.n_groups, left - left.mean()
    freedom = min(groups, len(left)) - 1
    t, z = stdtrit(freedom, 0.975), ndtri(0.975)
    ends = np.quantile(drawn, [0.025, 0.975])
    yield "percentile", (ends[0], ends[1])
    low, high = value + (ends - value) * np.sqrt(groups / (groups - 1)) * t / z
    yield "percentile x t (before)", (low, high)
    squares = max(float((apart**2).sum()), 1e-30)
    bend = -float((apart**3).sum()) / (6 * squares**1.5)
    middle = ndtri(np.clip(((drawn < value).mean() + (drawn <= value).mean()) / 2, 1e-3, 1 - 1e-3))
    levels = [ndtr(middle + (middle + q) / (1 - bend * (middle + q))) for q in (-z, z)]
    low, high = np.quantile(drawn, levels)
    yield "BCa", (low, high)
    error = np.sqrt(squares * (len(left) - 1) / len(left))
    yield "jackknife t", (value - t * error, value + t * error)
    if groups == len(left):
        pulls = -(groups - 1) * apart
        spread = np.sqrt(
            np.maximum(weights @ pulls**2 / groups - (weights @ pulls / groups) ** 2, 1e-300) / (groups - 1)
        )
        ratio = np.abs(scores.replicates[0] - value) / spread
        reach = float(np.nanquantile(ratio, 0.95)) * error
        yield "bootstrap t, symmetric", (value - reach, value + reach)


def wild(scores: SeedScores) -> bool:
    """Whether the wild bootstrap-t with Rademacher signs on the jackknife's pseudo-values refuses a difference of 0."""
    left, parts = scores.left_out[0], len(scores.left_out[0])
    values = scores.values[0] - (parts - 1) * (left - left.mean())
    signs = np.random.default_rng(2).choice([-1.0, 1.0], size=(999, parts))
    flipped = signs * values
    means, spread = flipped.mean(1), np.maximum(flipped.std(1), 1e-300)
    found = abs(values.mean()) / max(values.std(), 1e-300)
    return bool((np.abs(means) / spread >= found * (1 - 1e-9)).mean() <= 0.05)


def sums_of_variances(scores: SeedScores, spread: Spread) -> Iterator[tuple[str, float]]:
    """Half widths with other ways to add the variance of the seeds to that of the groups."""
    seeds, parts = scores.left_out.shape
    apart = scores.left_out - scores.left_out.mean(0)
    apart = apart - apart.mean(1, keepdims=True)
    shared = float((apart**2).sum()) * (parts - 1) / parts / (seeds * (seeds - 1))
    for name, of_seeds in (("Satterthwaite", spread.seeds), ("two-way", max(0.0, spread.seeds - shared))):
        total = spread.groups + of_seeds
        known = spread.groups**2 / spread.groups_freedom + of_seeds**2 / spread.seeds_freedom
        quantiles = stdtrit([spread.groups_freedom, spread.seeds_freedom], 0.975)
        weighted = float(np.average(quantiles, weights=[spread.groups, of_seeds]))
        critical = stdtrit(total**2 / known, 0.975) if name == "Satterthwaite" else weighted
        yield name, float(critical * np.sqrt(total))


def judge(
    metric: Metric,
    scores: tuple[SeedScores, SeedScores],
    true: tuple[float, float],
    draws: Resampling,
    weights: Array | None,
) -> Iterator[tuple[str, str, float]]:
    """Of one data set: kind of question, method, answer. With `weights` other intervals are made too."""
    gain = scores[0].minus(scores[1])
    for kind, one, value, bounds in (
        ("value", scores[0], true[0], metric.bounds),
        ("difference", gain, true[1], WHOLE_LINE),
    ):
        found = summary(one, draws, bounds)
        yield kind, "no interval", np.isnan(found.low)
        if np.isnan(found.low):
            continue
        yield kind, "exapt", found.low <= value <= found.high
        for name, (low, high) in others(one, draws, weights) if weights is not None else ():
            yield kind, name, low <= value <= high
    if weights is not None:
        yield "difference", "wild bootstrap t", not wild(gain)
    judged, needed = verdict(summary(gain, draws)), groups_needed(gain, draws, smallest=0.0)
    yield "verdict", "helped", judged == "helped"
    yield "verdict", "hurt", judged == "hurt"
    yield "verdict", "median groups_needed", np.inf if needed is None else needed
    spread = Spread.of(gain, draws)
    if spread is not None and spread.groups and len(gain.values) > 1:
        for name, half in sums_of_variances(gain, spread):
            yield "difference", name, abs(gain.values.mean() - true[1]) <= half
        yield "verdict", "median seeds / groups", spread.seeds / spread.groups


def run(cell: Cell, data_sets: int, groups: int) -> dict[str, Any]:
    """Simulate one cell."""
    metrics = [find(name) for name in METRICS[cell.target]]
    truths = population(cell, metrics, groups)
    found: dict[tuple[str, str, str], list[float]] = {}
    for number in range(data_sets):
        generator = np.random.default_rng([3, number])
        strengths = [STRENGTH[cell.target] + cell.seed_spread * generator.normal(size=cell.seeds) for _ in range(2)]
        strengths[0] = strengths[0] + cell.gain
        codes, truth, arms = draw(cell, [4, number, cell.groups], cell.groups, strengths)
        draws = Resampling.over(codes, replicates=REPLICATES, seed=number)
        scored = score([(metric, arm) for metric in metrics for arm in arms], truth, draws)
        alone = cell.seeds == 1 and not cell.gain
        weights = np.concatenate([draws.drawn(start) for start in draws.starts()]) if alone else None
        for metric, true, first, second in zip(metrics, truths, scored[::2], scored[1::2], strict=True):
            for kind, method, answer in judge(metric, (first, second), true, draws, weights):
                found.setdefault((metric.name, kind, method), []).append(answer)
    entries: dict[str, Any] = {
        metric.name: {"true_value": round(value, 4), "true_gain": round(gain, 4)}
        for metric, (value, gain) in zip(metrics, truths, strict=True)
    }
    for (name, kind, method), answers in found.items():
        share = float(np.median(answers)) if method.startswith("median") else 100 * float(np.mean(answers))
        entries[name].setdefault(kind, {})[method] = round(share, 2) if np.isfinite(share) else None
    error = round(100 * float(np.sqrt(0.05 * 0.95 / data_sets)), 2)
    return {**asdict(cell), "data_sets": data_sets, "error": error, "metrics": entries}


def cells(*, quick: bool) -> list[Cell]:
    """All questions, the quick ones first."""
    if quick:
        return [Cell(target, 20) for target in METRICS] + [Cell("classes", 20, seeds=3, seed_spread=0.3)]
    found = [Cell("classes", groups) for groups in (3, 4, 5, 6, 8, 10, 20, 50, 200, 1000)]
    found += [Cell("classes", groups, "pareto") for groups in (20, 50, 200)] + [Cell("classes", 50, informative=0.2)]
    found += [Cell(target, groups) for groups in (6, 20, 50, 200) for target in ("two_classes", "numbers")]
    found += [Cell("classes", 50, seeds=seeds, seed_spread=spread) for seeds, spread in ((2, 0.6), (3, 0.0), (3, 0.6))]
    for seeds, spread in ((2, 0.0), (2, 0.3), (3, 0.0), (3, 0.1), (3, 0.3), (5, 0.3)):
        found.append(Cell("classes", 200, seeds=seeds, seed_spread=spread))
    found += [Cell("classes", groups, gain=gain) for groups in (20, 50, 200) for gain in (0.1, 0.2, 0.5)]
    return [*found, Cell("two_classes", 1000), Cell("numbers", 1000)]


def tables(results: Sequence[dict[str, Any]]) -> str:
    """What the JSON holds, in three tables."""

    def rows(fits: Callable[[dict[str, Any]], bool], kinds: Sequence[str]) -> Iterator[str]:
        for one in filter(fits, results):
            for name, entry in one["metrics"].items():
                for kind in kinds:
                    world = "easier if larger" if one["informative"] else one["sizes"]
                    where = f"{one['groups']:>5} {world:<16} {name:<9} {kind:<10}"
                    extra = f" seeds {one['seeds']}, spread {one['seed_spread']}, gain {entry['true_gain']:+.3f}"
                    numbers = "  ".join(f"{method} {share}" for method, share in entry[kind].items())
                    yield where + (extra if one["seeds"] > 1 or one["gain"] else "") + "  " + numbers

    text = [
        "Coverage of 95 % intervals, %",
        *rows(lambda one: one["seeds"] == 1 and not one["gain"], ["value", "difference"]),
    ]
    text += ["", "Wrong verdicts, several seeds, %", *rows(lambda one: one["seeds"] > 1, ["difference", "verdict"])]
    text += ["", "Power, %", *rows(lambda one: bool(one["gain"]), ["difference", "verdict"])]
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="seconds: few data sets and cells, to see that it works")
    parser.add_argument("--data-sets", type=int, default=2000, help="of each cell; half of it where ranks are slow")
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results" / "coverage.json")
    options = parser.parse_args()
    data_sets, groups = (40, 2000) if options.quick else (options.data_sets, POPULATION)
    done: list[dict[str, Any]] = []
    if options.output.exists():
        done = json.loads(options.output.read_text(encoding="utf-8"))["cells"]
    todo = cells(quick=options.quick)
    start = time.perf_counter()
    for number, cell in enumerate(todo, 1):
        slow = cell.groups >= 200 and cell.target != "classes"
        wanted = {**asdict(cell), "data_sets": data_sets // 2 if slow else data_sets}
        if any(all(one[key] == value for key, value in wanted.items()) for one in done):
            continue
        done.append(run(cell, wanted["data_sets"], groups))
        print(f"{number} of {len(todo)} cells, {time.perf_counter() - start:.0f} s: {cell}", flush=True)
        report = {"replicates": REPLICATES, "population_groups": groups, "cells": done, "versions": versions()}
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(tables(done))


if __name__ == "__main__":
    main()
