"""Run experiments: `python benchmarks/science/run.py [NAME ...]` makes every result that is missing.

An experiment is `experiments/<name>.yaml`, its result `results/<name>.json`. Nothing is hard-coded here: the YAML holds
the run (the schema of `exapt finetune`), and optionally the weights to make first, strategies and sizes to compare,
and published scores to stand beside ours. What was interrupted goes on; `--force` repeats, `--table` writes the table
in docs/reference/results.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from scipy.stats import rankdata

from exapt import api
from exapt.api._arms import truth
from exapt.api._prepare import Domain, cut_data, load_data, prepare_domain
from exapt.api._work import is_finished
from exapt.core.config import DataConfig, RunConfig, parse
from exapt.core.errors import ExaptError
from exapt.core.paths import read_json
from exapt.core.provenance import code_version, versions
from exapt.core.registry import METRICS
from exapt.data.keys import row_keys
from exapt.data.loading import load
from exapt.evaluate.compare import ArmResult, compare
from exapt.evaluate.intervals import interval

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs" / "reference" / "results.md"


def run(name: str, work: Path, *, force: bool) -> dict[str, Any]:
    """One experiment: its weights, then the run or the comparison."""
    path = HERE / "experiments" / f"{name}.yaml"
    experiment = yaml.safe_load(path.read_text(encoding="utf-8"))
    start = time.perf_counter()
    result: dict[str, Any] = {"name": name, "title": experiment["title"], "question": experiment["question"]}
    for weights in experiment.get("weights", []):
        output = work / weights["output"]
        if force or not output.exists():
            api.pretrain(parse(weights["run"], str(path)), output, force=True)
        card = yaml.safe_load((output / "card.yaml").read_text(encoding="utf-8"))
        result.setdefault("weights", {})[weights["output"]] = card
    result["runs"] = {}
    for label, values in experiment["runs"].items():
        if same := values.get("parts_of"):
            parts = parse(_of_run(experiment["runs"][same]), f"{path}: {same}")
            values["data"] = {**values["data"], **as_parted(parts, work / f"{name}-{label}.tsv")}
        config = parse(_of_run(_with_weights(values, work)), f"{path}: {label}")
        result["runs"][label] = made(config, values, work / f"{name}-{label}", force=force)
    return {
        **result,
        "published": experiment.get("published", []),
        "command": f"python benchmarks/science/run.py {name}",
        "seconds": round(time.perf_counter() - start, 1),
        "exapt": code_version(),
        "versions": versions(),
    }


def made(config: RunConfig, asked: dict[str, Any], output: Path, *, force: bool) -> dict[str, Any]:
    """The result of one run, and what the experiment asks for beside it."""
    if other := asked.get("evaluate"):
        return elsewhere(config, other, output)
    if "sizes" in asked or "strategies" in asked:
        chosen = {"strategies": asked.get("strategies") or [], "sizes": asked.get("sizes") or []}
        return api.compare(config, output, **chosen, force=True)
    done = not force and is_finished(config, output)
    scores = read_json(output / "scores.json") if done else api.finetune(config, output, force=True)
    if scores["audit"]["exact_duplicates"]:
        scores["without_copies"] = without_copies(config, output)
    if asked.get("new_groups"):
        scores["new_groups"] = on_new_groups(config, output)
    if members := asked.get("ensemble"):
        scores["ensemble"] = ensemble(config, output, members)
    if literature := asked.get("published"):
        scores["published"] = literature
    return scores


def without_copies(config: RunConfig, run: Path) -> dict[str, Any]:
    """Primary metric of every arm on the test rows that have no copy in training, from the run's own predictions.

    Of molecules, salts, charges and stereo forms of one parent are copies.
    """
    domain = first_fold(config)
    return on_new(config, domain, row_keys(domain.table), run)


def on_new_groups(config: RunConfig, run: Path) -> dict[str, Any]:
    """The same on the test rows whose group has no row in training."""
    domain = first_fold(config)
    return on_new(config, domain, domain.table.frame[domain.table.names("group")[0]].to_numpy(), run)


def on_new(config: RunConfig, domain: Domain, keys: NDArray[Any], run: Path) -> dict[str, Any]:
    """Primary metric of every arm on the test rows whose key no training row of their fold has."""
    folds = cut_data(load_data(config.data), config.split).folds
    clean = np.concatenate([~np.isin(keys[fold.test], keys[fold.train]) for fold in folds])
    true = truth(domain.task, domain.examples, tested(config))[clean]
    metric = METRICS.get(domain.task.metrics()[0])
    groups = np.arange(len(true))
    arms = {
        arm: {metric.name: vars(interval(metric, true, [seed[clean] for seed in seeds], groups))}
        for arm, seeds in predicted(run).items()
    }
    return {"n_test": int(clean.sum()), "arms": arms}


def as_parted(config: RunConfig, path: Path) -> dict[str, Any]:
    """The data of a run as a file with its parts in a column, so that another run may clean the rows otherwise.

    A split of molecules depends on how they are written; the same rows test in both runs.
    """
    domain = first_fold(config)
    frame = domain.table.frame[[*domain.table.names("input"), *domain.table.names("target")]].copy()
    for part in ("train", "valid", "test"):
        frame.loc[frame.index[getattr(domain.fold, part)], "split"] = part
    frame.to_csv(path, sep="\t", index=False)
    return {"name": str(path), "input": domain.table.names("input"), "target": domain.table.names("target")}


def first_fold(config: RunConfig) -> Domain:
    """The data of a run as it saw them."""
    cut = cut_data(load_data(config.data), config.split)
    return prepare_domain(config, cut, cut.folds[0])


def tested(config: RunConfig) -> NDArray[np.int64]:
    """The test rows of a run in the order of its predictions, fold after fold."""
    return np.concatenate([fold.test for fold in cut_data(load_data(config.data), config.split).folds])


def predicted(run: Path) -> dict[str, list[NDArray[np.float64]]]:
    """Arm -> the predictions of the test rows, one array a seed: probabilities (n, C) or values (n,)."""
    table = pd.read_csv(run / "predictions.tsv", sep="\t")
    columns = [name for name in table if name.startswith("p:")] or ["predicted"]
    return {
        arm: [part[columns].to_numpy().squeeze() for _, part in rows.groupby("seed")]
        for arm, rows in table.groupby("arm", sort=False)
    }


def ensemble(config: RunConfig, run: Path, members: list[str]) -> dict[str, Any]:
    """The members' mean, declared beforehand: of ranks within the test part for probabilities, of values for numbers.

    It is compared with the transfer and with each baseline among its members, on the same rows and replicates.
    """
    domain = first_fold(config)
    task, rows = domain.task, tested(config)
    known = predicted(run)
    ranked = task.kind != "number"
    seeds = zip(*(known[name] for name in members), strict=True)
    mean = [np.mean([ranks(one) if ranked else one for one in parts], axis=0) for parts in seeds]
    groups = (
        domain.table.frame[domain.table.names("group")[0]].to_numpy()[rows] if domain.table.names("group") else None
    )
    result: dict[str, Any] = {"members": members, "gain": {}}
    for other in members:
        arms = {"transfer": ArmResult(mean, 0.0, 0), "scratch": ArmResult(known[other], 0.0, 0)}
        judged = compare(
            arms,
            truth(task, domain.examples, rows),
            task=config.task.name,
            kind=task.kind,
            metrics=task.metrics()[:1],
            seeds=config.seeds,
            groups=groups,
        )
        result["arms"] = {"ensemble": judged["arms"]["transfer"]}
        result["gain"][other] = judged["gain"]["vs_scratch"]
    return result


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks of each column among the rows, in (0, 1]."""
    return rankdata(values, axis=0) / len(values)


