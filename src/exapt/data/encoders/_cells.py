"""What is done to each cell or sample by itself: the scale of its values, and what is robust to its depth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.core.errors import DataError

Array = NDArray[Any]
Scale = Literal["log1p CP10k", "log2 intensity", "as given"]
INTENSITIES = (100.0, 16000.0)  # below is noise, above the scanner is saturated
LARGEST_LOG2 = 20.0  # no scanner reads as far as 2**20
LARGEST_LOG = float(np.log1p(1e6))  # no cell has more than 1e6 counts in 1e6, so larger values are not logarithms


def is_sparse(x: Any) -> bool:
    """Whether a matrix is one of scipy.sparse."""
    return bool(sparse.issparse(x))


def stored(x: Any) -> Array:
    """All values of an array, the stored ones of a sparse matrix."""
    values: Array = x.data if is_sparse(x) else np.asarray(x)
    return values


def is_counts(x: Any) -> bool:
    """Whether all values are whole numbers, none below 0.

    Examples
    --------
    >>> is_counts(np.array([[0.0, 3.0]])), is_counts(np.array([[0.0, 0.5]])), is_counts(np.array([[-1.0, 3.0]]))
    (True, False, False)
    """
    values = stored(x)
    return bool(np.all(values >= 0) and np.all(values == np.rint(values)))


def learn_scale(x: Any, normalise: str, unit: str | None) -> Scale:
    """The scale to bring values to: one for counts and their logarithms, one for array intensities, or as given.

    Parameters
    ----------
    x
        (n, F) array or CSR matrix.
    normalise
        One of `NORMALISE`.
    unit
        Unit of the values where it is known, e.g. "UMI count"; None = look at the values.
    """
    if normalise in SCALES:
        return SCALES[normalise]
    if unit is not None:
        if unit.lower() in ("average difference", "intensity"):
            return "log2 intensity"
        return "log1p CP10k" if _means_counts(unit) or _means_log(unit) else "as given"
    values = stored(x)
    logarithms = bool(np.all(values >= 0)) and values.max(initial=0) <= LARGEST_LOG
    return "log1p CP10k" if is_counts(x) or logarithms else "as given"


def on_scale(x: Any, scale: Scale, unit: str | None) -> Any:
    """Bring values to a scale: counts are normalised, logarithms are kept.

    Two tables of one run may have different units (counts in the source, logarithms in the target), so the values
    decide; `unit` is asked only where they leave it open (counts that are not whole, as estimated by RSEM).

    Raises
    ------
    DataError
        Where the values are neither counts nor their logarithms.
    """
    if scale == "as given":
        return x
    if scale == "log2 intensity":
        return log2_intensity(x)
    if is_counts(x):
        return log1p_cp10k(x)
    values = stored(x)
    low, high = values.min(initial=0), values.max(initial=0)
    if low < 0 or (high > LARGEST_LOG and not _means_counts(unit or "")):
        raise DataError(
            f"Counts or log1p CP10k are expected, as in the training rows; these values go from {low:g} to {high:g}. "
            f"Give counts or log1p CP10k, or state the unit of the column."
        )
    return log1p_cp10k(x) if high > LARGEST_LOG else x


def _means_counts(unit: str) -> bool:
    return "count" in unit.lower() and "log" not in unit.lower()


def _means_log(unit: str) -> bool:
    return "log" in unit.lower() and "cp10k" in unit.lower()


def log1p_cp10k(x: Any) -> Any:
    """Counts a cell scaled to a sum of 10,000, then ln(1 + value); a cell without counts stays 0.

    Parameters
    ----------
    x
        (n, F) counts, array or CSR; all measured genes, because the depth of a cell is their sum.

    Returns
    -------
    array or CSR
        float32, the same kind as `x`.

    Examples
    --------
    >>> np.expm1(log1p_cp10k(np.array([[1.0, 3.0], [0.0, 0.0]]))).round().tolist()
    [[2500.0, 7500.0], [0.0, 0.0]]
    """
    depth = np.asarray(x.sum(axis=1, dtype=np.float64)).ravel()
    factor = np.divide(1e4, depth, out=np.zeros_like(depth), where=depth > 0)
    if is_sparse(x):
        rows = x.tocsr()
        values = np.log1p(rows.data * np.repeat(factor, np.diff(rows.indptr))).astype(np.float32)
        return sparse.csr_matrix((values, rows.indices, rows.indptr), shape=rows.shape)
    return np.log1p(np.asarray(x, dtype=np.float64) * factor[:, None]).astype(np.float32)


def log2_intensity(x: Any) -> Array:
    """Array intensities clipped to 100 .. 16,000, then log2; values that are logarithms already are kept [1]_.

    References
    ----------
    .. [1] Dudoit, Fridlyand, Speed (2002), doi:10.1198/016214502753479248 (clipping of MAS 4 average differences)

    Examples
    --------
    >>> log2_intensity(np.array([[-300.0, 1024.0, 70000.0]])).round(2).tolist()
    [[6.64, 10.0, 13.97]]
    """
    dense = np.asarray(x.toarray() if is_sparse(x) else x)
    logarithms = dense.min(initial=0) >= 0 and dense.max(initial=0) <= LARGEST_LOG2
    values: Array = dense if logarithms else np.log2(dense.clip(*INTENSITIES))
    return values


def rank(x: Array) -> Array:
    """Average rank of each gene within its cell, scaled so that the lowest value (0 in counts) is 0 and the top 1.

    Examples
    --------
    >>> rank(np.array([[0.0, 0.0, 5.0, 2.0]])).round(2).tolist()
    [[0.0, 0.0, 1.0, 0.6]]
    """
    from scipy.stats import rankdata  # takes a second to import

    ranks = rankdata(x, axis=1)
    lowest = ranks.min(axis=1, keepdims=True)
    span = x.shape[1] - lowest
    scaled: Array = np.divide(ranks - lowest, span, out=np.zeros_like(ranks), where=span > 0)
    return scaled


def binary(x: Array) -> Array:
    """1 where a gene was detected, else 0.

    Examples
    --------
    >>> binary(np.array([[0.0, 2.5]])).tolist()
    [[0.0, 1.0]]
    """
    return (x > 0).astype(np.float64)


def unit_norm(x: Array) -> Array:
    """Each cell divided by its Euclidean norm, so that products of cells are cosines.

    Examples
    --------
    >>> unit_norm(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    norm = np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    normed: Array = np.divide(x, norm, out=np.zeros(x.shape), where=norm > 0)
    return normed


def sqrt_share(x: Array) -> Array:
    """Square root of each gene's share of its cell; products of cells are Bhattacharyya coefficients (Hellinger).

    Parameters
    ----------
    x
        (n, F) logarithms of ``log1p_cp10k``.

    Examples
    --------
    >>> sqrt_share(log1p_cp10k(np.array([[9.0, 16.0]]))).round(3).tolist()
    [[0.6, 0.8]]
    """
    return unit_norm(np.sqrt(np.expm1(np.maximum(x, 0).astype(np.float64))))


def cell_z(x: Array) -> Array:
    """ln(1 + 1000 x share of the cell), standardised within each cell over its genes; a cell of equal values is 0.

    No statistic of other cells enters, so cells of another study are on the same scale.

    Parameters
    ----------
    x
        (n, F) logarithms of ``log1p_cp10k``.

    Examples
    --------
    >>> cell_z(log1p_cp10k(np.array([[9.0, 0.0], [1.0, 1.0]]))).round(2).tolist()
    [[1.0, -1.0], [0.0, 0.0]]
    """
    linear = np.expm1(np.maximum(x, 0).astype(np.float64))
    depth = linear.sum(axis=1, keepdims=True)
    logs = np.log1p(1000.0 * np.divide(linear, depth, out=np.zeros_like(linear), where=depth > 0))
    centred = logs - logs.mean(axis=1, keepdims=True)
    spread = logs.std(axis=1, keepdims=True)
    scaled: Array = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-9)
    return scaled


WITHIN_CELL: dict[str, Callable[[Array], Array]] = {
    "rank": rank,
    "binary": binary,
    "unit": unit_norm,
    "sqrt": sqrt_share,
    "cell": cell_z,
}
SCALES: dict[str, Scale] = {"none": "as given", "log1p_cp10k": "log1p CP10k", "log2_intensity": "log2 intensity"}
NORMALISE = ("auto", *SCALES, *WITHIN_CELL)
