"""Run folders with simulated models: realistic numbers in the files that a run leaves, made in a second."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

CELL_TYPES = {
    "Dendritic": 68, "CD14+ Monocyte": 37, "CD19+ B": 27, "CD4+/CD25 T Reg": 19, "CD8+ Cytotoxic T": 15,
    "CD8+/CD45RA+ Naive Cytotoxic": 12, "CD56+ NK": 9, "CD4+/CD45RO+ Memory": 6, "CD34+": 4,
    "CD4+/CD45RA+/CD25- Naive T": 3,
}  # fmt: skip
ODD_NAMES = {"<b>bold</b> & co": 40, '$alpha$ "quoted"': 25, "NA": 15, "日本 <script>alert(1)</script>": 10}
SEEDS = (0, 1, 2)


def classification(
    folder: Path, classes=CELL_TYPES, *, skill=None, config=None, leaky=False, curve=False, rng_seed=7
) -> Path:
    """A run of class predictions; `skill` is the separation of each arm's logits."""
    rng = np.random.default_rng(rng_seed)
    skill = skill or {
        "transfer": 3.1, "scratch": 2.1, "frozen": 2.6, "baseline:linear": 2.5, "baseline:nearest": 1.7,
        "baseline:random_forest": 2.0, "baseline:majority": None,
    }  # fmt: skip
    names = sorted(classes)
    truth = np.repeat(np.arange(len(names)), [classes[name] for name in names])
    kin = np.abs(np.subtract.outer(np.arange(len(names)), np.arange(len(names)))) == 1  # neighbours are confused
    frames = []
    for arm, separation in skill.items():
        for seed in SEEDS:
            frames.append(_class_rows(rng, arm, seed, truth, names, separation, kin))
    predictions = pd.concat(frames, ignore_index=True)
    scores = _scores(predictions, "macro_f1", _class_metrics, n_test=len(truth))
    _write(folder, scores, predictions, _history(rng, scores), config or _config("bulk_labels"), leaky=leaky)
    if curve:
        (folder / "curve.json").write_text(json.dumps(_curve(rng)))
    return folder


def regression(folder: Path, n=240, *, points_only=False) -> Path:
    """A run that predicts one number, judged by Spearman."""
    rng = np.random.default_rng(11)
    truth = rng.gamma(2.0, 1.4, n)
    frames = []
    for arm, noise in {
        "transfer": 0.7, "scratch": 1.4, "frozen": 1.0, "baseline:linear": 1.5, "baseline:mean": None
    }.items():  # fmt: skip
        for seed in SEEDS:
            if noise is None:
                predicted = np.full(n, truth.mean())
            else:
                predicted = truth.mean() + 0.85 * (truth - truth.mean()) + rng.normal(0, noise, n)
            frames.append(pd.DataFrame({
                "arm": arm, "seed": seed, "id": [f"gb1_{i}" for i in range(n)], "truth": truth, "predicted": predicted
            }))  # fmt: skip
    predictions = pd.concat(frames, ignore_index=True)
    scores = _scores(predictions, "spearman", _number_metrics, n_test=n)
    config = _config("fitness", data="flip_gb1", backbone="cnn", strategy=["full"])
    config["data"]["unit"] = {"fitness": "log enrichment"}
    _write(folder, scores, predictions, _history(rng, scores), config)
    return folder


def hurt(folder: Path) -> Path:
    """The naive transfer loses against scratch and against the linear baseline; the test part leaks."""
    skill = {"transfer": 1.5, "scratch": 2.4, "frozen": 1.2, "baseline:linear": 2.7, "baseline:majority": None}
    return classification(folder, skill=skill, leaky=True)


def no_evidence(folder: Path) -> Path:
    """Two classes, transfer and scratch as good as each other."""
    skill = {"transfer": 1.45, "scratch": 1.4, "frozen": 1.3, "baseline:linear": 1.4}
    config = _config("promoter", data="gue_mouse2", backbone="cnn", strategy=["gradual_unfreeze"])
    return classification(folder, {"0": 130, "1": 110}, skill=skill, config=config, curve=True)


