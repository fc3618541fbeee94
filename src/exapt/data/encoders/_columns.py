"""Numeric columns by name: read, choose, line up with what was learned, centre and scale."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Matrix
from exapt.core.errors import DataError
from exapt.data.encoders._cells import is_sparse

Array = NDArray[Any]
VALUES_AT_A_TIME = 2**23  # made dense, 64 MB
FEW_SHARED = 0.8
logger = logging.getLogger(__name__)


def read(values: Sequence[Any] | Matrix, encoder: str) -> tuple[Any, tuple[str, ...]]:
    """A (n, F) float array or CSR matrix and the F names; columns without names are called 0, 1, ...

    Raises
    ------
    DataError
        Where rows differ in length, or a value is not a finite number.
    """
    matrix = values if isinstance(values, Matrix) else Matrix(_array(values, encoder))
    x = matrix.values.tocsr() if is_sparse(matrix.values) else np.asarray(matrix.values)
    x = x.reshape(-1, 1) if x.ndim == 1 else x
    if x.ndim != 2:
        raise DataError(f"encoder {encoder!r} reads one row of numbers an example; found shape {x.shape}.")
    names = matrix.features or tuple(map(str, range(x.shape[1])))
    if len(names) != x.shape[1]:
        raise DataError(f"encoder {encoder!r}: {len(names)} names for {x.shape[1]} columns.")
    _check_finite(x, names, encoder)
    return x, names


def _array(values: Sequence[Any], encoder: str) -> Array:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"encoder {encoder!r} reads numbers, as many in every row; found {str(values[0])[:60]!r} in row 0."
        ) from None


def _check_finite(x: Any, names: Sequence[str], encoder: str) -> None:
    finite = np.isfinite(x.data if is_sparse(x) else x)
    if finite.all():
        return
    first = np.argwhere(~finite)[0]
    if is_sparse(x):
        row, column = int(np.searchsorted(x.indptr, first[0], side="right")) - 1, int(x.indices[first[0]])
    else:
        row, column = int(first[0]), int(first[1])
    raise DataError(
        f"encoder {encoder!r}: row {row}, column {names[column]!r} is not a finite number "
        f"({int((~finite).sum())} such values). Fill them in or remove the rows."
    )


def most_variable(x: Any, n: int, *, logarithms: bool) -> NDArray[np.int64]:
    """Positions of the n columns that vary most, in ascending order.

    Logarithms of counts are judged by the dispersion (variance / mean of the counts), as a z-score among the
    genes of a similar mean in 20 bins [1]_, because the variance of counts grows with their mean; other values
    by their variance.

    References
    ----------
    .. [1] Satija et al. (2015), Seurat, doi:10.1038/nbt.3192
    """
    mean, variance = _moments_of_columns(x, np.expm1 if logarithms else None)
    score = _dispersion(mean, variance) if logarithms else variance
    return np.sort(np.argsort(-score, kind="stable")[:n])


def _moments_of_columns(x: Any, function: Callable[[Array], Array] | None) -> tuple[Array, Array]:
    """Mean and variance (n - 1) of each column after a function that keeps 0 at 0."""
    y = x.astype(np.float64)
    if function is not None:
        if is_sparse(y):
            y.data = function(y.data)
        else:
            y = function(y)
    n = max(y.shape[0] - 1, 1)
    mean = np.asarray(y.mean(axis=0)).ravel()
    squares = y.multiply(y) if is_sparse(y) else y * y
    variance = (np.asarray(squares.sum(axis=0)).ravel() - y.shape[0] * mean**2) / n
    return mean, np.maximum(variance, 0.0)


def _dispersion(mean: Array, variance: Array) -> Array:
    """Dispersion of each gene as a z-score within its bin of means; genes without counts come last."""
    expressed = (mean > 0) & (variance > 0)
    score = np.full(len(mean), -np.inf)
    level = np.log1p(mean[expressed])
    if not len(level):
        return score
    dispersion = np.log(variance[expressed] / mean[expressed])
    edges = np.linspace(level.min(), level.max(), 21)
    bins = np.clip(np.digitize(level, edges[1:-1], right=True), 0, 19)
    count = np.bincount(bins, minlength=20)
    centre = np.bincount(bins, dispersion, minlength=20) / np.maximum(count, 1)
    spread = np.sqrt(np.bincount(bins, (dispersion - centre[bins]) ** 2, minlength=20) / np.maximum(count - 1, 1))
    spread[spread == 0] = 1.0
    alone = count[bins] == 1  # without a spread to compare with, a gene counts as one deviation above its bin
    score[expressed] = np.where(alone, 1.0, (dispersion - centre[bins]) / spread[bins])
    return score


def align(names: Sequence[str], learned: Sequence[str], what: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the shared columns stand: positions in a table, and in what was learned.

    Of columns with the same name the first counts; the version at the end of an Ensembl id is ignored.

    Parameters
    ----------
    names, learned
        Column names of the table, and those of the training rows.
    what
        The word for a column in messages, e.g. "genes".

    Raises
    ------
    DataError
        Where not one name is shared.

    Examples
    --------
    >>> take, put = align(["CD3E", "LYZ"], ["LYZ", "CD3E"], "genes")
    >>> take.tolist(), put.tolist()
    ([1, 0], [0, 1])
    """
    position = {_bare(name): i for i, name in reversed(list(enumerate(names)))}
    pairs = [(position[_bare(name)], i) for i, name in enumerate(learned) if _bare(name) in position]
    if not pairs:
        raise DataError(
            f"None of the {len(learned):,} {what} that were learned ({', '.join(learned[:3])}, ...) is among the "
            f"{len(names):,} of this table ({', '.join(names[:3])}, ...). {_hint(names, learned)}"
        )
    if len(pairs) < FEW_SHARED * len(learned):
        missing = sorted(set(range(len(learned))) - {i for _, i in pairs})
        logger.warning(
            "Only %.1f %% of the %s %s that were learned are in this table; the others count as average (%s, ...).",
            100 * len(pairs) / len(learned),
            f"{len(learned):,}",
            what,
            ", ".join(learned[i] for i in missing[:3]),
        )
    take, put = np.array(pairs, dtype=np.int64).T
    return take, put


