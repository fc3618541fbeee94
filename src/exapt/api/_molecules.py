"""What the report shows of molecules: the best and the worst predictions as structures, and activity cliffs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.api._attributions import Attributed, attribute
from exapt.api._explanation_files import atom_values, unit_of
from exapt.api._prepare import encode, output_names
from exapt.api._run import OpenedRun, open_run
from exapt.api.explanation import usual_method
from exapt.core.contracts import Fold, Rows, Table, Task
from exapt.core.examples import Examples
from exapt.core.paths import write_json
from exapt.core.registry import EXPLAINERS

FILE = "explain/molecules.json"
BEST, WORST = 4, 8  # the worst teach more
TESTED = 40  # molecules of the deletion test
PAIRS = 4  # cliffs that are drawn
LOGARITHMIC = re.compile(r"\blog|^p[A-Z]")  # units on a log10 scale, on which 1 is tenfold

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """The test rows of a run with what the kept model says of them.

    Attributes
    ----------
    opened, table, ids, column
        The run, its test rows with their identifiers, and the column of molecules.
    examples, truth, decoded
        Encoded rows, (n,) or (n, T) truth, and predictions.
    loss
        (n, T) error of each target; NaN = unknown.
    similarity
        (n,) to the nearest training row; NaN = not known.
    """

    opened: OpenedRun
    table: Table
    ids: Sequence[str]
    column: str
    examples: Examples
    truth: NDArray[Any]
    decoded: Floats
    loss: Floats
    similarity: Floats

    @property
    def task(self) -> Task:
        """The fitted task."""
        return self.opened.task

    def smiles(self, row: int) -> str:
        """The molecule of a row."""
        return str(self.table.frame[self.column].iloc[row])

    def outputs(self) -> Rows:
        """(n,) which output is shown of each row: the predicted class, else the target with the largest error."""
        if self.task.kind == "class":
            return np.asarray(self.decoded.argmax(1), dtype=np.int64)
        return np.asarray(np.nan_to_num(self.loss, nan=-1.0).argmax(1), dtype=np.int64)


def write_molecules(run: Path, table: Table, fold: Fold, similarity: Floats | None = None) -> None:
    """Write `explain/molecules.json` into a run on molecules; nothing for other runs.

    Parameters
    ----------
    run
        A run folder that holds its model.
    table, fold
        The cleaned table and the fold of the kept model.
    similarity
        (n_test,) to the nearest training row, as the audit found it.
    """
    columns = [name for name in table.names("input") if table.columns[name].modality == "molecule"]
    if not columns or not len(fold.test):
        return
    ids = table.ids()
    judged = _judge(open_run(run), table.take(fold.test), [ids[row] for row in fold.test], columns[0], similarity)
    chosen = _best_and_worst(judged)
    if not len(chosen):
        return
    shown = {"format_version": 1, "unit": unit_of(judged.task.kind)} | _drawn(judged, chosen)
    single = len(table.names("target")) == 1 and len(table.names("input")) == 1
    if single and judged.task.kind != "multilabel":
        shown["cliffs"] = _cliffs(judged, table, fold)
    write_json(run / FILE, shown)


def _judge(opened: OpenedRun, test: Table, ids: Sequence[str], column: str, similarity: Floats | None) -> Judged:
    from exapt.transfer.training.predict import predict

    task = opened.task
    examples = encode(test, opened.encoders, task.targets(test))
    decoded = task.decode(predict(opened.model, examples, opened.training))
    truth = task.truth(examples.targets)
    near = np.full(len(test), np.nan) if similarity is None else np.asarray(similarity, dtype=np.float64)
    return Judged(opened, test, ids, column, examples, truth, decoded, _losses(task, truth, decoded), near)


def _losses(task: Task, truth: NDArray[Any], decoded: Floats) -> Floats:
    """Error of each target, (n, T): minus the log-probability of the truth, or the absolute error; NaN = unknown."""
    if task.kind == "class":
        chance = decoded[np.arange(len(truth)), np.maximum(truth, 0)]
        return np.where(truth >= 0, -np.log(np.maximum(chance, 1e-12)), np.nan)[:, None]
    given, said = truth.reshape(len(truth), -1).astype(np.float64), decoded.reshape(len(truth), -1)
    if task.kind == "multilabel":
        return np.asarray(-np.log(np.maximum(np.where(given > 0.5, said, 1 - said), 1e-12)) + 0 * given)
    spread = np.nanstd(given, axis=0)
    return np.asarray(np.abs(said - given) / np.where(spread > 0, spread, 1.0))


def _best_and_worst(judged: Judged) -> Rows:
    """Rows in the order of their error, each molecule once: at most the best 4 and the worst 8."""
    from exapt.bio.chem.standard import readable

    known = np.isfinite(judged.loss).any(1)
    total = np.full(len(judged.table), np.nan)
    total[known] = np.nanmean(judged.loss[known], axis=1)
    first = ~judged.table.frame[judged.column].duplicated().to_numpy()
    rows = np.flatnonzero(known & first)
    rows = rows[np.argsort(total[rows], kind="stable")]
    if len(rows) > BEST + WORST:
        rows = np.concatenate([rows[:BEST], rows[-WORST:]])
    return np.asarray(rows[readable([judged.smiles(int(row)) for row in rows])], dtype=np.int64)


def _explained(judged: Judged, chosen: Rows) -> Attributed | None:
    """Attributions of the chosen rows and of some more for the deletion test; None where the task has no one output."""
    if judged.task.needs != "pooled" or judged.decoded.ndim > 2:
        return None
    others = np.random.default_rng(0).permutation(np.setdiff1d(np.arange(len(judged.table)), chosen))
    rows = np.concatenate([chosen, others[: max(0, TESTED - len(chosen))]])
    return attribute(
        judged.opened.model,
        judged.task,
        judged.examples.take(rows),
        EXPLAINERS.build(usual_method(judged.opened.encoders[judged.column])),
        judged.column,
        outputs=judged.outputs()[rows],
    )


def _drawn(judged: Judged, chosen: Rows) -> dict[str, Any]:
    """The chosen molecules as structures, coloured where the model could be explained, and the deletion test."""
    from exapt.bio.chem.atoms_drawing import draw_atoms, legend
    from exapt.explain._faithfulness import summary

    found = _explained(judged, chosen)
    encoder = judged.opened.encoders[judged.column]
    values: list[Floats | None] = [None] * len(chosen)
    if found is not None:
        values = [atom_values(encoder, judged.smiles(int(row)), found.values[i]) for i, row in enumerate(chosen)]
    peaks = [float(np.abs(value).max(initial=0.0)) for value in values if value is not None]
    limit = float(np.quantile(peaks, 0.9)) if peaks else 0.0
    cards = []
    for row, value in zip(chosen, values, strict=True):
        svg = draw_atoms(judged.smiles(int(row)), value, limit=limit or 1.0)
        cards.append({**_said(judged, int(row)), "svg": svg})
    cut = min(BEST, len(cards) // 2)
    test = found.test if found is not None and peaks else None
    return {
        "method": usual_method(encoder) if peaks else None,
        "legend": legend(limit, unit_of(judged.task.kind)) if limit else None,
        "faithfulness": dict(summary(test, judged.task.kind)) if test is not None else None,
        "best": cards[:cut],
        "worst": cards[cut:][::-1],
    }


def _said(judged: Judged, row: int) -> dict[str, Any]:
    """Id, molecule, truth and prediction of a row, and the similarity to training."""
    task, output = judged.task, int(judged.outputs()[row])
    targets = judged.table.names("target")
    names = output_names(task, targets) or targets
    said: dict[str, Any] = {"id": judged.ids[row], "smiles": judged.smiles(row)}
    if task.kind == "class":
        said |= {"truth": names[int(judged.truth[row])], "predicted": names[output]}
        said["probability"] = float(judged.decoded[row, output])
    else:
        truth, decoded = (part.reshape(len(judged.table), -1) for part in (judged.truth, judged.decoded))
        key = "probability" if task.kind == "multilabel" else "predicted"
        said |= {"truth": float(truth[row, output]), key: float(decoded[row, output])}
        said |= {"target": names[output]} if len(names) > 1 else {}
    similarity = float(judged.similarity[row])
    return {**said, "similarity": similarity if np.isfinite(similarity) else None}


def _cliffs(judged: Judged, table: Table, fold: Fold) -> dict[str, Any]:
    """The cliffs between test molecules and all others, how well they are predicted, and the steepest drawn."""
    from exapt.evaluate.cliffs import across_cliffs, activity_cliffs

    task, rows = judged.task, np.concatenate([fold.test, fold.train])
    kind = task.kind
    unit = table.columns[table.names("target")[0]].unit or ""
    targets = np.full(len(table), np.nan)
    targets[rows] = task.truth(task.targets(table.take(rows)))
    tenfold = kind == "number" and bool(LOGARITHMIC.search(unit))
    least = 1.0 if tenfold or kind == "class" else float(np.nanstd(targets[fold.train]))
    texts = table.frame[judged.column].astype(str).tolist()
    found = activity_cliffs(texts, targets, fold.test, fold.train, kind=kind, least=least)
    known = np.isfinite(judged.loss).all(1)
    scored = across_cliffs(found, fold.test[known], judged.truth[known], judged.decoded[known], kind=kind)
    steep = found.pairs[found.steep]
    examples = []
    for number in _apart(steep)[:PAIRS]:
        similarity = float(found.tanimoto[found.steep][number])
        sides = [_side(judged, table, fold, int(row)) for row in steep[number]]
        near = similarity if np.isfinite(similarity) else None
        difference = float(found.difference[found.steep][number])
        examples.append({"sides": sides, "tanimoto": near, "difference": difference})
    return {**scored, "tenfold": tenfold, "unit": unit, "examples": examples}


def _apart(pairs: Rows) -> Sequence[int]:
    """Numbers of the first pairs in which no molecule stands twice."""
    seen: set[int] = set()
    kept = []
    for number, pair in enumerate(pairs.tolist()):
        if not seen & set(pair):
            seen |= set(pair)
            kept.append(number)
    return kept


def _side(judged: Judged, table: Table, fold: Fold, row: int) -> dict[str, Any]:
    from exapt.bio.chem.atoms_drawing import draw_atoms

    place = np.flatnonzero(fold.test == row)
    if len(place):
        said = {**_said(judged, int(place[0])), "part": "test"}
    else:
        one = table.take(np.array([row]))
        truth = judged.task.truth(judged.task.targets(one))[0]
        known = judged.task.classes[int(truth)] if judged.task.kind == "class" else float(truth)
        smiles = str(one.frame[judged.column].iloc[0])
        said = {"id": table.ids()[row], "smiles": smiles, "truth": known, "part": "training"}
    return {**said, "svg": draw_atoms(said["smiles"])}
