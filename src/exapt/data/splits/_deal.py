"""How rows are dealt out: singly or by group, into three parts or k folds, again and nested. Arrays only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from exapt.core.contracts import Fold, Rows

Codes = NDArray[np.int64]
Deal = Callable[[Codes, Sequence[float], np.random.Generator], Codes]
BINS = 10
ROWS_A_BIN = 5


def deal_rows(codes: Codes, shares: Sequence[float], rng: np.random.Generator) -> Codes:
    """The part of each row: every class is spread over the parts by their shares, to the nearest row.

    What is left after rounding down goes to the part that lacks most overall; the first part gets at least one
    row of each class, so that no label is missing in training.

    Parameters
    ----------
    codes
        Class of each row, 0 .. C - 1, shape (n,). One class for all = a random split.
    shares
        Share of each part; their sum is 1.
    rng
        The random generator.

    Examples
    --------
    >>> parts = deal_rows(np.array([0] * 8 + [1] * 2), [0.5, 0.5], np.random.default_rng(0))
    >>> np.bincount(parts[:8]).tolist(), np.bincount(parts[8:]).tolist()
    ([4, 4], [1, 1])
    """
    share = np.asarray(shares, dtype=np.float64)
    sizes = np.bincount(codes)
    counts = np.floor(sizes[:, None] * share + 1e-9).astype(np.int64)
    lacking = np.zeros(len(share))
    for label in np.argsort(-sizes, kind="stable"):
        lacking += sizes[label] * share - counts[label]
        for _ in range(sizes[label] - counts[label].sum()):
            part = 0 if counts[label, 0] == 0 else int(lacking.argmax())
            counts[label, part] += 1
            lacking[part] -= 1
    order = rng.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]
    parts = np.empty(len(codes), dtype=np.int64)
    parts[order] = np.repeat(np.tile(np.arange(len(share)), len(sizes)), counts.ravel())
    return parts


def deal_groups(codes: Codes, shares: Sequence[float], rng: np.random.Generator) -> Codes:
    """The part of each row, whole groups only: large groups first, each into a part that still has room for it.

    Among the parts with room one is drawn in proportion to that room, so that seeds differ; where no part has
    room, the one that lacks most takes the group. No part with a share stays empty if there are enough groups.

    Parameters
    ----------
    codes
        Group of each row, 0 .. G - 1, shape (n,).
    shares
        Share of rows of each part; their sum is 1.
    rng
        The random generator.

    Examples
    --------
    >>> deal_groups(np.array([0, 0, 1, 1]), [0.5, 0.5], np.random.default_rng(0)).tolist()
    [0, 0, 1, 1]
    """
    sizes = np.bincount(codes)
    room = np.asarray(shares, dtype=np.float64) * len(codes)
    wanted = np.flatnonzero(room > 0)
    shuffled = rng.permutation(len(sizes))
    part_of = np.zeros(len(sizes), dtype=np.int64)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        chance = np.cumsum(np.where(room >= sizes[group] - 0.5, room, 0.0))  # up to half a row too large is no harm
        draw = rng.random() * chance[-1]
        part = int(np.searchsorted(chance, draw, side="right")) if chance[-1] > 0 else int(room.argmax())
        part_of[group] = part
        room[part] -= sizes[group]
    for empty in wanted:
        taken = np.bincount(part_of, minlength=len(room))
        if taken[empty] == 0 and taken.max() > 1:
            givers = np.flatnonzero(part_of == taken.argmax())
            part_of[givers[sizes[givers].argmin()]] = empty
    return part_of[codes]


def deal_folds(
    codes: Codes,
    deal: Deal,
    *,
    valid: float,
    test: float,
    folds: int | None = None,
    repeats: int = 1,
    inner: int | None = None,
    seed: int = 0,
) -> list[Fold]:
    """Deal rows into training, validation and test part, or into k folds; in the order repeat, fold, inner fold.

    Parameters
    ----------
    codes
        Class or group of each row, shape (n,).
    deal
        `deal_rows` or `deal_groups`.
    valid, test, folds, repeats, inner, seed
        As for `CutSplit`.

    Examples
    --------
    >>> cuts = deal_folds(np.zeros(12, dtype=int), deal_rows, valid=0.1, test=0.2, folds=3, inner=2)
    >>> [(len(fold.train), len(fold.valid), len(fold.test)) for fold in cuts]
    [(4, 4, 4), (4, 4, 4), (4, 4, 4), (4, 4, 4), (4, 4, 4), (4, 4, 4)]
    """
    cuts: list[Fold] = []
    for number in range(repeats):
        rng = np.random.default_rng([seed, number] if number else seed)
        if folds is None and inner is None:
            parts = deal(codes, [1 - valid - test, valid, test], rng)
            cuts.append(Fold(*(np.flatnonzero(parts == part) for part in range(3))))
            continue
        shares = [1 - test, test] if folds is None else [1 / folds] * folds
        outer = deal(codes, shares, rng)
        for part in [1] if folds is None else range(folds):
            rest, held = np.flatnonzero(outer != part), np.flatnonzero(outer == part)
            if inner is None:
                train, validation = cut_validation(codes, deal, rest, valid * len(codes) / max(len(rest), 1), rng)
                cuts.append(Fold(train, validation, held))
            else:
                within = deal(_dense(codes[rest]), [1 / inner] * inner, rng)
                cuts += [Fold(rest[within != one], rest[within == one], held) for one in range(inner)]
    return cuts


def cut_validation(codes: Codes, deal: Deal, rows: Rows, share: float, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Cut a share of some rows off; return what stays and what was cut.

    Parameters
    ----------
    codes
        Class or group of each row of the table.
    deal
        `deal_rows` or `deal_groups`.
    rows
        The rows to cut.
    share
        Share of `rows` to cut off, in [0, 1).
    rng
        The random generator.
    """
    parts = deal(_dense(codes[rows]), [1 - share, share], rng)
    return rows[parts == 0], rows[parts == 1]


def _dense(codes: Codes) -> Codes:
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def strata(values: ArrayLike, *, label: bool) -> Codes:
    """Classes 0 .. C - 1 of labels, or of numbers cut at their quantiles; missing values are a class of their own.

    Numbers go into 10 bins, or fewer so that a bin has 5 rows on average.

    Examples
    --------
    >>> strata(["b", "a", None, "b"], label=True).tolist()
    [1, 0, 2, 1]
    """
    series = pd.Series(values)
    if not label:
        numbers = pd.to_numeric(series)
        series = pd.qcut(numbers, max(1, min(BINS, len(numbers) // ROWS_A_BIN)), labels=False, duplicates="drop")
    codes, uniques = pd.factorize(series, sort=True)
    return np.where(codes < 0, len(uniques), codes).astype(np.int64)


def groups(values: ArrayLike) -> Codes:
    """Groups 0 .. G - 1; a row without a group is a group of its own.

    Examples
    --------
    >>> groups(["d2", "d1", None, "d2", None]).tolist()
    [0, 1, 2, 0, 3]
    """
    codes, uniques = pd.factorize(pd.Series(values))
    alone = codes < 0
    codes = codes.astype(np.int64)
    codes[alone] = len(uniques) + np.arange(alone.sum())
    return codes