def elsewhere(config: RunConfig, other: dict[str, Any], output: Path) -> dict[str, Any]:
    """Train on one data set and score on another whose labels nothing has seen, once a seed and with all seeds.

    `merge` (class of the other set -> classes of ours) adds up the probabilities of finer classes.
    """
    table = load(DataConfig(name=other["name"], target=other["target"])).table
    labels = table.frame[other["target"]].astype(str).to_numpy()
    classes = sorted(set(labels))
    true = np.array([classes.index(label) for label in labels])
    seeds = []
    for seed in config.seeds:
        single = config.model_copy(update={"seeds": [seed]})
        api.finetune(single, output / str(seed), force=True)
        api.predict(output / str(seed), other["name"], output / f"{seed}.tsv", force=True)
        found = pd.read_csv(output / f"{seed}.tsv", sep="\t").set_index("id").reindex(table.ids())
        merge = other.get("merge") or {name: [name] for name in classes}
        seeds.append(np.column_stack([found[[f"p:{part}" for part in merge[name]]].sum(axis=1) for name in classes]))
    rows = np.arange(len(true))
    names = ("macro_f1", "accuracy", "mcc")
    score = {
        "mean of the seeds": {name: vars(interval(METRICS.get(name), true, seeds, rows)) for name in names},
        "mean probability of the seeds": {
            name: vars(interval(METRICS.get(name), true, [np.mean(seeds, axis=0)], rows)) for name in names
        },
    }
    return {"evaluated_on": other["name"], "n": len(true), "seeds": list(config.seeds), "score": score}


OF_EXPERIMENT = ("sizes", "strategies", "evaluate", "ensemble", "published", "parts_of", "new_groups")


def _of_run(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in OF_EXPERIMENT}


def _with_weights(values: dict[str, Any], work: Path) -> dict[str, Any]:
    """Weights that the experiment made are named by their folder."""
    backbone = values["backbone"]
    if isinstance(backbone, dict) and str(backbone.get("weights", "")).startswith("made:"):
        folder = work / str(backbone["weights"]).removeprefix("made:")
        return {**values, "backbone": {**backbone, "weights": str(folder)}}
    return dict(values)


FIRST_INTERVALS = (
    "These intervals are of the first version, percentiles of the bootstrap, which were a little too short "
    "([measured](../explanation/intervals.md))."
)


