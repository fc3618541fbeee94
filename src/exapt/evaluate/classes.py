"""Scores class by class, and which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import DataError
from exapt.evaluate.bands import plain
from exapt.evaluate.intervals import REPLICATES, interval
from exapt.evaluate.metrics._counts import count
from exapt.evaluate.metrics._metric import Floats, find

if TYPE_CHECKING:
    import pandas as pd


def per_class(truth: ArrayLike, prediction: ArrayLike, classes: Sequence[str]) -> pd.DataFrame:
    """Precision, recall and F1 of each class or label.

    Parameters
    ----------
    truth
        (n,) classes, negative = missing; or (n, T) of 0, 1 or NaN.
    prediction
        (n, C) or (n, T) probabilities.
    classes
        Names of the C classes or T labels.

    Returns
    -------
    DataFrame
        Index: the names. Columns: support (true rows), guesses, precision, recall, f1; NaN where undefined,
        precision 0 where a class occurs and is never guessed.

    Raises
    ------
    DataError
        Where the shapes do not fit together or a class has no name.

    Examples
    --------
    >>> per_class([0, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], ["T", "B"])
       support  guesses  precision  recall        f1
    T        2        1        1.0     0.5  0.666667
    B        1        2        0.5     1.0  0.666667
    """
    import pandas as pd

    true, guess = _known(np.asarray(truth), np.asarray(prediction, dtype=np.float64), classes)
    counts = count(true, guess, np.ones((1, len(true))))
    columns = {
        "support": counts.support[0].astype(np.int64),
        "guesses": counts.guesses[0].astype(np.int64),
        "precision": counts.precision()[0],
        "recall": counts.recall()[0],
        "f1": counts.f1()[0],
    }
    return pd.DataFrame(columns, index=list(classes))


def ranked_labels(
    truth: ArrayLike,
    predictions: Sequence[ArrayLike],
    groups: Sequence[Any] | NDArray[Any],
    *,
    replicates: int = REPLICATES,
) -> list[dict[str, Any]]:
    """How well each label of a multi-label target is ranked, with 95 % intervals over the rows.

    Parameters
    ----------
    truth
        (n, T) of 0, 1 or NaN.
    predictions
        One array (n, T) of probabilities a seed.
    groups
        (n,) resampling unit of each row.
    replicates
        At least 1,000.

    Returns
    -------
    list of dict
        One a label: auroc and auprc, each with value, low and high; None where undefined (no row has the label, or
        all have it).

    Examples
    --------
    >>> truth = np.tile([[0.0, 1.0], [1.0, 0.0]], (10, 1))
    >>> [label["auroc"]["value"] for label in ranked_labels(truth, [truth], np.arange(20))]
    [1.0, 1.0]
    """
    true = np.asarray(truth, dtype=np.float64)
    guesses = [np.asarray(one, dtype=np.float64) for one in predictions]
    found = []
    for k in range(true.shape[1]):
        column = slice(k, k + 1)
        known = np.isfinite(true[:, k])
        seeds = [guess[known, column] for guess in guesses]
        scores = {
            name: interval(find(name), true[known, column], seeds, np.asarray(groups)[known], replicates=replicates)
            for name in ("auroc", "auprc")
        }
        found.append({name: plain(score) for name, score in scores.items()})
    return found


def per_class_rows(truth: ArrayLike, predictions: Sequence[ArrayLike], classes: Sequence[str]) -> list[dict[str, Any]]:
    """The table of `per_class` as JSON, mean over seeds.

    Parameters
    ----------
    truth, classes
        As for `per_class`.
    predictions
        One array a seed.

    Returns
    -------
    list of dict
        One a class: class, support, guesses, precision, recall, f1; None where undefined in every seed.

    Examples
    --------
    >>> rows = per_class_rows([0, 0, 1], [[[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]], ["T", "B"])
    >>> rows[0] == {"class": "T", "support": 2, "guesses": 1.0, "precision": 1.0, "recall": 0.5, "f1": 2 / 3}
    True
    """
    import pandas as pd

    tables = [per_class(truth, prediction, classes).assign(place=range(len(classes))) for prediction in predictions]
    mean = pd.concat(tables).groupby("place").mean()
    return [
        {
            "class": name,
            "support": int(row["support"]),
            **{key: float(row[key]) if row[key] == row[key] else None for key in mean.columns if key != "support"},
        }
        for name, (_, row) in zip(classes, mean.iterrows(), strict=True)
    ]


def confusion(truth: ArrayLike, prediction: ArrayLike, classes: Sequence[str]) -> pd.DataFrame:
    """Count how often each class (row) is guessed as each class (column).

    Parameters
    ----------
    truth
        (n,) classes, negative = missing.
    prediction
        (n, C) probabilities.
    classes
        Names of the C classes.

    Raises
    ------
    DataError
        Where the shapes do not fit together or a class has no name.

    Examples
    --------
    >>> confusion([0, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], ["T", "B"])
       T  B
    T  1  1
    B  0  1
    """
    import pandas as pd

    true, guess = _known(np.asarray(truth), np.asarray(prediction, dtype=np.float64), classes)
    if true.ndim == 2:
        raise DataError("A confusion matrix needs one class a row; labels are not exclusive. Use per_class.")
    size = len(classes)
    cells = np.bincount(true * size + guess.argmax(1), minlength=size**2)
    return pd.DataFrame(cells.reshape(size, size), index=list(classes), columns=list(classes))


def _known(truth: NDArray[Any], prediction: Floats, classes: Sequence[str]) -> tuple[NDArray[Any], Floats]:
    where = f"truth {truth.shape}, prediction {prediction.shape}, {len(classes)} names"
    if prediction.ndim != 2 or len(truth) != len(prediction) or prediction.shape[1] != len(classes):
        raise DataError(f"Classes: {where} do not fit together.")
    if truth.ndim == 2:
        if truth.shape != prediction.shape:
            raise DataError(f"Classes: {where} do not fit together.")
        return truth.astype(np.float64), prediction
    rows = np.isfinite(truth) & (truth >= 0)
    known = truth[rows].astype(np.int64)
    if known.max(initial=0) >= len(classes):
        raise DataError(f"Class number {known.max()} has no name; names were given for 0 to {len(classes) - 1}.")
    return known, prediction[rows]