def _bare(name: str) -> str:
    return re.sub(r"^(ENS\w*\d)\.\d+$", r"\1", name)


def _hint(names: Sequence[str], learned: Sequence[str]) -> str:
    kinds = [any(re.match(r"ENS\w*\d{6}", name) for name in part[:50]) for part in (learned, names)]
    if kinds[0] == kinds[1]:
        return "Check the species and the spelling of the names."
    words = ["Ensembl ids" if kind else "symbols" for kind in kinds]
    return f"The first look like {words[0]}, the second like {words[1]}: rename the columns."


def dense(x: Any, take: NDArray[np.int64], within: Callable[[Array], Array] | None) -> Iterator[tuple[slice, Array]]:
    """Chunks of rows as new dense arrays of the chosen columns, after a function of each row."""
    step = max(1, VALUES_AT_A_TIME // max(len(take), 1))
    for start in range(0, x.shape[0], step):
        rows = slice(start, min(start + step, x.shape[0]))
        part = x[rows][:, take]
        part = part.toarray() if is_sparse(part) else part
        part = part.astype(np.float64 if part.dtype != np.float32 else np.float32)
        yield rows, part if within is None else within(part)


def moments(chunks: Iterator[tuple[slice, Array]], n_columns: int) -> tuple[Array, Array]:
    """Mean and standard deviation (n) of each column; a constant column gets 1.

    References
    ----------
    Chan, Golub, LeVeque (1983), merging of variances, doi:10.1080/00031305.1983.10483115
    """
    count, mean, squares = 0, np.zeros(n_columns), np.zeros(n_columns)
    for _, part in chunks:
        n, part_mean = len(part), part.mean(axis=0, dtype=np.float64)
        shift = part_mean - mean
        squares += part.var(axis=0, dtype=np.float64) * n + shift**2 * (count * n / (count + n))
        count += n
        mean += shift * (n / count)
    std = np.sqrt(squares / max(count, 1))
    std[std <= 1e-9 * np.maximum(np.abs(mean), 1)] = 1.0
    return mean, std
