"""What cleaning rules share: the contract of a rule, and how rows of a table are compared."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, issparse

from exapt.core.contracts import Matrix, Modality, Rows, Table

Keep = NDArray[np.bool_]
TEXT: tuple[Modality, ...] = ("dna", "rna", "protein", "molecule")
LETTERS: tuple[Modality, ...] = ("dna", "rna", "protein")


class Rule(ABC):
    """Looks at every row: keep it, drop it, or change it. A frozen dataclass whose fields are its options.

    `reason` says why rows are dropped, or what the changed ones had. A rule that `mends` looks at
    each value by itself and writes it anew, so that data to predict need it as well as those trained on.
    """

    reason: ClassVar[str]
    mends: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Which rows to keep (n,), and the table, changed or not, with all its rows."""

    def details(self, table: Table, rows: Rows) -> list[str] | None:
        """What is wrong with each of the rows that were dropped; None where all have the same `reason`."""
        return None


def text_inputs(table: Table, kinds: Sequence[str] = TEXT) -> list[str]:
    """Names of the input columns that are strings of one of these modalities."""
    return [name for name in table.names("input") if table.columns[name].modality in kinds and name in table.frame]


def with_text(table: Table, changed: dict[str, list[str]]) -> Table:
    """The table with other values in some text columns."""
    return replace(table, frame=table.frame.assign(**changed)) if changed else table


def with_molecules(table: Table, change: Callable[[Sequence[str]], list[str]]) -> tuple[Keep, Table]:
    """All rows, with a change of SMILES applied to the columns of molecules."""
    changed = {name: change(table.frame[name].tolist()) for name in text_inputs(table, ["molecule"])}
    return np.ones(len(table), dtype=bool), with_text(table, changed)


def input_keys(table: Table) -> pd.DataFrame:
    """One hashable value a row and input column; equal where the inputs are exactly equal."""
    keys: dict[str, Any] = {}
    for name in table.names("input"):
        keys[name] = _digests(table.matrices[name]) if name in table.matrices else table.frame[name].to_numpy()
    return pd.DataFrame(keys, index=table.frame.index)


def _digests(matrix: Matrix) -> NDArray[Any]:
    """A digest of each row; stored zeros and the order of stored values do not count."""
    values = matrix.values
    sparse = issparse(values)
    if sparse:
        values = csr_matrix(values, copy=True)
        values.sum_duplicates()
        values.eliminate_zeros()
        bounds = zip(values.indptr[:-1], values.indptr[1:], strict=True)
        rows = (values.indices[a:b].tobytes() + values.data[a:b].tobytes() for a, b in bounds)
    else:
        rows = (np.ascontiguousarray(row).tobytes() for row in values)
    return np.array([hashlib.blake2b(row, digest_size=16).hexdigest() for row in rows], dtype=object)