def table() -> str:
    """All results as Markdown, one row an arm that matters."""
    lines = ["# Results", "", "Made by `python benchmarks/science/run.py --table`; do not edit.", ""]
    names = {path.stem for path in (HERE / "experiments").glob("*.yaml")}
    for path in sorted(path for path in (HERE / "results").glob("*.json") if path.stem in names):
        result = json.loads(path.read_text(encoding="utf-8"))
        lines += [f"## {result['title']}", "", result["question"], ""]
        for label, scores in result["runs"].items():
            show = _elsewhere if "evaluated_on" in scores else _curve if "sizes" in scores else _scores
            lines += [*show(scores, label), ""]
        if result["published"]:
            lines += ["| published | metric | value | source |", "|---|---|---|---|"]
            lines += [f"| {p['method']} | {p['metric']} | {p['value']} | {p['source']} |" for p in result["published"]]
            lines.append("")
        if not all("n_groups" in scores for scores in result["runs"].values() if "audit" in scores):
            lines += [FIRST_INTERVALS, ""]
        lines += [f"`{result['command']}`: {result['seconds']:.0f} s, exapt {result['exapt']}.", ""]
    return "\n".join(lines)


BESIDE = {"mse": ("concordance", "rm2"), "rmse": ("spearman",), "auroc": ("auprc",)}  # shown beside a primary metric


def _scores(scores: dict[str, Any], label: str) -> list[str]:
    primary = scores["primary_metric"]
    metrics = [primary, *(name for name in BESIDE.get(primary, ("accuracy", "mcc")) if name != primary)]
    rows = [f"**{label}** ({scores['n_test']} test rows, seeds {scores['seeds']}): {api.scores_sentence(scores)}", ""]
    shown = [metric for metric in metrics if metric in scores["arms"]["transfer"]]
    rows += ["| arm | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    for arm, values in scores["arms"].items():
        rows.append(f"| {arm} | " + " | ".join(_cell(values.get(metric)) for metric in shown) + " |")
    if joined := scores.get("ensemble"):
        rows.append(f"| mean of {', '.join(joined['members'])} | {_cell(joined['arms']['ensemble'][shown[0]])} |")
        told = [f"{arm} {g['value']:+.3f} [{g['low']:+.3f}, {g['high']:+.3f}]" for arm, g in joined["gain"].items()]
        rows += ["", f"The mean against its members: {'; '.join(told)}."]
    if published := scores.get("published"):
        rows += ["", "Published: " + "; ".join(f"{p['method']} {p['value']} ({p['source']})" for p in published) + "."]
    for part, which in (("without_copies", "without a copy in training"), ("new_groups", "of groups new to the model")):
        if clean := scores.get(part):
            rows += ["", f"On the {clean['n_test']} test rows {which}:", "", f"| arm | {shown[0]} |", "|---|---|"]
            rows += [f"| {arm} | {_cell(values[shown[0]])} |" for arm, values in clean["arms"].items()]
    return rows


def _elsewhere(result: dict[str, Any], label: str) -> list[str]:
    names = list(result["score"]["mean of the seeds"])
    rows = [f"**{label}**: scored on {result['n']} rows of {result['evaluated_on']}, seeds {result['seeds']}.", ""]
    rows += ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    return rows + [
        f"| {kind} | " + " | ".join(_cell(values[name]) for name in names) + " |"
        for kind, values in result["score"].items()
    ]


def _curve(curve: dict[str, Any], label: str) -> list[str]:
    sizes = [str(size) for size in curve["sizes"]]
    rows = [f"**{label}**: {curve['metric']} by number of labels.", ""]
    for name, gains in curve["verdicts"].items():
        words = [
            f"{size} labels {g['verdict']} ({g['value']:+.3f} [{g['low']:+.3f}, {g['high']:+.3f}])"
            for size, g in zip(sizes, gains, strict=True)
            if g
        ]
        rows += [f"{name} against scratch: {'; '.join(words)}.", ""] if words else []
    rows += ["| arm | " + " | ".join(sizes) + " |", "|---" * (len(sizes) + 1) + "|"]
    rows += [f"| {arm} | " + " | ".join(map(_cell, values)) + " |" for arm, values in curve["arms"].items()]
    return rows


def _cell(value: dict[str, float | None] | None) -> str:
    if value is None or value["value"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['value']:.3f}"
    return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def main() -> None:
    """Make what is missing, then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--force", action="store_true", help="repeat finished experiments")
    parser.add_argument("--table", action="store_true", help="write the table of the docs only")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="where runs and weights go")
    arguments = parser.parse_args()
    known = sorted(path.stem for path in (HERE / "experiments").glob("*.yaml"))
    for name in [] if arguments.table else arguments.names or known:
        result = HERE / "results" / f"{name}.json"
        if result.exists() and not arguments.force:
            continue
        try:
            result.write_text(json.dumps(run(name, arguments.work, force=arguments.force), indent=1) + "\n")
        except ExaptError as error:
            sys.exit(f"{name}: {error}")
    DOCS.write_text(table() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
