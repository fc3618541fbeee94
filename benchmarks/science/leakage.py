"""What leaks cost: scores of cheap methods on public sets before and after `exapt audit --fix` or a better split.

`python benchmarks/science/leakage.py [--only NAME ...]` measures every set of leakage.yaml that is missing in
results/leakage.json; `--force` measures again, `--table` writes the table of docs/explanation/leakage.md only. Needs
EXAPT_MIRROR or a network. One seed; 95 % intervals over the groups of the test rows (`exapt.evaluate.intervals`).
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shlex
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from exapt import api
from exapt.api import inspection
from exapt.api._prepare import Cut, cut_data, load_data
from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Fold, Rows, Table, Task
from exapt.core.errors import ExaptError
from exapt.core.provenance import code_version, versions
from exapt.core.registry import BASELINES, METRICS, TASKS
from exapt.evaluate.intervals import interval

HERE = Path(__file__).parent
CASES = HERE / "leakage.yaml"
RESULT = HERE / "results" / "leakage.json"
SKETCHES = HERE / "results" / "leakage_sketches.json"
PAGE = HERE.parents[1] / "docs" / "explanation" / "leakage.md"
MARKS = (
    ("<!-- table: made by benchmarks/science/leakage.py --table -->", "<!-- end of the table -->"),
    ("<!-- sketches: made by benchmarks/science/leakage.py --table -->", "<!-- end of the sketches -->"),
)
STAGES = ("before", "after", "left")
SEED = 0
BINS = 20  # of composition, in which both classes are made equally frequent

inspection._corpora = functools.cache(inspection._corpora)  # the sketch of a corpus is made once for all sets


def cases() -> dict[str, dict[str, Any]]:
    """The sets, each with complete stages: what a stage does not state is that of the one before."""
    found = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    for name, case in found.items():
        stage: dict[str, Any] = {"split": None, "options": {}, "fix": [], "drop": "test", "against": [], "learn": None}
        stage |= {"change": None, "keep": None, "methods": case.get("methods"), "metrics": case["metrics"]}
        for key in STAGES:
            if key in case:
                stage = case[key] = {**stage, **case[key]}
        case.setdefault("data", name)
    return dict(found)


def command(case: Mapping[str, Any], stage: Mapping[str, Any]) -> str:
    """The command that shows, or mends, what a stage is about."""
    words = ["exapt audit", case["data"]]
    if stage["split"]:
        options = ",".join(f"{key}={value}" for key, value in stage["split"].items() if key != "name")
        words.append("--by " + stage["split"]["name"] + (f":{options}" if options else ""))
    words += [
        "--set " + shlex.quote(f"options.{key}={str(value).replace(chr(39), '')}")
        for key, value in stage["options"].items()
    ]
    words += [f"--against {name}" for name in stage["against"]]
    if stage["fix"]:
        words.append("--fix split.tsv" + (" --drop train" if stage["drop"] == "train" else ""))
        words.append("--leaks " + ",".join(stage["fix"]))
    return " ".join(words)


def measure(case: Mapping[str, Any]) -> dict[str, Any]:
    """All stages of one set."""
    start = time.perf_counter()
    models: dict[tuple[str, bytes], Any] = {}
    stages = {key: measure_stage(case, case[key], models) for key in STAGES if key in case}
    return {
        "title": case["title"],
        "data": case["data"],
        "leak": case["leak"].format(**stages["before"]["audit"]),
        **stages,
        "seconds": round(time.perf_counter() - start, 1),
    }


def measure_stage(
    case: Mapping[str, Any], stage: Mapping[str, Any], models: dict[tuple[str, bytes], Any]
) -> dict[str, Any]:
    """Audit one stage, cut it, and score all methods on it."""
    data = DataConfig(name=case["data"], options=stage["options"])
    by = Piece.model_validate(stage["split"]) if stage["split"] else None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "split.tsv" if stage["fix"] else None
        found = api.audit(data, by, against=stage["against"], fix=file, drop=stage["drop"], leaks=stage["fix"])
        cut = cut_data(load_data(data), by)
        fold = _read(file) if file else cut.folds[0]
    if stage["keep"] == "new groups":
        fold = replace(fold, test=_new_groups(cut.table, fold))
    table, fold = _changed(cut, fold, stage["change"])
    return {
        "name": stage["name"],
        "command": command(case, stage),
        "n_train": len(fold.train),
        "n_test": len(fold.test),
        "dropped": found["fixed"]["dropped"] if file else {},
        "audit": _kept(found),
        "scores": _scores(stage, table, fold, found, models),
    }


def _read(path: Path) -> Fold:
    """The fold that `exapt audit --fix` wrote."""
    part = pd.read_csv(path, sep="\t", dtype=str)["split"].to_numpy()
    return Fold(*(np.flatnonzero(part == word) for word in ("train", "valid", "test", "dropped")))


def _new_groups(table: Table, fold: Fold) -> Rows:
    """Test rows of groups that training lacks. `--fix` refuses to leave a test part that lacks a class."""
    groups = table.frame[table.names("group")[0]]
    new: Rows = fold.test[~groups.iloc[fold.test].isin(set(groups.iloc[fold.train])).to_numpy()]
    return new


def _kept(found: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of an audit, and the shortcuts that are suspicious."""
    keys = ("verdict", "reasons", "warnings", "pretraining_by_spelling", "pretraining_values")
    numbers = {key: value for key, value in found.items() if isinstance(value, int) or key in keys}
    views = {one["name"]: one["value"] for one in found["shortcuts"] if one["suspicious"]}
    sides = found.get("entity_overlap_by_side", {})
    by_name, names = found.get("entity_overlap_by_name", {}), found.get("names", {})
    numbers |= {"by_spelling": found.get("by_spelling", {}), "by_side": sides, "by_name": by_name, "names": names}
    return {**numbers, "shortcuts": views}