def odd_names(folder: Path) -> Path:
    """Class names that HTML, SVG, mathtext, TSV and pandas could trip over."""
    return classification(folder, ODD_NAMES)


def many_classes(folder: Path) -> Path:
    """24 classes with names of different lengths, one control only."""
    classes = {f"superfamily {i} {'of a longer name' * (i % 3)}": 60 - 2 * i for i in range(24)}
    return classification(folder, classes, skill={"transfer": 4.0, "scratch": 3.0, "baseline:nearest": 1.0})


def comparison(folder: Path) -> Path:
    """A run of `compare`: a second strategy with options is an arm of its own."""
    other = "joint:weight=0.3+l2_sp"
    skill = {"transfer": 2.2, other: 2.0, "scratch": 1.0, "frozen": 1.8, "baseline:linear": 1.5}
    classification(folder, {"exon": 60, "intron": 50, "intergenic": 40}, skill=skill)
    gain = {"value": 0.2, "low": 0.1, "high": 0.3, "verdict": "helped"}
    (folder / "gains.json").write_text(json.dumps({other: gain}))
    sizes = [5, 20, 80]
    points = {name: [{"value": v, "low": v - 0.05, "high": v + 0.05} for v in values] for name, values in {
        "l2_sp": [0.6, 0.7, 0.8], other: [0.58, 0.7, 0.79], "scratch": [0.4, 0.6, 0.81], "frozen": [0.6, 0.65, 0.7],
    }.items()}  # fmt: skip
    (folder / "curve.json").write_text(json.dumps({"metric": "macro_f1", "sizes": sizes, "arms": points}))
    return folder


def few_labels(folder: Path) -> Path:
    """Five labels a class: all of them train, so there is no validation; judged by an error, where less is better."""
    regression(folder)
    config = yaml.safe_load((folder / "run.yaml").read_text())
    (folder / "run.yaml").write_text(yaml.safe_dump({**config, "train_size": 5}))
    history = pd.read_csv(folder / "history.tsv", sep="\t")
    history[["valid_loss", "valid_score"]] = np.nan
    history.to_csv(folder / "history.tsv", sep="\t", index=False)
    scores = json.loads((folder / "scores.json").read_text())
    scores |= {"primary_metric": "rmse", "higher_is_better": False}
    arms = {name: entry["rmse"]["value"] for name, entry in scores["arms"].items()}
    better = arms["scratch"] - arms["transfer"]
    scores["gain"] = {
        "vs_scratch": {"value": better, "low": better - 0.1, "high": better + 0.1, "verdict": "helped"}
    }  # fmt: skip
    (folder / "scores.json").write_text(json.dumps(scores))
    return folder


