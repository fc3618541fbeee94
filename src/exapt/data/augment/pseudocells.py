"""Sums of cells of one type, thinned to a random depth: what the same type looks like at another sequencing depth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from exapt.core.contracts import Matrix, Table
from exapt.core.errors import ConfigError, DataError


@dataclass(frozen=True)
class Pseudocells:
    """Replace the training cells by pseudo-cells of log-uniform depth.

    Each cell is summed with random cells of its own type until it reaches its goal, then thinned binomially down to
    it. A model that is trained on them has seen every type at the detection rates of shallow and of deep protocols.

    Parameters
    ----------
    low, high
        Depth in counts over the measured genes, 0 < low <= high.
    copies
        Pseudo-cells a cell.
    most
        Largest number of cells in a sum.

    References
    ----------
    Thinning of counts as a model of sequencing depth: Gerard (2020), doi:10.1186/s12859-020-3450-9
    """

    low: float = 100.0
    high: float = 1500.0
    copies: int = 2
    most: int = 13

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high or self.copies < 1 or self.most < 1:
            raise ConfigError(
                f"augmentation 'pseudocells': 0 < low <= high, copies and most from 1; found low {self.low}, "
                f"high {self.high}, copies {self.copies}, most {self.most}."
            )

    def __call__(self, train: Table, seed: int) -> Table:
        """New training rows in the place of the given ones.

        Raises
        ------
        DataError
            Where the rows are not counts with one label column.
        """
        name = next((n for n in train.names("input") if train.columns[n].modality == "expression"), None)
        targets = train.names("target")
        if name is None or len(targets) != 1:
            raise DataError(f"{train.source}: augmentation 'pseudocells' needs an expression input and one label.")
        counts = sparse.csr_matrix(train.matrices[name].values, dtype=np.float64)
        if counts.data.size and (counts.data.min() < 0 or not np.array_equal(counts.data, np.rint(counts.data))):
            raise DataError(f"{train.source}: augmentation 'pseudocells' needs whole counts; these are not.")
        rng = np.random.default_rng(seed)
        base = np.repeat(np.arange(len(train)), self.copies)
        types = train.frame[targets[0]].astype(str).to_numpy()
        sums, goal = self._sums(counts, types, base, rng)
        depth = np.asarray(sums.sum(1)).ravel()
        share = np.minimum(1.0, np.divide(goal, depth, out=np.ones_like(goal), where=depth > 0))
        sums.data = rng.binomial(sums.data.astype(np.int64), np.repeat(share, np.diff(sums.indptr))).astype(np.float32)
        sums.eliminate_zeros()
        table = train.take(base)
        frame = table.frame
        for column in train.names("id"):
            frame = frame.assign(**{column: pd.Series(range(len(base))).map("pseudocell-{}".format)})
        matrix = Matrix(sums.astype(np.float32), train.matrices[name].features)
        return replace(table, frame=frame, matrices={**table.matrices, name: matrix})

    def _sums(
        self, counts: sparse.csr_matrix, types: np.ndarray, base: np.ndarray, rng: np.random.Generator
    ) -> tuple[sparse.csr_matrix, np.ndarray]:
        """Sums of just enough cells of a type to reach each goal, and the goals."""
        goal = np.exp(rng.uniform(np.log(self.low), np.log(self.high), len(base)))
        drawn = np.empty((len(base), self.most), dtype=np.int64)
        drawn[:, 0] = base
        for kind in np.unique(types):
            rows, cells = np.flatnonzero(types[base] == kind), np.flatnonzero(types == kind)
            drawn[rows, 1:] = rng.choice(cells, (len(rows), self.most - 1))
        before = np.cumsum(np.asarray(counts.sum(1)).ravel()[drawn], axis=1)[:, :-1]
        used = np.column_stack([np.ones(len(base), dtype=bool), before < goal[:, None]])
        rows = np.repeat(np.arange(len(base)), used.sum(1))
        choice = sparse.csr_matrix((np.ones(len(rows)), (rows, drawn[used])), shape=(len(base), counts.shape[0]))
        return sparse.csr_matrix(choice @ counts), goal


EXPORT = Pseudocells
