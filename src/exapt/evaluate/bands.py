"""Scores by similarity to training, and by group: where a model works and where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import DataError
from exapt.evaluate.intervals import REPLICATES, Interval, difference, group_codes, interval
from exapt.evaluate.metrics._metric import Metric, find

BANDS = ((0.0, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.0), (1.0, 1.0))
FEWEST = 10  # rows in a band or group that is scored
MOST_GROUPS = 50  # rows of the table of groups
ROWWISE = ("accuracy", "brier", "log_loss", "mae", "rmse")  # metrics that a group of one class does not distort


def band_names(similarity: ArrayLike) -> list[str]:
    """The band of each similarity as text; empty where it is unknown.

    Parameters
    ----------
    similarity
        (n,) in [0, 1], NaN = unknown.

    Examples
    --------
    >>> band_names([0.25, 0.5, 1.0, np.nan])
    ['0 to 0.3', '0.5 to 0.7', '1', '']
    """
    near = np.asarray(similarity, dtype=np.float64)
    names = np.array(["1" if low == high else f"{low:g} to {high:g}" for low, high in BANDS] + [""], dtype=object)
    place = np.searchsorted([low for low, _ in BANDS], near, side="right") - 1
    found: list[str] = names[np.where(np.isfinite(near), place, len(BANDS))].tolist()
    return found


def by_similarity(
    truth: ArrayLike,
    arms: Mapping[str, Sequence[ArrayLike]],
    similarity: ArrayLike,
    *,
    metric: Metric,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    replicates: int = REPLICATES,
) -> list[dict[str, Any]]:
    """Score the test rows apart by how similar they are to their nearest training row.

    Parameters
    ----------
    truth
        (n,) or (n, T), as the metric takes it.
    arms
        Arm -> one prediction a seed. Where both "transfer" and "scratch" are there, their paired gain is given too.
    similarity
        (n,) in [0, 1]; a row with NaN is in no band.
    metric
        The metric that decides.
    groups
        (n,) resampling unit of each row; None = every row by itself.
    replicates
        At least 1,000.

    Returns
    -------
    list of dict
        One a band, from 0 to 0.3 up to 0.9 to 1 (the upper end excluded), and 1 itself: low, high, n, n_groups, arms
        (arm -> value, low, high), gain (transfer over scratch, positive = better; None without both), and note where
        the band was not scored (too few rows, or one class only and a metric that needs two) or has no interval.

    Raises
    ------
    DataError
        Where a similarity is missing for a row or lies outside 0 to 1.

    Examples
    --------
    >>> truth = np.tile([0, 1], 10)
    >>> rows = by_similarity(truth, {"transfer": [np.eye(2)[truth]]}, [0.2] * 20, metric=find("macro_f1"))
    >>> rows[0]["n"], rows[0]["arms"]["transfer"]["value"], rows[1]["note"]
    (20, 1.0, 'no test rows')
    """
    near = np.asarray(similarity, dtype=np.float64)
    true = np.asarray(truth)
    if near.shape != (len(true),):
        raise DataError(f"{near.shape} similarities for {len(true)} test rows; every row needs one.")
    wrong = near[np.isfinite(near) & ((near < 0) | (near > 1 + 1e-9))]
    if len(wrong):
        raise DataError(f"A similarity lies between 0 and 1; found {wrong[0]:.4g}. Divide a percentage by 100.")
    units = np.arange(len(true)) if groups is None else np.asarray(groups, dtype=object)
    rows = []
    for low, high in BANDS:
        inside = (near >= low) & (near < high) if low < high else near >= 1
        taken = {name: [np.asarray(one)[inside] for one in seeds] for name, seeds in arms.items()}
        found = _band(true[inside], taken, units[inside], metric, replicates)
        rows.append({"low": low, "high": high, "n": int(inside.sum()), **found})
    return rows


def _band(
    truth: NDArray[Any], arms: Mapping[str, Sequence[ArrayLike]], units: NDArray[Any], metric: Metric, replicates: int
) -> dict[str, Any]:
    n_groups = len(np.unique(group_codes(units)))
    row: dict[str, Any] = {"n_groups": n_groups, "arms": {}, "gain": None, "note": None}
    if len(truth) < FEWEST:
        few = f"too few test rows to score ({len(truth)}; {FEWEST} are needed)"
        return {**row, "note": few if len(truth) else "no test rows"}
    if truth.ndim == 1 and "class" in metric.kinds and metric.name not in ROWWISE and len(np.unique(truth)) == 1:
        return {**row, "note": f"only one class, of which {metric.label} says nothing"}
    for name, seeds in arms.items():
        row["arms"][name] = plain(interval(metric, truth, seeds, units, replicates=replicates))
    if {"transfer", "scratch"} <= set(arms):
        pair = arms["transfer"], arms["scratch"]
        row["gain"] = plain(difference(metric, truth, pair, units, replicates=replicates))
    if all(score["value"] is None for score in row["arms"].values()):
        row["note"] = f"{metric.label} is undefined for these rows"
    elif n_groups < 2:
        row["note"] = "all rows belong to one group, so there is no interval"
    return row


def by_group(
    truth: ArrayLike,
    predictions: Sequence[ArrayLike],
    groups: Sequence[Any] | NDArray[Any] | None,
    *,
    metric: Metric,
) -> dict[str, Any]:
    """The worst and the best groups, by a metric that is fair to a group of one class.

    Macro-F1, AUROC or a correlation within one sequence family or scaffold says little, because such a group often has
    one class or one value. Where the deciding metric is of this kind, accuracy or the mean absolute error stands in.

    Parameters
    ----------
    truth
        (n,) or (n, T).
    predictions
        One array a seed.
    groups
        (n,) group of each row, None or NaN = without a group.
    metric
        The metric that decides.

    Returns
    -------
    dict
        metric (its name), n_groups, too_small (groups with fewer than 10 rows, which are left out), rows (group, n,
        value; the worst first; the worst and the best 25 where there are more than 50), note where there is no table.

    Examples
    --------
    >>> truth = np.zeros(20, dtype=int)
    >>> right = np.eye(2)[[0] * 10 + [1] * 5 + [0] * 5]
    >>> by_group(truth, [right], ["donor 1"] * 10 + ["donor 2"] * 10, metric=find("macro_f1"))["rows"]
    [{'group': 'donor 2', 'n': 10, 'value': 0.5}, {'group': 'donor 1', 'n': 10, 'value': 1.0}]
    """
    import pandas as pd

    used = metric if metric.name in ROWWISE else find("mae" if metric.kinds == ("number",) else "accuracy")
    found: dict[str, Any] = {"metric": used.name, "n_groups": 0, "too_small": 0, "rows": [], "note": None}
    if groups is None:
        return {**found, "note": "the data have no groups"}
    true, guesses = np.asarray(truth), [np.asarray(one) for one in predictions]
    members = pd.Series(np.asarray(groups, dtype=object)).groupby(np.asarray(groups, dtype=object)).indices
    large = {name: rows for name, rows in members.items() if len(rows) >= FEWEST}
    values = {
        name: _finite(np.mean([used.value(true[rows], guess[rows]) for guess in guesses]))
        for name, rows in large.items()
    }
    order = sorted((name for name in large if values[name] is not None), key=lambda name: (values[name], str(name)))
    order = order if used.higher_is_better else order[::-1]
    half = MOST_GROUPS // 2
    shown = order if len(order) <= MOST_GROUPS else order[:half] + order[-half:]
    found |= {"n_groups": len(members), "too_small": len(members) - len(large)}
    found["rows"] = [{"group": str(name), "n": len(large[name]), "value": values[name]} for name in shown]
    if not shown:
        found["note"] = f"no group has {FEWEST} test rows"
    return found


def plain(found: Interval) -> dict[str, float | None]:
    """An interval as JSON, None for what is undefined."""
    return {key: _finite(getattr(found, key)) for key in ("value", "low", "high")}


def _finite(value: np.floating[Any] | float) -> float | None:
    return float(value) if np.isfinite(value) else None