def detailed(folder: Path) -> Path:
    """A run with all that issue 3 adds: detail of the scores, donors, and an audit that found something."""
    classification(folder, leaky=True)
    truth, names, seeds = _arrays(folder, "transfer")
    rng = np.random.default_rng(5)
    near = np.where(rng.random(len(truth)) < 0.08, 1.0, np.clip(rng.beta(4, 3, len(truth)), 0.32, 0.999))
    right = np.mean([one.argmax(1) == truth for one in seeds], axis=0)
    far = np.concatenate([np.flatnonzero(right < 1)[::2], np.flatnonzero(right == 1)[:12]])
    near[far] = rng.uniform(0.02, 0.29, len(far))
    donors = np.array([f"donor {1 + i % 12}" for i in range(len(truth))], dtype=object)
    half = rng.permutation(len(truth))[:120]
    _add_detail(folder, truth, {"transfer": seeds, "scratch": _arrays(folder, "scratch")[2]}, kind="class",
                classes=names, metric="macro_f1", groups=donors, similarity=near, measure="expression correlation",
                valid=(truth[half], [one[half] for one in seeds]))  # fmt: skip
    audit = json.loads((folder / "audit.json").read_text())
    near_examples = [{"test": f"cell_{i:04d}", "like": f"cell_{300 + i:04d}", "similarity": 0.97} for i in range(5)]
    audit |= {
        "near_duplicates": 21, "near_duplicates_examples": near_examples, "near_threshold": 0.95,
        "near_measure": "expression correlation", "near_tool": "exact search", "pretraining_near": 3,
        "pretraining_near_examples": [{"test": "cell_0003", "similarity": 0.96}],
        "pair_classes": {"C1": 120, "C2": 60, "C3": 20}, "group_overlap": 12, "group_overlap_rows": 200,
        "group_overlap_examples": ["donor 1", "donor 2"], "identifier_leaks": 1,
        "identifier_leaks_examples": ["the header ends in the class"], "shortcuts": SHORTCUTS,
        "reasons": ["7 of the 200 test samples are copies of training ones (3.5%).",
                    "The identifier predicts the target: AUROC 0.970 on the test rows."],
    }  # fmt: skip
    audit["checks"] |= {
        "near_duplicates": "computed: expression correlation, from 0.95 on",
        "group_overlap": "computed",
    }
    (folder / "audit.json").write_text(json.dumps(audit))
    return folder


SHORTCUTS = [
    {"name": "identifier", "column": "id", "what": "fields and runs of letters of the identifier", "level": "leak",
     "metric": "auroc", "value": 0.97, "low": 0.95, "high": 0.98, "chance": 0.5, "suspicious": True,
     "rule": "field 'B' speaks for class 'CD19+ B': AUROC 0.99 by itself.", "left": None},
    {"name": "smiles_writing", "column": "smiles", "what": "how the SMILES is written", "level": "leak",
     "metric": "auroc", "value": 0.91, "low": 0.88, "high": 0.94, "chance": 0.5, "suspicious": True,
     "rule": "aromatic lower case speaks for class 'toxic': AUROC 0.85 by itself.",
     "left": {"after": "neutralised and made canonical", "value": 0.62, "low": 0.5, "high": 0.7}},
    {"name": "length", "column": "sequence", "what": "the number of letters", "level": "warning", "metric": "auroc",
     "value": 0.52, "low": 0.45, "high": 0.59, "chance": 0.5, "suspicious": False, "rule": "", "left": None},
    {"name": "row_order", "column": "row", "what": "where the row stands in the file", "level": "information",
     "metric": "auroc", "value": 1.0, "low": 0.99, "high": 1.0, "chance": 0.5, "suspicious": False,
     "rule": "A high row number speaks for class 'N'.", "left": None},
]  # fmt: skip


def detailed_numbers(folder: Path) -> Path:
    """A regression with intervals, by similarity, without scratch in the bands."""
    regression(folder)
    frame = pd.read_csv(folder / "predictions.tsv", sep="\t")
    seeds = [one["predicted"].to_numpy() for _, one in frame[frame["arm"] == "transfer"].groupby("seed")]
    truth = frame[(frame["arm"] == "transfer") & (frame["seed"] == 0)]["truth"].to_numpy()
    rng = np.random.default_rng(6)
    _add_detail(folder, truth, {"transfer": seeds}, kind="number", classes=[], metric="spearman",
                groups=np.array([f"family {i % 8}" for i in range(len(truth))], dtype=object),
                similarity=rng.uniform(0.3, 0.69, len(truth)), measure="sequence identity",
                valid=(truth[:90], [one[:90] for one in seeds]))  # fmt: skip
    return folder


def undecided(folder: Path) -> Path:
    """A run with detail, but without validation rows and without similarities."""
    no_evidence(folder)
    truth, names, seeds = _arrays(folder, "transfer")
    _add_detail(folder, truth, {"transfer": seeds}, kind="class", classes=names, metric="accuracy", groups=None)
    return folder


