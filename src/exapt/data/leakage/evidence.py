"""What a leakage audit finds, row by row, before it is counted, told or mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Rows, Table
from exapt.core.errors import WeightsError
from exapt.data.keys import Keys, canonical_keys, keys_by_spelling, row_keys
from exapt.data.leakage.similarity import Nearest, nearest_training
from exapt.data.leakage.sketches import NEAR, coverage, false_matches, overlap, overlap_by_spelling, similar

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class InCorpora:
    """Test rows that the corpora behind a model hold.

    Attributes
    ----------
    exact, near
        (n_test,) True where an input is in a corpus, or is similar to something in it and not a copy.
    similarity
        (n_test,) estimated, to the most similar value of any corpus; NaN where it cannot be told.
    values
        Input column -> number of different values in the test part, and how many of them are in a corpus.
    by_spelling
        Number of test rows in a corpus by each idea of what is the same; empty where there is only one.
    how
        What was compared, one line a corpus.
    """

    exact: Mask
    near: Mask
    similarity: NDArray[np.float64]
    values: Mapping[str, tuple[int, int]]
    by_spelling: Mapping[str, int]
    how: str


@dataclass(frozen=True)
class Evidence:
    """All that one fold of a table gives away.

    Attributes
    ----------
    keys
        (n,) one hash a row of the table; equal = the same input.
    in_training, in_validation
        (n_test,) a training or validation row with the same input as the test row; -1 = none.
    nearest
        The most similar training rows; None where no measure applies.
    corpora
        What is in the pre-training corpora.
    spellings
        Other hashes of the rows, by stricter ideas of what is the same; empty where there is only one.
    contradicting
        Rows of any part whose input also occurs with another label; None without a label column.
    shared
        Group column -> (n_test,) True where the group of a test row is in training or validation too.
    """

    table: Table
    fold: Fold
    keys: Keys
    in_training: Rows
    in_validation: Rows
    nearest: Nearest | None
    corpora: InCorpora
    spellings: Mapping[str, Keys]
    contradicting: Rows | None
    shared: Mapping[str, Mask] = field(default_factory=dict)

    @property
    def copies(self) -> Mask:
        """(n_test,) test rows with a copy in training."""
        return self.in_training >= 0

    @property
    def near(self) -> Mask:
        """(n_test,) test rows that are similar to a training row beyond the threshold, and no copies."""
        return np.zeros_like(self.copies) if self.nearest is None else self.nearest.near & ~self.copies


def gather(
    table: Table, folds: Sequence[Fold], corpora: Sequence[Mapping[str, Any]] = (), *, threshold: float | None = None
) -> list[Evidence]:
    """Compare the test part of each fold with training, and with whatever else the model has seen.

    Parameters
    ----------
    table
        The cleaned table.
    folds
        Of a split.
    corpora
        Sketches: the one that came with the weights, those of source rows.
    threshold
        Similarity of a near duplicate, in (0, 1]; None = the modality's own.
    """
    keys = row_keys(table)
    contradicting = contradictions(table, keys)
    names = table.names("input")
    single = len(names) == 1
    spellings = keys_by_spelling(table.values(names[0]), table.columns[names[0]].modality) if single else {}
    return [
        Evidence(
            table,
            fold,
            keys,
            _copies(keys, fold.test, fold.train),
            _copies(keys, fold.test, fold.valid),
            nearest_training(table, fold.test, fold.train, threshold=threshold),
            _in_corpora(table.take(fold.test), corpora),
            spellings,
            contradicting,
            {name: _shared(table, fold, name) for name in table.names("group") if name in table.frame},
        )
        for fold in folds
    ]


def _copies(keys: Keys, test: Rows, other: Rows) -> Rows:
    """For each test row the first other row with the same key, -1 where there is none."""
    found = np.full(len(test), -1, dtype=np.int64)
    order = other[np.argsort(keys[other], kind="stable")]
    if len(order):
        place = np.searchsorted(keys[order], keys[test]).clip(max=len(order) - 1)
        same = keys[order[place]] == keys[test]
        found[same] = order[place[same]]
    return found


def _in_corpora(test: Table, corpora: Sequence[Mapping[str, Any]]) -> InCorpora:
    similarity = np.full(len(test), np.nan)
    near = np.zeros(len(test), dtype=bool)
    seen = {name: np.zeros(len(test), dtype=bool) for name in test.names("input")}
    told: list[str] = []
    spelled: dict[str, Mask] = {}
    for corpus in corpora:
        modality = corpus.get("modality")
        names = [name for name in test.names("input") if test.columns[name].modality == modality]
        if not names:
            told.append(f"not computed: the corpus is {modality}, the inputs are not")
            continue
        try:
            for name in names:
                seen[name] |= overlap(corpus, test.values(name))
                for word, same in overlap_by_spelling(corpus, test.values(name)).items():
                    spelled[word] = spelled.get(word, np.zeros(len(test), dtype=bool)) | same
                found = similar(corpus, test.values(name))
                if found is not None:
                    similarity = np.fmax(similarity, found)
                    near |= np.nan_to_num(found) >= NEAR[str(modality)]
        except WeightsError as error:
            told.append(f"not computed: {error}")
            continue
        told.append(
            f"computed: sketch of {corpus['rows']:,} rows, which finds {coverage(corpus):.1%} of the copies "
            f"({false_matches(corpus, len(test)):.1g} false matches expected)"
        )
    how = "; ".join(told) or "not computed: no weights with a sketch of their corpus"
    exact = np.logical_or.reduce(list(seen.values()))
    values = {name: _distinct(test, name, found) for name, found in seen.items()} if told else {}
    by_spelling = {name: int(same.sum()) for name, same in spelled.items()}
    return InCorpora(exact, near & ~exact, similarity, values, by_spelling, how)


def _distinct(test: Table, name: str, found: Mask) -> tuple[int, int]:
    """Different values of an input column, and how many of them were found."""
    keys = canonical_keys(test.values(name), test.columns[name].modality)
    return len(np.unique(keys)), len(np.unique(keys[found]))


def contradictions(table: Table, keys: Keys) -> Rows | None:
    """Rows whose key also occurs with another label; None without a label column."""
    import pandas as pd

    names = [n for n in table.names("target") if n in table.frame and table.columns[n].modality == "label"]
    if not names:
        return None
    labels = table.frame[names].assign(key=pd.Series(keys, index=table.frame.index))
    several = (labels.groupby("key")[names].transform("nunique") > 1).any(axis=1)
    return np.flatnonzero(several.to_numpy())


def _shared(table: Table, fold: Fold, name: str) -> Mask:
    column = table.frame[name]
    known = set(column.iloc[np.concatenate([fold.train, fold.valid])].dropna())
    return np.array([group in known for group in column.iloc[fold.test]], dtype=bool)
