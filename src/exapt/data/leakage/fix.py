"""A split without its leaks: the rows that give the answer away are dropped, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Rows
from exapt.core.errors import DataError
from exapt.data.leakage.evidence import Evidence
from exapt.data.leakage.similarity import nearest_training

Leak = Literal["copies", "near", "groups", "corpus"]
LEAKS: tuple[Leak, ...] = ("copies", "near", "groups", "corpus")


def fix(
    evidence: Evidence, *, drop: Literal["test", "train"] = "test", leaks: Sequence[Leak] = LEAKS
) -> tuple[Fold, dict[Leak, int]]:
    """Drop the rows that leak.

    Parameters
    ----------
    evidence
        What `gather` found.
    drop
        "test": test rows that training or the corpus has seen, so that the model stays as it is.
        "train": training and validation rows that are like a test row, so that the test part stays as published;
        what is in the corpus of the weights cannot be mended that way and leaves the test part all the same.
    leaks
        Which kinds.

    Returns
    -------
    fold
        The fold with more `dropped` rows.
    dict
        Rows dropped for each kind of leak; a row with several counts for the first.

    Raises
    ------
    DataError
        Where nothing, or no row of some label, would be left.
    """
    fold = evidence.fold
    counts: dict[Leak, int] = {}
    gone = np.zeros(len(evidence.table), dtype=bool)
    for leak in leaks:
        rows = _test_rows(evidence, leak) if drop == "test" or leak == "corpus" else _other_rows(evidence, leak)
        counts[leak] = int((~gone[rows]).sum())
        gone[rows] = True
    train, valid, test = (rows[~gone[rows]] for rows in (fold.train, fold.valid, fold.test))
    fixed = Fold(train, valid, test, np.sort(np.concatenate([fold.dropped, np.flatnonzero(gone)])))
    _check(evidence, fixed, drop)
    return fixed, counts


def _test_rows(evidence: Evidence, leak: Leak) -> Rows:
    found: dict[Leak, NDArray[np.bool_]] = {
        "copies": evidence.copies | (evidence.in_validation >= 0),
        "near": evidence.near,
        "groups": np.logical_or.reduce([*evidence.shared.values(), np.zeros_like(evidence.copies)]),
        "corpus": evidence.corpora.exact | evidence.corpora.near,
    }
    return evidence.fold.test[found[leak]]


def _other_rows(evidence: Evidence, leak: Leak) -> Rows:
    """Training and validation rows that are like a test row."""
    table, fold = evidence.table, evidence.fold
    rest = np.concatenate([fold.train, fold.valid])
    if leak == "copies":
        return rest[np.isin(evidence.keys[rest], evidence.keys[fold.test])]
    if leak == "groups":
        shared = np.zeros(len(rest), dtype=bool)
        for name in evidence.shared:
            column = table.frame[name]
            shared |= column.iloc[rest].isin(set(column.iloc[fold.test].dropna())).to_numpy()
        return rest[shared]
    if evidence.nearest is None:
        return rest[:0]
    nearest = nearest_training(table, rest, fold.test, threshold=evidence.nearest.threshold)
    return rest[:0] if nearest is None else rest[nearest.near]


def _check(evidence: Evidence, fixed: Fold, drop: str) -> None:
    """Refuse a fix that leaves a part, or a label of it, without rows."""
    table, before = evidence.table, evidence.fold
    other = "train" if drop == "test" else "test"
    advice = f"Drop {other} rows instead (--drop {other}), or cut a new split, for example --by homology or scaffold."
    for name, old, new in (("test", before.test, fixed.test), ("training", before.train, fixed.train)):
        if not len(new):
            raise DataError(f"{table.source}: without the leaks no {name} row is left of {len(old):,}. {advice}")
        for column in table.names("target"):
            if table.columns[column].modality != "label" or len(table.names("target")) > 1:
                continue
            lost = set(table.frame[column].iloc[old].dropna()) - set(table.frame[column].iloc[new])
            if lost:
                raise DataError(
                    f"{table.source}: without the leaks the {name} part has no row of {column} = "
                    f"{', '.join(sorted(map(str, lost))[:5])} left ({len(new):,} of {len(old):,} rows remain). {advice}"
                )
