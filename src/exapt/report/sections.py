"""What each section of the page shows, as plain values for the template."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exapt.report import words
from exapt.report.content import Arm, ReportContent, Score


@dataclass(frozen=True)
class Cell:
    """A number in a table, with its interval below it."""

    value: str
    bounds: str = ""
    best: bool = False


@dataclass(frozen=True)
class ArmRow:
    """One arm in the table of scores."""

    name: str
    label: str
    meaning: str
    kind: str
    cells: Sequence[Cell]
    time: str
    steps: str


def question(content: ReportContent) -> str:
    """The title of the page."""
    targets = content.names("target")
    what = f" to predict {words.listed(targets)}" if targets else ""
    return f"Did transfer learning help{what}?"


def facts(content: ReportContent) -> list[tuple[str, str]]:
    """What the task is, label and text."""
    config = content.config
    lines = [
        ("Data", _data(content)),
        ("To be predicted", _target(content)),
        ("Examples", _examples(content)),
        ("How they were divided", _split(content)),
        ("Starting weights", _weights(content)),
        ("Strategy", _strategy(config.get("strategy") or content.transfer.get("strategy"))),
        ("Repeats", _repeats(content)),
    ]
    return [(label, text) for label, text in lines if text]


def _data(content: ReportContent) -> str:
    data = content.config.get("data")
    name = str(data.get("name", "")) if isinstance(data, Mapping) else str(data or "")
    inputs = [
        " ".join(dict.fromkeys([column, str(content.columns.get(column, {}).get("modality") or column)]))
        for column in content.names("input")
    ]
    return name + (f" (input: {words.listed(inputs)})" if inputs else "")


def _target(content: ReportContent) -> str:
    targets = words.listed(content.names("target"))
    if content.predicts == "class":
        found = sorted(set(content.predictions["truth"]))
        classes = max(len(content.probability_columns), len(found))
        return f"{targets or 'the label'}: one of {words.count(classes, 'class', 'classes')}"
    if content.predicts == "number":
        return f"{targets or 'the target'}: a number" + (f", in {content.unit}" if content.unit else "")
    return targets


def _examples(content: ReportContent) -> str:
    names = {"train": "for training", "valid": "for validation", "test": "for the test", "dropped": "left out"}
    parts = [f"{content.parts[part]:,} {text}" for part, text in names.items() if content.parts.get(part)]
    text = words.listed(parts) or f"{int(content.scores.get('n_test', 0)):,} for the test"
    size = content.config.get("train_size")
    if isinstance(size, float) and size < 1:
        text += f"; only {size:.0%} of the training labels were used"
    elif isinstance(size, int) and not isinstance(size, bool):
        each = " a class" if content.predicts == "class" else ""
        text += f"; only {words.count(size, 'training label')}{each} {'was' if size == 1 else 'were'} used"
    return text


def _split(content: ReportContent) -> str:
    texts = []
    chosen = [note.split()[1].rstrip(",") for note in content.notes if note.startswith("split: ")]
    for name in words.names(content.config.get("split")) or chosen[:1]:  # the default split stands in the notes only
        plain = words.SPLITS.get(name)
        texts.append(f"{name}: {plain}" if plain else name)
    groups = content.names("group")
    return "; ".join(texts) + (f" (group: {words.listed(groups)})" if texts and groups else "")


def _weights(content: ReportContent) -> str:
    backbone = content.config.get("backbone")
    section: Mapping[str, Any] = backbone if isinstance(backbone, Mapping) else {"name": str(backbone or "")}
    weights = content.transfer.get("weights") or section.get("weights")
    name = str(section.get("name", ""))
    return f"{weights}, a network of the type {name}" if weights else f"none: the network ({name}) starts at random"


def _strategy(section: Any) -> str:
    return "; ".join(
        f"{name}: {words.STRATEGIES[name]}" if name in words.STRATEGIES else name for name in words.names(section)
    )


def _repeats(content: ReportContent) -> str:
    seeds = [str(seed) for seed in content.scores.get("seeds") or ()]
    if not seeds:
        return ""
    text = words.count(len(seeds), "random seed")
    return f"{text} ({', '.join(seeds)}); scores are means over them" if len(seeds) > 1 else f"{text} ({seeds[0]})"


def metric_columns(content: ReportContent) -> list[tuple[str, str, str]]:
    """Name, label and meaning of the metrics in the table of arms: the primary first, no single classes, no twins."""
    twins = same_metrics(content)
    return [
        (name, words.metric(name), words.metric_meaning(name)) for name in _metric_names(content) if name not in twins
    ]


def same_metrics(content: ReportContent) -> dict[str, str]:
    """Metrics that equal an earlier one in every arm of this run, as micro-F1 equals accuracy: name -> the other."""
    arms = content.arms
    twins: dict[str, str] = {}
    for i, name in enumerate(names := _metric_names(content)):
        for other in names[:i]:
            pairs = [
                (arm.scores.get(name, Score(None)).value, arm.scores.get(other, Score(None)).value) for arm in arms
            ]
            if other not in twins and all(a is not None and b is not None and abs(a - b) < 1e-9 for a, b in pairs):
                twins[name] = other
                break
    return twins


def _metric_names(content: ReportContent) -> list[str]:
    found = [name for arm in content.arms for name in arm.scores if ":" not in name]
    return list(dict.fromkeys([content.primary, *found]))


def arm_rows(content: ReportContent) -> list[ArmRow]:
    """The table of all arms."""
    metrics = [name for name, _, _ in metric_columns(content)]
    best = {name: _best(content, name) for name in metrics}
    return [
        ArmRow(
            arm.name,
            words.arm(arm.name),
            _arm_meaning(content, arm),
            arm.kind,
            [_cell(arm.scores.get(name, Score(None)), best[name]) for name in metrics],
            words.duration(arm.fit_seconds),
            "–" if not arm.steps else f"{arm.steps:,}",
        )
        for arm in content.arms
    ]


def _arm_meaning(content: ReportContent, arm: Arm) -> str:
    if arm.kind != "transfer":
        return words.arm_meaning(arm.name)
    names = words.names(content.config.get("strategy"))
    return f"strategy {words.listed(names)}" if names else words.arm_meaning(arm.name)


def _best(content: ReportContent, metric: str) -> float | None:
    values = [arm.scores[metric].value for arm in content.arms if metric in arm.scores]
    known = [value for value in values if value is not None]
    higher = content.higher_is_better if metric == content.primary else metric not in words.LOWER_IS_BETTER
    return (max if higher else min)(known, default=None)


def _cell(score: Score, best: float | None) -> Cell:
    bounds = ""
    if score.bounds is not None:
        low, high = score.bounds
        decimals = 2 if (low == high or high - low >= 0.01) and max(abs(low), abs(high)) < 10 else None
        bounds = (" to " if low < 0 else "–").join(words.number(bound, decimals=decimals) for bound in (low, high))
    return Cell(words.number(score.value), bounds, score.value is not None and score.value == best)


def transferred(content: ReportContent) -> dict[str, Any]:
    """What transfer.json says, for people: counts, names of tensors, share of trainable parameters."""
    report = content.transfer
    tensors = {key: [_name(item) for item in report.get(key) or ()] for key in ("loaded", "skipped", "reinitialised")}
    total, trainable = report.get("parameters"), report.get("trainable")
    share = trainable / total if total and trainable is not None else None
    return {
        "weights": report.get("weights"),
        "strategies": [
            (words.arm(name), words.STRATEGIES.get(name, "")) for name in words.names(report.get("strategy"))
        ],
        "tensors": tensors,
        "total": total,
        "trainable": trainable,
        "share": share,
    }


def _name(item: Any) -> str:
    if isinstance(item, Mapping):
        return " ".join(str(value) for value in item.values())
    return " ".join(str(part) for part in item) if isinstance(item, list | tuple) else str(item)


def commands(content: ReportContent) -> list[tuple[str, str]]:
    """What to type: as it was typed, from this folder alone, and to use the model; title and command."""
    found = []
    typed = content.provenance.get("command")
    if typed:
        found.append(("The command that made this run", shlex.join(str(part) for part in typed)))
    run = shlex.quote(content.name)
    found.append(("The same from this folder alone", f"exapt finetune {run}/run.yaml -o again"))
    found.append(("Use the model on new data", f"exapt predict {run} NEW_DATA -o predictions.tsv"))
    return found


def provenance_rows(content: ReportContent) -> list[tuple[str, str]]:
    """Everything that decides the numbers, label and value."""
    record = content.provenance
    rows = [("exapt", str(record.get("exapt", ""))), ("made", str(record.get("created", "")).replace("T", " "))]
    rows += [(f"data {name}", f"SHA-256 {digest}") for name, digest in (record.get("data") or {}).items()]
    rows.append(("seeds", ", ".join(str(seed) for seed in record.get("seeds") or ())))
    rows += [(str(name), str(version)) for name, version in (record.get("versions") or {}).items()]
    rows.append(("platform", str(record.get("platform", ""))))
    return [(label, value) for label, value in rows if value]


def configuration(content: ReportContent) -> str:
    """run.yaml as text, for the collapsible part."""
    return json.dumps(dict(content.config), indent=2, ensure_ascii=False, default=str)
