"""Weighted sums of row statistics, for all replicates at once and at the price of the groups, not the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.evaluate.metrics._metric import Codes, Floats

DENSE = 64  # statistics a row up to which a matrix product of full matrices is faster


class Sums:
    """Row statistics (n, k), summed within G groups once; a call gives the weighted sums (R, k) of replicates.

    Examples
    --------
    >>> sums = Sums(np.array([[1.0], [2.0], [4.0]]), np.array([0, 0, 1]), 2)
    >>> sums(np.array([[1, 1], [2, 0], [0, 3]])).ravel().tolist()
    [7.0, 6.0, 12.0]
    """

    def __init__(self, rows: Any, codes: Codes, groups: int) -> None:
        n, k = rows.shape
        if not (groups == n and np.array_equal(codes, np.arange(n))):
            rows = sparse.csr_array((np.ones(n), (codes, np.arange(n))), shape=(groups, n)) @ rows
        if k <= DENSE and not isinstance(rows, np.ndarray):
            rows = rows.toarray()
        self.by_group: Any = rows.astype(np.float64)

    def __call__(self, weights: NDArray[Any]) -> Floats:
        """(R, G) multiplicities -> (R, k)."""
        return np.asarray(np.asarray(weights, dtype=np.float64) @ self.by_group)


def sums_of(
    statistics: Callable[[NDArray[Any], Floats], Floats],
) -> Callable[[NDArray[Any], Floats, Codes, int], Sums]:
    """The `prepare` of a metric whose `finish` takes sums of ``statistics(truth, prediction)``, (n, k)."""

    def prepare(truth: NDArray[Any], prediction: Floats, codes: Codes, groups: int) -> Sums:
        return Sums(statistics(truth, prediction), codes, groups)

    return prepare
