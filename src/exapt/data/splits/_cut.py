"""What splits share: the options of those that deal by chance, and the checks of options, columns and parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from exapt.core.contracts import Fold, Split, Table
from exapt.core.errors import ConfigError, DataError, nearest
from exapt.data.splits._deal import Codes, Deal, deal_folds, deal_groups, deal_rows, groups


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
