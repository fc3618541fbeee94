"""Which rows: a few-label draw, and the parts of a split as a column or a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from exapt.core.contracts import Fold, Rows, Table
from exapt.core.errors import ConfigError
from exapt.core.paths import atomic
from exapt.data.pairs import are_pairs, classes_of, entities
from exapt.data.splits._deal import deal_rows, strata


def subsample(labels: ArrayLike, size: float | int, seed: int, *, label: bool | None = None) -> Rows:
    """Positions of a few labelled examples, sorted.

    Parameters
    ----------
    labels
        Label or number of each training row, shape (n,); missing ones are never drawn.
    size
        A float in (0, 1]: that share, stratified by label or by quantile. A whole number: as many rows of each label,
        all where a label has fewer; of numbers, as many rows in total.
    seed
        Of the random generator.
    label
        Whether the values are labels; None = they are, unless there are fractions or nearly all differ.

    Returns
    -------
    Rows
        Positions in `labels`, ascending.

    Raises
    ------
    ConfigError
        Where the size is neither.

    Examples
    --------
    >>> labels = ["a", "a", "a", "b"]
    >>> rows = subsample(labels, 2, seed=0)
    >>> [labels[i] for i in rows]
    ['a', 'a', 'b']
    """
    whole = isinstance(size, int | np.integer)
    if (whole and size < 1) or (not whole and not 0 < size <= 1):
        raise ConfigError(f"A few-label draw takes a share in (0, 1] or a whole number from 1; found {size!r}.")
    series = pd.Series(labels)
    known: Rows = np.flatnonzero(series.notna())
    values = series.iloc[known]
    is_label = _looks_like_label(values) if label is None else label
    rng = np.random.default_rng(seed)
    codes = strata(values, label=is_label)
    if not whole:
        share: Rows = known[deal_rows(codes, [size, 1 - size], rng) == 0]
        return share
    if not is_label:
        return np.sort(known[_spread(codes, min(int(size), len(known)), rng)])
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    starts = np.cumsum(np.bincount(codes)) - np.bincount(codes)
    nth = np.arange(len(order)) - starts[codes[order]]
    return np.sort(known[order[nth < size]])


def _looks_like_label(values: pd.Series[Any]) -> bool:
    if values.dtype.kind not in "iuf":
        return True
    numbers = values.to_numpy(dtype=np.float64)
    return bool(np.all(numbers == np.rint(numbers))) and 2 * values.nunique() <= len(values)


def _spread(codes: NDArray[np.int64], total: int, rng: np.random.Generator) -> Rows:
    """`total` positions that are spread evenly over the bins."""
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    steps = (np.arange(total) + rng.random()) * len(order) / max(total, 1)
    spread: Rows = order[steps.astype(np.int64)]
    return spread


def column(fold: Fold, n: int) -> NDArray[np.str_]:
    """The part of each of n rows: train, valid, test, or dropped.

    Examples
    --------
    >>> column(Fold(np.array([0, 3]), np.array([1]), np.array([2])), 4).tolist()
    ['train', 'valid', 'test', 'train']
    """
    words = np.full(n, "dropped")
    for name in ("train", "valid", "test"):
        words[getattr(fold, name)] = name
    return words


def write(folds: Sequence[Fold], table: Table, path: Path) -> None:
    """Write a split as a tab-separated file: id and split, or id, split_1 ... split_k for k folds.

    The split `predefined` reads each column again. For a table of pairs, a column pair_class (pair_class_1 ...) says of
    each test pair whether both of its entities (C1), one (C2) or none (C3) are in training.

    Parameters
    ----------
    folds
        The folds of one table, in the order repeat, fold, inner fold.
    table
        The table, for its ids and its pairs.
    path
        Where to write; the file appears complete or not at all.
    """
    codes = entities(table) if are_pairs(table) else None
    columns: dict[str, Any] = {"id": table.ids()}
    for number, fold in enumerate(folds, start=1):
        ending = f"_{number}" if len(folds) > 1 else ""
        columns[f"split{ending}"] = column(fold, len(table))
        if codes is not None:
            classes = np.full(len(table), "", dtype="<U2")
            classes[fold.test] = classes_of(codes, fold)
            columns[f"pair_class{ending}"] = classes
    with atomic(path) as temporary:
        pd.DataFrame(columns).to_csv(temporary, sep="\t", index=False)