def _changed(cut: Cut, fold: Fold, change: str | None) -> tuple[Table, Fold]:
    table = cut.table
    if change == "neutral":
        from exapt.bio.chem.standard import neutral

        (name,) = table.names("input")
        written = table.frame[name].tolist()
        standard = [known or text for known, text in zip(neutral(written), written, strict=True)]
        return replace(table, frame=table.frame.assign(**{name: standard})), fold
    return (table, _matched(table, fold)) if change == "matched" else (table, fold)


def _matched(table: Table, fold: Fold) -> Fold:
    """Both classes equally frequent in every bin of what the baseline `composition` predicts."""
    task = _task(table.take(fold.train))
    truth = task.truth(task.targets(table))
    model = BASELINES.build("composition")
    model.fit(table.take(fold.train), truth[fold.train], task.kind, seed=SEED, classes=2)
    guess = model.predict(table)[:, 1]
    edges = np.quantile(guess, np.linspace(0, 1, BINS + 1)[1:-1])
    bins, rng = np.digitize(guess, edges), np.random.default_rng(SEED)

    def alike(rows: Rows) -> Rows:
        kept = []
        for number in range(BINS):
            both = [rows[(bins[rows] == number) & (truth[rows] == label)] for label in (0, 1)]
            kept += [rng.permutation(part)[: min(map(len, both))] for part in both]
        return np.sort(np.concatenate(kept))

    return Fold(alike(fold.train), alike(fold.valid), alike(fold.test))


def _task(train: Table) -> Task:
    task: Task = TASKS.build("sequence_property")
    task.fit(train)
    return task


def _scores(
    stage: Mapping[str, Any], table: Table, fold: Fold, found: Mapping[str, Any], models: dict[tuple[str, bytes], Any]
) -> dict[str, dict[str, Any]]:
    """Method -> metric -> value with its interval, on the test rows; `models` keeps those that were fitted."""
    test = table.take(fold.test)
    train = load_data(DataConfig(name=stage["learn"])).table if stage["learn"] else table.take(fold.train)
    task = _task(train)
    judge = _task(table.take(fold.train))  # the same unless another set trains
    targets, truth = task.truth(task.targets(train)), judge.truth(judge.targets(test))
    names = table.names("group")
    groups: NDArray[Any] = test.frame[names[0]].to_numpy() if names else fold.test
    scores: dict[str, dict[str, Any]] = {}
    for method in stage["methods"]:
        kind, _, view = method.partition(":")
        if kind == "shortcut":
            (one,) = (one for one in found["shortcuts"] if one["name"] == view)
            one = one["left"] if stage["change"] == "neutral" else one
            scores[method] = {"auroc": {key: one[key] for key in ("value", "low", "high")}}
            continue
        key = method, pd.util.hash_pandas_object(train.frame).to_numpy().tobytes()
        if key not in models:  # stages that differ in their test rows only share it
            models[key] = BASELINES.build(method)
            models[key].fit(train, targets, task.kind, seed=SEED, classes=len(task.classes) or None)
        guess = models[key].predict(test)
        scores[method] = {
            metric: _plain(vars(interval(METRICS.get(metric), truth, [guess], groups))) for metric in stage["metrics"]
        }
    return scores


