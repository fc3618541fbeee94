"""Features of expression profiles, images and numbers for the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Features = NDArray[np.float32]

GENES = 2000  # the most variable genes of the training rows; more cost time and seldom help a linear model
COUNTS_PER_CELL = 1e4
FURTHEST = 10.0  # standard deviations at which a scaled value is cut, so that one outlier does not rule


def is_sparse(values: Any) -> bool:
    """Whether it is a scipy sparse matrix or array."""
    return bool(sparse.issparse(values))


def dense(values: Any) -> NDArray[Any]:
    """The same values as a dense array."""
    return np.asarray(values.toarray() if is_sparse(values) else values)


class Wide(Protocol):
    """The values of a wide column: what `Matrix` offers."""

    values: Any

    def __len__(self) -> int: ...


class Scaler:
    """Standardise columns with the means and deviations of the training rows; a missing value becomes the mean."""

    def fit_transform(self, values: NDArray[Any]) -> Features:
        """Learn from the training rows; their scaled values."""
        known = np.isfinite(values)
        count = np.maximum(known.sum(0), 1)
        self._mean = np.where(known, values, 0).sum(0, dtype=np.float64) / count
        spread = np.sqrt(np.where(known, (values - self._mean) ** 2, 0).sum(0) / count)
        self._spread = np.where(spread > 1e-12 * (1 + np.abs(self._mean)), spread, np.inf)  # constant columns become 0
        return self.transform(values)

    def transform(self, values: NDArray[Any]) -> Features:
        """Scaled values of any rows."""
        scaled = (values - self._mean) / self._spread
        return np.clip(np.where(np.isfinite(values), scaled, 0), -FURTHEST, FURTHEST).astype(np.float32)


class Genes:
    """Expression: counts become log1p of counts per 10,000, then the most variable genes of training are kept.

    Parameters
    ----------
    scale
        True: standardise each gene. False: keep the logarithms.
    correlate
        Centre each row and scale it to unit length, so that a dot product of rows is their correlation.
    """

    def __init__(self, *, scale: bool = False, correlate: bool = False) -> None:
        self.scale = scale
        self.correlate = correlate

    def fit_transform(self, values: Wide) -> Features:
        """Learn whether these are counts, the genes and their scale; the features of the training rows."""
        self._counts = _are_counts(values.values)
        logs = self._logs(values.values)
        self._genes = _most_variable(logs, GENES)
        self._scaler = Scaler()
        kept = dense(logs[:, self._genes])
        scaled = self._scaler.fit_transform(kept)
        return self._finished(scaled if self.scale else kept)

    def transform(self, values: Wide) -> Features:
        """Features of any rows, (n, at most 2,000)."""
        kept = dense(self._logs(values.values)[:, self._genes])
        return self._finished(self._scaler.transform(kept) if self.scale else kept)

    def _logs(self, values: Any) -> Any:
        if not self._counts:
            return values if is_sparse(values) else np.asarray(values)
        if is_sparse(values):
            total = np.asarray(values.sum(1), dtype=np.float64).ravel()
            scaled = sparse.csr_array(sparse.diags_array(COUNTS_PER_CELL / np.where(total > 0, total, 1)) @ values)
            scaled.data = np.log1p(scaled.data)
            return scaled
        counts = np.asarray(values, dtype=np.float64)
        total = counts.sum(1, keepdims=True)
        return np.log1p(counts * (COUNTS_PER_CELL / np.where(total > 0, total, 1)))

    def _finished(self, values: NDArray[Any]) -> Features:
        if self.correlate:
            values = values - values.mean(1, keepdims=True)
            norm = np.linalg.norm(values, axis=1, keepdims=True)
            values = values / np.where(norm > 0, norm, 1)
        return np.ascontiguousarray(values, dtype=np.float32)


def _are_counts(values: Any) -> bool:
    data = values.data if is_sparse(values) else np.asarray(values)
    return bool(data.size and (data >= 0).all() and (data == np.round(data)).all() and data.max() > 1)


def _most_variable(values: Any, count: int) -> NDArray[np.int64]:
    if values.shape[1] <= count:
        return np.arange(values.shape[1])
    if is_sparse(values):
        mean = np.asarray(values.mean(0)).ravel()
        variance = np.asarray(values.multiply(values).mean(0)).ravel() - mean**2
    else:
        variance = np.nanvar(values, axis=0)
    return np.sort(np.argsort(-variance, kind="stable")[:count])


class Numbers:
    """One number a row, or a wide matrix of them; standardised on the training rows.

    Parameters
    ----------
    share
        Divide by the square root of the number of columns, so that the column as a whole weighs as much in a
        distance as any other input.
    """

    def __init__(self, *, share: bool = False) -> None:
        self.share = share

    def fit_transform(self, values: Wide | Sequence[Any]) -> Features:
        """Learn means and deviations; the features of the training rows."""
        self._scaler = Scaler()
        return self._weighed(self._scaler.fit_transform(_table(values)))

    def transform(self, values: Wide | Sequence[Any]) -> Features:
        """Features of any rows, (n, F)."""
        return self._weighed(self._scaler.transform(_table(values)))

    def _weighed(self, values: Features) -> Features:
        return values / np.float32(np.sqrt(values.shape[1])) if self.share else values


def _table(values: Any) -> NDArray[np.float64]:
    wide = getattr(values, "values", None)
    if wide is None:
        return np.asarray(values, dtype=np.float64)[:, None]
    return np.asarray(dense(wide), dtype=np.float64)


class Pixels:
    """Images as flat vectors, centred on the mean image of training and divided by one common deviation.

    Parameters
    ----------
    share
        As for `Numbers`.
    """

    def __init__(self, *, share: bool = False) -> None:
        self.share = share

    def fit_transform(self, values: Wide) -> Features:
        """Learn the mean image and the deviation; the features of the training rows."""
        flat = _flat(values)
        self._mean = flat.mean(0)
        spread = float((flat - self._mean).std())
        self._spread = np.float32(spread if spread > 0 else 1.0)
        return self.transform(values)

    def transform(self, values: Wide) -> Features:
        """Features of any rows, (n, height * width * channels)."""
        centred = (_flat(values) - self._mean) / self._spread
        return np.asarray(centred / np.float32(np.sqrt(centred.shape[1])) if self.share else centred)


def _flat(values: Wide) -> Features:
    return np.asarray(values.values, dtype=np.float32).reshape(len(values), -1)
