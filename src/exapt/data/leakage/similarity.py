"""How similar each test row is to its nearest training row, by the measure that the field uses for its modality.

=================== ===================================================== =================
dna, rna, protein   identity of the best alignment that covers 80 %       near from 0.9
molecule            Tanimoto of ECFP4 fingerprints                        near from 0.9
expression, image   Pearson correlation (of log counts, for expression)   near from 0.99
=================== ===================================================== =================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Matrix, Modality, Rows, Table
from exapt.core.errors import ConfigError

THRESHOLD: dict[Modality, float] = {
    "dna": 0.9,
    "rna": 0.9,
    "protein": 0.9,
    "molecule": 0.9,
    "expression": 0.99,
    "image": 0.99,
}
COVERAGE = 0.8
BLOCK = 1 << 25  # correlations held at a time


@dataclass(frozen=True)
class Nearest:
    """The most similar training row of each test row.

    Attributes
    ----------
    rows
        (n,) number of that training row in the table; -1 = none is similar at all.
    similarity
        (n,) in [0, 1]; 0 where there is none.
    measure
        What the similarity is, and by which tool it was found.
    threshold
        From which a test row is a near duplicate.
    """

    rows: Rows
    similarity: NDArray[np.float64]
    measure: str
    threshold: float

    @property
    def near(self) -> NDArray[np.bool_]:
        """The test rows with a near duplicate in training."""
        return np.asarray(self.similarity >= self.threshold, dtype=np.bool_)


def nearest_training(table: Table, test: Rows, train: Rows, *, threshold: float | None = None) -> Nearest | None:
    """Find the nearest training row of each test row.

    Parameters
    ----------
    table
        Of one input column; pairs are judged by their entities (`exapt.data.pairs`), not here.
    test, train
        Row numbers.
    threshold
        Of a near duplicate, in (0, 1]; None = the modality's own.

    Returns
    -------
    Nearest or None
        None where there are several inputs, or one that has no measure of similarity (plain numbers).

    Raises
    ------
    ConfigError
        Where the threshold is out of range.
    """
    if threshold is not None and not 0 < threshold <= 1:
        raise ConfigError(f"A near duplicate needs a similarity in (0, 1]; found {threshold:g}.")
    names = table.names("input")
    modality = table.columns[names[0]].modality if len(names) == 1 else None
    if modality not in THRESHOLD or not len(test) or not len(train):
        return None
    bound = THRESHOLD[modality] if threshold is None else threshold
    queries, references = table.take(test).values(names[0]), table.take(train).values(names[0])
    if modality in ("expression", "image"):
        index, found, measure = _correlated(queries, references, modality)
    elif modality == "molecule":
        index, found, measure = _tanimoto(queries, references, bound)  # type: ignore[arg-type]
    else:
        index, found, measure = _aligned(queries, references, modality)  # type: ignore[arg-type]
    rows = np.where(index >= 0, train[index], -1)
    return Nearest(rows, np.where(index >= 0, found, 0.0).astype(np.float64), measure, bound)


Found = tuple[NDArray[np.int64], NDArray[Any], str]


def _aligned(queries: Sequence[str], references: Sequence[str], modality: Modality) -> Found:
    from exapt.bio.align.search import nearest

    hits = nearest(queries, references, modality, coverage=COVERAGE)
    tool = {"mmseqs": "MMseqs2", "kmers": "shared k-mers and alignment"}[hits.tool]
    return hits.index, hits.identity, f"identity over {COVERAGE:.0%} of the sequence, {tool}"


def _tanimoto(queries: Sequence[str], references: Sequence[str], bound: float) -> Found:
    from exapt.bio.chem.fingerprints import morgan
    from exapt.bio.chem.similarity import nearest

    many = len(queries) * len(references) > MANY_PAIRS
    index, found = nearest(morgan(queries), morgan(references), at_least=bound if many else 0.0)
    return index, found, f"Tanimoto of ECFP4{f', only from {bound:g} on' if many else ''}"


MANY_PAIRS = 1_000_000_000  # molecules: above, only pairs from the threshold on are looked for


def _correlated(queries: Any, references: Any, modality: Modality) -> Found:
    first, second = _profiles(queries, modality), _profiles(references, modality)
    index, best = np.empty(len(first), dtype=np.int64), np.empty(len(first), dtype=np.float32)
    step = max(1, BLOCK // max(1, len(second)))
    for start in range(0, len(first), step):
        correlation = first[start : start + step] @ second.T
        index[start : start + step] = correlation.argmax(1)
        best[start : start + step] = correlation.max(1)
    measure = "correlation of log expression" if modality == "expression" else "correlation of pixels"
    return index, np.clip(best, 0, 1), measure


def _profiles(values: Any, modality: Modality) -> NDArray[np.float32]:
    """Rows of mean 0 and length 1; counts as logarithms."""
    raw: Any = values.values if isinstance(values, Matrix) else np.asarray(values)
    dense = np.asarray(raw.toarray() if hasattr(raw, "toarray") else raw, dtype=np.float32).reshape(raw.shape[0], -1)
    if modality == "expression" and dense.min(initial=0) >= 0 and (dense == np.round(dense)).all():
        total = dense.sum(1, keepdims=True)
        dense = np.log1p(dense * (1e4 / np.where(total > 0, total, 1)))
    dense = dense - dense.mean(1, keepdims=True)
    length = np.linalg.norm(dense, axis=1, keepdims=True)
    return np.asarray(dense / np.where(length > 0, length, 1), dtype=np.float32)