def _plain(found: Mapping[str, float]) -> dict[str, float | None]:
    return {key: round(float(value), 4) if np.isfinite(value) else None for key, value in found.items()}


def table(results: Mapping[str, Any]) -> str:
    """All sets as Markdown, one row a set."""
    lines = ["| set | leak | before | after | what is left |", "|---|---|---|---|---|"]
    for name, case in cases().items():
        found = results["sets"].get(name)
        if found is None:
            continue
        cells = [_cell(found[key], case["metrics"][0]) if key in case else "-" for key in STAGES]
        told = f"{found['leak'][:1].upper()}{found['leak'][1:]}.<br>`{found['before']['command']}`"
        lines.append(f"| {found['title']} (`{case['data']}`) | {told} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(stage: Mapping[str, Any], metric: str) -> str:
    parts = [f"*{stage['name']}*, n = {stage['n_test']:,}; {METRICS.get(metric).label}:"]
    for method, scores in stage["scores"].items():
        value, low, high = (scores[metric][key] for key in ("value", "low", "high"))
        told = "none, all answers are alike" if value is None else f"{value:.2f}"
        ends = "" if low is None else f" [{low:.2f}, {high:.2f}]"
        parts.append(f"{method.replace('shortcut:', 'shortcut ')} {told}{ends}")
    return "<br>".join(parts)


def sketches(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Sizes of sketches and what they find as Markdown, one row a corpus."""
    lines = ["| corpus | different values | bytes | copies found | false matches, of other values | similar found "]
    lines[0] += "| unlike found |"
    lines.append("|---" * 7 + "|")
    for name, one in sorted(results.items(), key=lambda item: int(item[1]["rows"])):
        found = "-" if one["similar_found"] is None else f"{one['similar_found']:.0%} of {one['similar']:,}"
        false = f"{one['false_matches']:,} of {one['others']:,}"
        cells = (f"`{name}`", f"{one['distinct']:,}", f"{one['bytes']:,}", f"{one['copies_found']:.1%}", false, found)
        lines.append("| " + " | ".join(cells) + f" | {one['unlike_found']:.1%} |")
    return "\n".join(lines)


def page(text: str) -> str:
    """The page with the current tables between its marks."""
    both = table(json.loads(RESULT.read_text(encoding="utf-8"))), sketches(json.loads(SKETCHES.read_text("utf-8")))
    for (first, last), made in zip(MARKS, both, strict=True):
        before, _, rest = text.partition(first)
        text = f"{before}{first}\n\n{made}\n\n{last}{rest.partition(last)[2]}"
    return text


def main() -> None:
    """Measure what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", metavar="NAME", help="sets of leakage.yaml; all unless named")
    parser.add_argument("--force", action="store_true", help="measure finished sets again")
    parser.add_argument("--table", action="store_true", help="write the table of the docs only")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    empty = {"format_version": 1, "command": "python benchmarks/science/leakage.py", "seed": SEED, "sets": {}}
    failed: list[str] = []
    results = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else empty
    for name, case in ({} if arguments.table else cases()).items():
        wanted = name in arguments.only if arguments.only else True
        if not wanted or (name in results["sets"] and not arguments.force):
            continue
        try:
            results["sets"][name] = {**measure(case), "exapt": code_version()}
        except ExaptError as error:
            failed.append(f"{name}: {error}")
            continue
        results["versions"] = versions()
        RESULT.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"{name}: {results['sets'][name]['seconds']} s", flush=True)
    print(table(results), *failed, sep="\n")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
