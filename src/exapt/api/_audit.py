"""The audit of a data set that was cut: what the rows give away, and what shortcuts predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from exapt.api._prepare import Cut, output_names
from exapt.core.contracts import Table, Task
from exapt.core.registry import TASKS

if TYPE_CHECKING:
    from exapt.data.leakage import Evidence

IDENTIFIER = "identifier"  # a shortcut beside the input: a danger to whoever reads it, no leak to a model that does not


def audit_cut(
    cut: Cut, corpora: Sequence[Mapping[str, Any]] = (), *, threshold: float | None = None
) -> tuple[list[Evidence], dict[str, Any]]:
    """Look for leaks between the parts of every fold, in the corpora, and for shortcuts to the label.

    Parameters
    ----------
    cut
        The data set and its folds.
    corpora
        Sketches of whatever else the model has seen.
    threshold
        Similarity of a near duplicate, in (0, 1]; None = the modality's own.

    Returns
    -------
    list
        The evidence of each fold.
    dict
        The object of `audit.json`.
    """
    from exapt.data.leakage import describe, gather

    evidence = gather(cut.table, cut.folds, corpora, threshold=threshold)
    found = describe(evidence)
    found["shortcuts"] = _shortcuts(cut)
    told = f"computed: {len(found['shortcuts'])} of them on the first fold"
    found["checks"]["shortcuts"] = told if found["shortcuts"] else "not computed: no target, or no test rows"
    leaks = [one for one in found["shortcuts"] if one["suspicious"] and one["level"] == "leak"]
    pairs = len(cut.table.names("input")) == 2  # whose identifiers name the entities themselves
    beside = [one for one in leaks if one["name"] == IDENTIFIER and not pairs]
    inside = [one for one in leaks if one["name"] != IDENTIFIER]
    found["identifier_leaks"] = len(beside)
    found["identifier_leaks_examples"] = [one["rule"] for one in beside]
    found["reasons"] += [_sentence(one) for one in inside]
    doubtful = [one for one in found["shortcuts"] if one["suspicious"] and one["level"] == "warning"]
    found["warnings"] = [f"{_sentence(one)} No model may read column {one['column']!r}." for one in beside]
    found["warnings"] += [f"{_sentence(one)} See whether your model does better than that." for one in doubtful]
    if inside:
        found["verdict"] = "leaky"
    return evidence, found


def _shortcuts(cut: Cut) -> list[dict[str, Any]]:
    from exapt.evaluate.shortcuts import shortcuts

    table, fold = cut.table, cut.folds[0]
    targets = table.names("target")
    if not targets or not len(fold.test):
        return []
    if any(table.columns[name].modality == "structure" for name in targets):
        return []  # a label a position: no rule on a whole row could give it away
    task = _task(table.take(fold.train))
    train, test = table.take(fold.train), table.take(fold.test)
    truths = {"train": task.truth(task.targets(train)), "test": task.truth(task.targets(test))}
    found: list[dict[str, Any]] = shortcuts(train, test, truths, task.kind, names=output_names(task, targets))
    return found


def _task(train: Table) -> Task:
    """A task that knows what the targets are: classes, labels or numbers."""
    task: Task = TASKS.build("sequence_property")
    task.fit(train)
    return task


def _sentence(found: Mapping[str, Any]) -> str:
    left = found.get("left")
    rest = f" After it was {left['after']}, {left['value']:.3f} is left." if left else ""
    what = f"{found['what'][:1].upper()}{found['what'][1:]}"
    return f"{what}, predicts the target: {found['metric']} {found['value']:.3f} on the test rows.{rest}"
