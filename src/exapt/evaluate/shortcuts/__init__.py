"""Shortcuts: what a row should not be judged by, and how well it predicts the label all the same.

Each view holds a few features from which a biologist would not accept a prediction. A small model (linear, and shallow
trees for dense features) learns from a view of the training rows and is scored on the test rows.

=================  ===========  ========================================================================
view               level        what it sees
=================  ===========  ========================================================================
`smiles_writing`   leak         the signs of a SMILES, not its molecule
`letter_case`      leak         the share of lower-case letters of a sequence
`missingness`      leak         which cells are blank, the share of unknown letters (warning: zeros of genes,
                                cells of columns without a role)
`identifier`       leak         fields and runs of letters of identifiers and headers (information where they
                                spell out the input, as a variant's name does; warning for pairs)
`length`           warning      the number of letters
`composition`      warning      shares of letters or elements; sum and detected genes; brightness
`other_columns`    warning      columns without a role: another label, a batch
`row_order`        information  the place in the file
=================  ===========  ========================================================================

A finding is suspicious where its whole 95 % interval lies above chance by more than 0.05 AUROC (leak) or 0.10 AUROC
(warning); twice as much of Spearman's rho, because AUROC 0.5 to 1 is Somers' D 0 to 1. So it is where the interval lies
as far below chance, which is no luck either: rows with equal features have opposite labels in the two parts, as happens
where negatives are shuffled positives and a split parts the two. How a SMILES is
written also holds some chemistry, so `smiles_writing` must besides lose some of its score, with the paired 95 %
interval above 0, when the SMILES are neutralised, desalted and made canonical: that loss is what writing alone gave
away. In any case the score must lie three standard deviations of shuffled labels from chance (Mann-Whitney), because a
dozen views are tried and a bootstrap of a few rows is too sure. Information is never suspicious. A view without
features that vary in training is left out.

References
----------
Mann and Whitney 1947, On a test of whether one of two random variables is stochastically larger than the other.
doi:10.1214/aoms/1177730491
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.contracts import Rows, Table
from exapt.evaluate.intervals import FEWEST_REPLICATES, Interval, difference, interval
from exapt.evaluate.metrics._metric import Floats, Metric, find
from exapt.evaluate.shortcuts import _columns, _inputs
from exapt.evaluate.shortcuts._model import Kind, Truth, predict, strongest
from exapt.evaluate.shortcuts._view import Level, View

__all__ = ["shortcuts"]

TRAIN_ROWS = 10_000  # drawn where there are more
TEST_ROWS = 5_000
MARGINS: Mapping[Level, float] = {"leak": 0.05, "warning": 0.10, "information": np.inf}  # of AUROC
OPPOSITE = " Test rows have the opposite label of training rows with such features (shuffled copies, say)."
SURE = 3.0  # standard deviations under shuffled labels: a dozen views are tried at once
AFTER = "neutralised, desalted and canonicalised, without stereo marks"


def shortcuts(
    train: Table, test: Table, targets: Mapping[str, ArrayLike], kind: Kind, *, names: Sequence[str] = (), seed: int = 0
) -> list[dict[str, Any]]:
    """Predict the target from views that should not be enough for it.

    Parameters
    ----------
    train, test
        Rows of two parts of one table; at most 10,000 and 5,000 of them are drawn.
    targets
        ``{"train": ..., "test": ...}``: (n,) class numbers, negative = missing; (n, T) of 0, 1 or NaN; (n,) or (n, T)
        values, NaN = missing. Of more than 20 classes, labels or values the 20 with the most training rows are scored.
    kind
        What the targets are.
    names
        Of the classes, labels or values, for the sentences.
    seed
        Of the draws and the trees.

    Returns
    -------
    list of dict
        JSON, one a view and column: name, column, what, level (leak, warning, information), metric (auroc: macro one
        against the rest, or mean over labels; spearman), value, low, high (95 % interval over the groups of the test
        rows; null where undefined), chance, suspicious, rule (the strongest single feature in a sentence), left (null,
        or what remains in standard form: after, value, low, high, lost = paired difference with its interval,
        unreadable = rows without a standard form), n_train, n_test. Empty where no row of a part has a known target.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> label = np.tile([0, 1], 50)
    >>> ids = [f"{'neg' if y == 0 else 'pos'}|{i}" for i, y in enumerate(label)]
    >>> frame = pd.DataFrame({"id": ids, "dna": ["ACGT", "TGCA"] * 50})
    >>> table = Table(frame, {"id": Column("id", "label"), "dna": Column("input", "dna")}, "toy")
    >>> (found,) = [f for f in shortcuts(table, table, {"train": label, "test": label}, "class") if f["suspicious"]]
    >>> found["name"], found["value"], found["rule"]
    ('identifier', 1.0, "Field 'pos' speaks for class '1': AUROC 1.00 by itself; so do form 'pos|0'.")
    """
    parts = [_drawn(part, np.asarray(targets[key], dtype=np.float64), kind, (seed, number))
             for number, (key, part) in enumerate((("train", train), ("test", test)))]  # fmt: skip
    (rows, first), (test_rows, second) = parts
    if not len(rows) or not len(test_rows):
        return []
    truth = Truth.of(first, second, kind, names)
    train, test = train.take(rows), test.take(test_rows)
    metric = find("spearman" if kind == "number" else "auroc")
    views = chain(_inputs.views(train, test), _columns.views(train, test))
    return [_finding(view, truth, metric, _groups(test), seed) for view in views if view.varies()]


def _drawn(part: Table, values: Floats, kind: Kind, seed: tuple[int, int]) -> tuple[Rows, NDArray[Any]]:
    """Rows with a known target, in random order, and their targets."""
    values = values[:, None] if kind != "class" and values.ndim == 1 else values
    known = np.flatnonzero(values >= 0 if kind == "class" else np.isfinite(values).any(1))
    rows = np.random.default_rng(seed).permutation(known)[: (TRAIN_ROWS, TEST_ROWS)[seed[1]]]
    return rows, values[rows].astype(np.int64) if kind == "class" else values[rows]


def _groups(test: Table) -> NDArray[Any]:
    names = test.names("group")
    return test.frame[names[0]].to_numpy() if names else np.arange(len(test))


def _finding(view: View, truth: Truth, metric: Metric, groups: NDArray[Any], seed: int) -> dict[str, Any]:
    truth = truth.take(slice(view.train.shape[0]), slice(view.test.shape[0]))  # texts are read of fewer rows
    groups = groups[: len(truth.test)]
    options: dict[str, Any] = {"replicates": FEWEST_REPLICATES, "seed": seed}
    scores = predict(view.train, view.test, truth, seed)
    found = interval(metric, truth.test, [scores], groups, **options)
    number = truth.kind == "number"
    chance, margin = (0.0, 2 * MARGINS[view.level]) if number else (0.5, MARGINS[view.level])
    sure = abs(found.value - chance) > SURE * truth.luck()
    below = bool(sure and found.high < chance - margin)
    suspicious, left = bool(sure and found.low > chance + margin) or below, None
    if view.neutral is not None:
        first, second, unreadable = view.neutral()
        rest = predict(first, second, truth, seed)
        lost = difference(metric, truth.test, ([scores], [rest]), groups, **options)
        remains = interval(metric, truth.test, [rest], groups, **options)
        suspicious = suspicious and lost.low > 0
        left = {"after": AFTER, **_json(remains), "lost": _json(lost), "unreadable": unreadable}
    return {
        "name": view.name,
        "column": view.column,
        "what": view.what,
        "level": view.level,
        "metric": metric.name,
        **_json(found),
        "chance": chance,
        "suspicious": suspicious,
        "rule": strongest(view.train, view.test, view.features, truth) + (OPPOSITE if below else ""),
        "left": left,
        "n_train": len(truth.train),
        "n_test": len(truth.test),
    }


def _json(found: Interval) -> dict[str, float | None]:
    values = {"value": found.value, "low": found.low, "high": found.high}
    return {key: float(value) if np.isfinite(value) else None for key, value in values.items()}
