"""Rows of named numbers -> one float32 row of chosen, normalised, scaled columns; expression and profile share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Matrix
from exapt.core.errors import DataError
from exapt.data.encoders._cells import WITHIN_CELL, Scale, is_sparse, learn_scale, on_scale
from exapt.data.encoders._columns import align, dense, moments, most_variable, read


@dataclass(frozen=True)
class Recipe:
    """What is done to rows: the options that learning and applying share.

    Attributes
    ----------
    encoder, what
        Words for messages: the name of the encoder, and what a column is ("genes").
    normalise
        One of `NORMALISE` in `_cells`.
    unit
        Unit of the values, None = judged from them.
    standardise
        Whether columns are centred and divided by their standard deviation.
    clip
        Largest absolute value after that; None = no limit.
    """

    encoder: str
    what: str
    normalise: str
    unit: str | None
    standardise: bool
    clip: float | None


@dataclass(frozen=True)
class Learned:
    """What training rows teach: the scale of the values, chosen columns, their means and standard deviations."""

    scale: Scale
    names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]


def learn(values: Sequence[Any] | Matrix, recipe: Recipe, *, n: int | None, min_share: float) -> Learned:
    """Choose columns of training rows and learn their moments.

    Parameters
    ----------
    values
        Training rows, (n, F).
    recipe
        The options.
    n
        Number of columns to keep, the most variable; None = all.
    min_share
        Columns that are 0 in more than 1 - `min_share` of the rows are left out.

    Raises
    ------
    DataError
        Where no row or no column is left.
    """
    x, names = read(values, recipe.encoder)
    if not x.shape[0]:
        raise DataError(f"encoder {recipe.encoder!r}: no training rows to learn from.")
    scale = learn_scale(x, recipe.normalise, recipe.unit)
    x = on_scale(x, scale, recipe.unit)
    kept = _candidates(x, names, min_share)
    if not len(kept):
        raise DataError(
            f"encoder {recipe.encoder!r}: none of {len(names):,} {recipe.what} is above 0 in {min_share:.0%} of the "
            f"{x.shape[0]:,} training rows."
        )
    if n is not None and n < len(kept):
        kept = kept[most_variable(x[:, kept], n, logarithms=scale == "log1p CP10k")]
    chosen = tuple(names[i] for i in kept)
    if not recipe.standardise:
        return Learned(scale, chosen, (), ())
    mean, std = moments(dense(x, kept, WITHIN_CELL.get(recipe.normalise)), len(kept))
    return Learned(scale, chosen, tuple(mean.tolist()), tuple(std.tolist()))


def _candidates(x: Any, names: Sequence[str], min_share: float) -> NDArray[np.int64]:
    """Columns that are expressed, the first of each name."""
    nonzero = x.getnnz(axis=0) if is_sparse(x) else np.count_nonzero(x, axis=0)
    first = np.zeros(len(names), dtype=bool)
    first[np.unique(np.array(names, dtype=str), return_index=True)[1]] = True
    return np.flatnonzero(first & (np.asarray(nonzero) >= min_share * x.shape[0]))


def apply(values: Sequence[Any] | Matrix, learned: Learned, recipe: Recipe) -> NDArray[np.float32]:
    """Rows as they are fed to a backbone, (n, len(learned.names)).

    Columns that are missing are 0, which is the average of the training rows where columns are standardised.

    Raises
    ------
    DataError
        Where not one column is shared, or values are on another scale.
    """
    x, names = read(values, recipe.encoder)
    x = on_scale(x, learned.scale, recipe.unit)
    take, put = align(names, learned.names, recipe.what)
    out = np.zeros((x.shape[0], len(learned.names)), dtype=np.float32)
    whole = len(put) == out.shape[1]
    for rows, part in dense(x, take, WITHIN_CELL.get(recipe.normalise)):
        if recipe.standardise:
            part -= np.array(learned.mean)[put].astype(part.dtype)
            part /= np.array(learned.std)[put].astype(part.dtype)
            if recipe.clip is not None:
                np.clip(part, -recipe.clip, recipe.clip, out=part)
        out[rows, slice(None) if whole else put] = part
    return out