def _arrays(folder, arm):
    frame = pd.read_csv(folder / "predictions.tsv", sep="\t", keep_default_na=False, dtype={"truth": str})
    frame = frame[frame["arm"] == arm]
    names = [column.removeprefix("p:") for column in frame.columns if column.startswith("p:")]
    parts = [part for _, part in frame.groupby("seed")]
    truth = np.array([names.index(name) for name in parts[0]["truth"]])
    return truth, names, [part[[f"p:{name}" for name in names]].to_numpy(dtype=float) for part in parts]


def _add_detail(folder, truth, arms, **options):
    from exapt.evaluate.detail import details

    scores = json.loads((folder / "scores.json").read_text())
    scores["detail"] = details(truth, arms, replicates=1000, **options)
    (folder / "scores.json").write_text(json.dumps(scores, allow_nan=False))


def bare(folder: Path) -> Path:
    """Only what a run must leave: run.yaml and scores.json of baselines, nothing trained."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.yaml").write_text(yaml.safe_dump(_config("label")))
    arm = {"macro_f1": {"value": 0.5, "low": 0.4, "high": 0.6}, "fit_seconds": 0.1, "steps": 0}
    scores = {"format_version": 1, "task": "expression", "primary_metric": "macro_f1", "higher_is_better": True,
              "n_test": 50, "seeds": [0], "arms": {"baseline:linear": arm}, "gain": {}}  # fmt: skip
    (folder / "scores.json").write_text(json.dumps(scores))
    return folder


def _class_rows(rng, arm, seed, truth, names, separation, kin):
    n, k = len(truth), len(names)
    if separation is None:
        chances = np.tile(np.bincount(truth, minlength=k) / n, (n, 1))
    else:
        logits = rng.normal(0, 1, (n, k)) + separation * np.eye(k)[truth] + 0.8 * kin[truth]
        chances = np.exp(1.6 * logits) / np.exp(1.6 * logits).sum(1, keepdims=True)
    frame = pd.DataFrame({"arm": arm, "seed": seed, "id": [f"cell_{i:04d}" for i in range(n)]})
    frame["truth"] = np.array(names)[truth]
    frame["predicted"] = np.array(names)[chances.argmax(1)]
    if arm == "baseline:nearest":
        chances = np.full_like(chances, np.nan)
    return pd.concat([frame, pd.DataFrame(chances, columns=[f"p:{name}" for name in names])], axis=1)


def _class_metrics(truth, predicted):
    names, t = np.unique(truth, return_inverse=True)
    p = np.array([{name: i for i, name in enumerate(names)}.get(x, -1) for x in predicted])
    hit = np.array([((t == k) & (p == k)).sum() for k in range(len(names))])
    true, called = np.bincount(t, minlength=len(names)), np.array([(p == k).sum() for k in range(len(names))])
    f1, recall = 2 * hit / np.maximum(true + called, 1), hit / np.maximum(true, 1)
    return {
        "macro_f1": f1.mean(), "accuracy": (t == p).mean(), "balanced_accuracy": recall.mean(),
        "micro_f1": (t == p).mean(), "recall": recall.mean(), "precision": (hit / np.maximum(called, 1)).mean(),
        "f1": (f1 * true).sum() / true.sum(), "mcc": 1.1 * (t == p).mean() - 0.1,
        "auroc": 1 - (t != p).mean() / 3, "auprc": recall.mean() * 0.95,
    }  # fmt: skip


def _number_metrics(truth, predicted):
    error = predicted - truth
    ranks = [pd.Series(x).rank() for x in (truth, predicted)]
    flat = predicted.std() == 0
    return {
        "spearman": 0.0 if flat else ranks[0].corr(ranks[1]),
        "pearson": 0.0 if flat else np.corrcoef(truth, predicted)[0, 1],
        "r2": 1 - (error**2).mean() / truth.var(), "rmse": np.sqrt((error**2).mean()), "mae": np.abs(error).mean(),
    }  # fmt: skip


def _scores(predictions, primary, compute, n_test, replicates=60):
    rng = np.random.default_rng(3)
    draws = [rng.integers(0, n_test, n_test) for _ in range(replicates)]
    arms, boots = {}, {}
    for arm, rows in predictions.groupby("arm", sort=False):
        seeds = [(s["truth"].to_numpy(), s["predicted"].to_numpy()) for _, s in rows.groupby("seed")]
        values = pd.DataFrame([compute(*seed) for seed in seeds]).mean()
        boot = pd.DataFrame([
            pd.DataFrame([compute(t[draw], p[draw]) for t, p in seeds]).mean() for draw in draws
        ])  # fmt: skip
        boots[arm] = boot[primary].to_numpy()
        arms[arm] = {
            name: {"value": float(value), "low": float(boot[name].quantile(0.025)),
                   "high": float(boot[name].quantile(0.975))}
            for name, value in values.items()
        }  # fmt: skip
        trained = not str(arm).startswith("baseline")
        arms[arm] |= {"fit_seconds": 14.2 if trained else 0.31, "steps": 400 if trained else 0}
    best = max((a for a in arms if a.startswith("baseline")), key=lambda a: arms[a][primary]["value"])
    gain = {}
    for key, other in (("vs_scratch", "scratch"), ("vs_best_baseline", best)):
        low, high = np.quantile(boots["transfer"] - boots[other], [0.025, 0.975])
        verdict = "helped" if low > 0 else "hurt" if high < 0 else "no evidence"
        value = arms["transfer"][primary]["value"] - arms[other][primary]["value"]
        gain[key] = {"value": value, "low": float(low), "high": float(high), "verdict": verdict}
    gain["vs_best_baseline"]["arm"] = best
    return {
        "format_version": 1, "task": "expression", "primary_metric": primary, "higher_is_better": True,
        "n_test": n_test, "seeds": list(SEEDS), "arms": arms, "gain": gain, "audit": {},
    }  # fmt: skip


def _history(rng, scores):
    rows = []
    final = {arm: entry[scores["primary_metric"]]["value"] for arm, entry in scores["arms"].items()}
    for arm in [name for name in final if not name.startswith("baseline")]:
        for seed in SEEDS:
            for epoch in range(1, 21):
                speed = {"scratch": 7.0, "frozen": 5.0}.get(arm, 4.0)
                fall = np.exp(-epoch / speed)
                rows.append({
                    "arm": arm, "seed": seed, "epoch": epoch, "train_loss": 0.12 + 2.1 * fall + rng.normal(0, 0.02),
                    "valid_loss": 0.62 + 1.7 * fall + 0.018 * max(epoch - 9, 0) + rng.normal(0, 0.03),
                    "valid_score": final[arm] * (1 - fall) - 0.004 * max(epoch - 12, 0) + rng.normal(0, 0.012),
                    "lr": 1e-3, "seconds": 0.71,
                    "trainable": 1290 if arm == "frozen" or (arm == "transfer" and epoch < 5) else 214_538,
                })  # fmt: skip
    return pd.DataFrame(rows)


def _curve(rng):
    sizes = [0.05, 0.1, 0.3, 1.0]
    arms = {"transfer": [0.61, 0.66, 0.71, 0.74], "scratch": [0.44, 0.55, 0.68, 0.735],
            "frozen": [0.60, 0.62, 0.64, 0.65], "baseline:linear": [0.52, 0.58, 0.66, 0.70],
            "l2_sp": [0.62, 0.66, 0.70, 0.738]}  # fmt: skip
    return {"metric": "macro_f1", "sizes": sizes, "arms": {
        name: [{"value": v, "low": v - 0.04, "high": v + 0.035} for v in values] for name, values in arms.items()
    }}  # fmt: skip


def _config(target, data="pbmc68k_reduced", backbone="mlp", strategy=("l2_sp",)):
    return {
        "data": {"name": data, "input": ["expression"], "target": target},
        "task": {"name": "expression"}, "split": {"name": "stratified", "seed": 0}, "encoder": {"name": "expression"},
        "backbone": {"name": backbone, "weights": f"{backbone}.pbmc_facs"},
        "strategy": [{"name": name} for name in strategy],
        "training": {"epochs": 20, "batch_size": 64, "lr": 0.001, "keep": "best"},
        "controls": "all", "seeds": list(SEEDS),
    }  # fmt: skip


def _write(folder, scores, predictions, history, config, *, leaky=False):
    folder.mkdir(parents=True, exist_ok=True)
    copies = [{"test": f"cell_{i:04d}", "copy": f"cell_{400 + 3 * i:04d}"} for i in range(5)] if leaky else []
    audit = {
        "exact_duplicates": 7 if leaky else 0, "exact_duplicates_examples": copies,
        "exact_duplicates_in_valid": 0, "exact_duplicates_in_valid_examples": [],
        "near_duplicates": 0, "near_duplicates_examples": [],
        "pretraining_overlap": 0, "pretraining_overlap_examples": [],
        "contradicting_labels": 2, "contradicting_labels_examples": ["cell_0007", "cell_0412"],
        "group_overlap": 0, "group_overlap_examples": [],
        "checks": {
            "exact_duplicates": "computed", "near_duplicates": "not computed",
            "pretraining_overlap": "computed: sketch of 94,655 rows, which finds 69.2% of the copies",
            "contradicting_labels": "computed", "group_overlap": "not computed: no group column",
        },
        "verdict": "leaky" if leaky else "clean",
    }  # fmt: skip
    scores["audit"] = {k: audit[k] for k in ("exact_duplicates", "near_duplicates", "pretraining_overlap", "verdict")}
    tensors = ["blocks.0.linear.weight", "blocks.0.linear.bias", "blocks.1.linear.weight", "blocks.1.linear.bias"]
    transfer = {
        "weights": config["backbone"]["weights"], "strategy": config["strategy"],
        "loaded": tensors, "skipped": ["head.weight", "head.bias"], "reinitialised": ["head.weight", "head.bias"],
        "trainable": 210_112, "parameters": 214_538,
    }  # fmt: skip
    provenance = {
        "exapt": "0.1.0+3d68737",
        "command": ["exapt", "finetune", config["data"]["name"], "--task", "expression", "--backbone",
                    config["backbone"]["weights"], "--strategy", "l2_sp", "-o", "runs/first run"],
        "created": "2026-01-02T03:04:05+00:00", "data": {"pbmc68k_reduced.h5ad": "9c1f" * 16}, "seeds": list(SEEDS),
        "versions": {"python": "3.11.9", "torch": "2.13.0", "numpy": "2.4.1"}, "platform": "Linux-6.1-x86_64",
    }  # fmt: skip
    notes = [
        "700 rows read, 700 kept.", "Genes: 763 of the 765 genes are known to the weights (99.7 %).",
        "The target column bulk_labels was taken as a class label (10 classes).",
    ]  # fmt: skip
    for name, value in {
        "scores": scores, "audit": audit, "transfer": transfer, "provenance": provenance, "notes": notes
    }.items():  # fmt: skip
        (folder / f"{name}.json").write_text(json.dumps(value, indent=1))
    (folder / "run.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    predictions.to_csv(folder / "predictions.tsv", sep="\t", index=False)
    history.to_csv(folder / "history.tsv", sep="\t", index=False)
    n = scores["n_test"]
    parts = ["train"] * 50 + ["valid"] * 30 + ["test"] * n
    pd.DataFrame({"id": range(len(parts)), "split": parts}).to_csv(folder / "split.tsv", sep="\t", index=False)
