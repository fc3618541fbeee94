"""How rows are dealt out: singly or by group, into three parts or k folds, again and nested. All splits share it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from exapt.core.contracts import Fold, Rows, Split, Table
from exapt.core.errors import ConfigError, DataError, nearest

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


@dataclass(frozen=True)
class CutSplit(Split):
    """The options that all splits share which deal rows or groups out by chance.

    Parameters
    ----------
    valid, test
        Share of all rows in the validation and the test part.
    folds
        Number of folds for cross-validation: every row is once in a test part, and `test` is not used; None = one cut.
    repeats
        How often all is done anew, each time with another seed that follows from `seed`.
    inner
        Nested cross-validation: the rows outside each test part are cut into so many validation parts, one a fold,
        and `valid` is not used; None = one validation part.
    seed
        Of the random generator.
    """

    valid: float = 0.1
    test: float = 0.2
    folds: int | None = None
    repeats: int = 1
    inner: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        check_shares(
            self.name, valid=self.valid, test=self.test, folds=self.folds, repeats=self.repeats, inner=self.inner
        )

    @property
    def name(self) -> str:
        """The word in the YAML."""
        return type(self).__module__.rpartition(".")[2]

    def deal(self, codes: Codes, how: Deal) -> list[Fold]:
        """The folds of rows with these codes, see `deal_folds`."""
        return deal_folds(
            codes,
            how,
            valid=self.valid,
            test=self.test,
            folds=self.folds,
            repeats=self.repeats,
            inner=self.inner,
            seed=self.seed,
        )

    def checked(self, table: Table, cuts: list[Fold]) -> list[Fold]:
        """The folds themselves, if none has an empty part or a label that training lacks."""
        for fold in cuts:
            check_parts(table, fold, valid=self.inner is not None or self.valid > 0, test=bool(self.folds or self.test))
        return cuts

    def cut_rows(self, table: Table, codes: Codes) -> list[Fold]:
        """Cut a table row by row, each class in every part by its share."""
        return self.checked(table, self.deal(codes, deal_rows))

    def cut_groups(self, table: Table, labels: ArrayLike, what: str) -> list[Fold]:
        """Cut a table by whole groups; a row without a group (None) is a group of its own.

        Parameters
        ----------
        table
            The table.
        labels
            Group of each row, shape (n,).
        what
            What the groups are, for the message: ``"column 'donor'"``.

        Raises
        ------
        DataError
            Where there are fewer groups than parts.
        """
        return self.checked(table, self.deal_whole(table, labels, what))

    def deal_whole(self, table: Table, labels: ArrayLike, what: str) -> list[Fold]:
        """As `cut_groups`, for labels of anything (the entities of pairs, say); the parts are not checked."""
        codes = groups(labels)
        n_groups = int(codes.max(initial=-1)) + 1
        inside = self.inner or 1 + (self.valid > 0)
        parts = inside + (self.test > 0) if self.folds is None else max(self.folds, inside + 1)
        if n_groups < parts:
            raise DataError(
                f"{table.source}: {what} has {n_groups} group{'s' * (n_groups != 1)}, and {parts} are needed, one a "
                f"part at least. Set valid or test to 0, ask for fewer folds, or choose other groups."
            )
        return self.deal(codes, deal_groups)


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


def check_shares(
    split: str, *, valid: float, test: float, folds: int | None = None, repeats: int = 1, inner: int | None = None
) -> None:
    """Refuse impossible options.

    Raises
    ------
    ConfigError
        Where the shares leave nothing to train on, or there are fewer than two folds or no repeat.
    """
    for option, value, least in (("folds", folds, 2), ("inner", inner, 2), ("repeats", repeats, 1)):
        if value is not None and (not isinstance(value, int) or value < least):
            raise ConfigError(f"split {split!r}: {option} must be a whole number of at least {least}; found {value!r}.")
    valid = valid if inner is None else 0.0
    used = valid + (test if folds is None else 1 / folds)
    if valid < 0 or test < 0 or used >= 1:
        raise ConfigError(
            f"split {split!r}: valid and test are shares of all rows, at least 0, and must leave a training part; "
            f"found valid {valid:g}, test {used - valid:g}."
        )


def check_parts(table: Table, fold: Fold, *, valid: bool, test: bool) -> None:
    """Refuse a fold with an empty part, or with a label that is not in training.

    Parameters
    ----------
    table
        The table that was cut; its single label column is checked, several are not.
    fold
        The parts.
    valid, test
        Whether these parts are wanted.

    Raises
    ------
    DataError
        With the part, or the label and its count.
    """
    wanted = {"training": (fold.train, True), "validation": (fold.valid, valid), "test": (fold.test, test)}
    for name, (rows, asked) in wanted.items():
        if asked and not len(rows):
            raise DataError(
                f"{table.source}: the {name} part of the split is empty ({len(table):,} rows in all). "
                f"Give more rows, or change the shares of the parts."
            )
    for column in label_columns(table):
        labels = table.frame[column]
        known = set(labels.iloc[fold.train])
        for name, rows in (("test", fold.test), ("validation", fold.valid)):
            unseen = labels.iloc[rows].dropna()
            unseen = unseen[~unseen.isin(known)]
            if len(unseen):
                label = unseen.iloc[0]
                raise DataError(
                    f"{table.source}: label {label!r} of column {column!r} is in the {name} part "
                    f"({int((unseen == label).sum())} rows) and not in training. "
                    f"Remove or merge that label, or choose another split or seed."
                )


def label_columns(table: Table) -> list[str]:
    """The target column, where there is one and it holds labels, as a list; several targets may each miss a label."""
    names = table.names("target")
    return names if len(names) == 1 and table.columns[names[0]].modality == "label" else []


def find_column(table: Table, *names: str) -> str | None:
    """The first column that is called one of the names in any case; the order of the names decides.

    Examples
    --------
    >>> find_column(Table(pd.DataFrame({"Batch": [1], "DONOR": [2]}), {}, "x.csv"), "donor", "batch")
    'DONOR'
    """
    by_lower = {str(column).lower(): str(column) for column in reversed(table.frame.columns)}
    return next((by_lower[name] for name in names if name in by_lower), None)


def column_called(table: Table, given: str | None, names: Sequence[str], split: str, option: str = "column") -> str:
    """The column that an option names, else the first with a usual name.

    Raises
    ------
    DataError
        Where none is given and none has a usual name.
    """
    name = given or find_column(table, *names)
    if name is None:
        raise DataError(
            f"{table.source}: split {split!r} finds no column called {', '.join(names)}. Name one with {option}: NAME; "
            f"columns: {', '.join(map(str, table.frame.columns))}."
        )
    return name


def column_of(table: Table, name: str, split: str) -> pd.Series[Any]:
    """A column of the table by name.

    Raises
    ------
    DataError
        Where there is none; the message offers the nearest.
    """
    if name not in table.frame:
        raise DataError(
            f"{table.source}: split {split!r} asks for column {name!r}, which is not there. "
            f"{nearest(name, map(str, table.frame.columns))}"
        )
    return table.frame[name]


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
