"""Active learning: which share of the best docked molecules is found when only a part of a library is docked.

`python benchmarks/science/active_learning.py [--only NAME ...]` measures every method that is missing in
results/active_learning.json; `--force` measures again, `--table` writes the table of docs/howto/screening.md only.
Needs EXAPT_MIRROR or a network.

The library of dock_enamine10k was docked as a whole, so the answer is known. Each run docks 2.5 % at random, then 2.5 %
a round as the method proposes, to 20 %. Ten seeds; 95 % intervals of their mean, and of the mean difference to `random`
and to `greedy` with the same surrogate. No option was chosen on these scores: the methods and their options are the
defaults of `exapt.tasks.screening.acquisition`, stated before the first run.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.config import DataConfig
from exapt.core.provenance import code_version, versions
from exapt.data.loading import load
from exapt.tasks.screening.acquisition import Campaign
from exapt.tasks.screening.enrichment import summary

HERE = Path(__file__).parent
RESULT = HERE / "results" / "active_learning.json"
PAGE = HERE.parents[1] / "docs" / "howto" / "screening.md"
MARKS = (
    "<!-- table: made by benchmarks/science/active_learning.py --table -->",
    "<!-- end of the table of docking -->",
)
CARD = "dock_enamine10k"
SEEDS = range(10)
ROUND = 0.025  # of the library, docked in each round
TOP = 0.01
STAGES = (0.05, 0.10, 0.20)
METHODS: dict[str, dict[str, Any]] = {
    "random": {"rule": "random"},
    "greedy, process": {"rule": "greedy", "surrogate": "process"},
    "UCB, process": {"rule": "ucb", "surrogate": "process"},
    "Thompson, process": {"rule": "thompson", "surrogate": "process"},
    "greedy, forest": {"rule": "greedy", "surrogate": "forest"},
}

Floats = NDArray[np.float64]


def library() -> tuple[list[str], Floats]:
    """SMILES and scores, higher is better."""
    table = load(DataConfig(name=CARD)).table
    smiles, scores = table.names("input")[0], table.names("target")[0]
    return table.frame[smiles].tolist(), -table.frame[scores].to_numpy(dtype=np.float64)


def best(scores: Floats) -> NDArray[np.bool_]:
    """The top 1 %, with all that score as well as the last of them: scores are written with one decimal."""
    return scores >= np.sort(scores)[::-1][int(np.ceil(TOP * len(scores))) - 1]


def campaign(smiles: list[str], scores: Floats, options: dict[str, Any], seed: int) -> dict[str, float]:
    """Share of the best that is found at each stage."""
    plan = Campaign(smiles, seed=seed, **options)
    known = np.full(len(scores), np.nan)
    wanted, found = best(scores), {}
    for number in range(1, round(max(STAGES) / ROUND) + 1):
        rows = plan.propose(known, round(number * ROUND * len(scores)) - int(np.isfinite(known).sum()))
        known[rows] = scores[rows]
        docked = number * ROUND
        if any(abs(docked - stage) < 1e-9 for stage in STAGES):
            found[f"{100 * docked:.0f} %"] = float((np.isfinite(known) & wanted).sum() / wanted.sum())
    return found


def gains(each: dict[str, list[dict[str, float]]], name: str) -> dict[str, Any]:
    """Paired differences to `random`, and to greedy choice with the same surrogate."""
    against = ["random"] + ([f"greedy, {name.split(', ')[1]}"] if ", " in name else [])
    return {
        other: summary([{k: a[k] - b[k] for k in a} for a, b in zip(each[name], each[other], strict=True)])
        for other in against
        if other != name and other in each
    }


def table(result: Mapping[str, Any]) -> str:
    """Share of the best that each method finds, with the interval of its mean."""
    stages = [f"{100 * stage:.0f} %" for stage in STAGES]
    lines = [f"| method | {' | '.join(f'{stage} docked' for stage in stages)} |", "|---|" + "---|" * len(stages)]
    for name in METHODS:
        if name in result["found"]:
            said = [result["found"][name][stage] for stage in stages]
            cells = [f"{100 * v['mean']:.0f} % [{100 * v['low']:.0f}, {100 * v['high']:.0f}]" for v in said]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_page(result: Mapping[str, Any]) -> None:
    """Put the table between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(f"{before}{MARKS[0]}\n{table(result)}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--table", action="store_true", help="write the table of the docs only")
    options = parser.parse_args()
    stored = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    if options.table:
        write_page(stored)
        return
    smiles, scores = library()
    each: dict[str, list[dict[str, float]]] = stored.get("seeds", {})
    seconds: dict[str, float] = stored.get("seconds_per_run", {})
    for name in options.only:
        if name in each and not options.force:
            continue
        start = time.perf_counter()
        each[name] = [campaign(smiles, scores, METHODS[name], seed) for seed in SEEDS]
        seconds[name] = round((time.perf_counter() - start) / len(SEEDS), 1)
        print(name, {stage: round(one["mean"], 3) for stage, one in summary(each[name]).items()}, flush=True)
        result = {
            "command": "python benchmarks/science/active_learning.py",
            "format_version": 1,
            "data": {"card": CARD, "molecules": len(scores), "best": int(best(scores).sum())},
            "protocol": {"first": ROUND, "round": ROUND, "top": TOP, "seeds": len(SEEDS)},
            "methods": METHODS,
            "found": {one: summary(each[one]) for one in METHODS if one in each},
            "gain": {one: gains(each, one) for one in METHODS if one in each},
            "seeds": each,
            "seconds_per_run": seconds,
            "code": code_version(),
            "versions": versions(),
        }
        RESULT.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        write_page(result)


if __name__ == "__main__":
    main()
