"""The parts that a column of the data names: train, valid (or dev), test."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Rows, Split, Table
from exapt.core.errors import ConfigError, DataError
from exapt.data.splits._cut import check_parts, column_of, find_column, label_columns
from exapt.data.splits._deal import cut_validation, deal_groups, deal_rows, groups, strata

COLUMNS = ("split", "set", "subset", "partition")
VALIDATION = "validation"
WORDS = {
    "train": ("train", "training", "trn"),
    "valid": ("valid", "validation", "val", "dev", "development"),
    "test": ("test", "testing", "tst", "heldout", "held_out"),
    "dropped": ("", "nan", "none", "dropped", "unused"),
}
YES = ("true", "1", "yes")
NO = ("false", "0", "no", "", "nan", "none")
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PredefinedSplit(Split):
    """Published parts are kept; only a missing validation part is cut from the training rows, which is logged.

    The column holds the words train, valid (validation, val, dev) and test in any case, or booleans: then True is
    test, or training where "train" is in the column's name. Rows without a word are dropped. A second column of
    booleans may mark the validation rows among the training rows (SET and VALIDATION of biotrainer and FLIP [1]_).

    Parameters
    ----------
    column
        The column with the parts; None = split, set, subset or partition, in any case.
    validation
        The column of booleans; None = a column called validation, in any case, if there is one.
    valid
        Share of the training rows that becomes the validation part where there is none: whole groups if the table has
        a group column, else stratified by the target; 0 = no validation part.
    seed
        For that cut.

    References
    ----------
    .. [1] Dallago et al. (2021), FLIP, doi:10.1101/2021.11.09.467890
    """

    column: str | None = None
    validation: str | None = None
    valid: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.valid < 1:
            raise ConfigError(
                f"split 'predefined': valid is a share of the training rows in [0, 1); found {self.valid}."
            )

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where the column is missing, a word in it is not known, or a part is empty.
        """
        part = self._parts(table)
        train, valid, test, dropped = (np.flatnonzero(part == name) for name in WORDS)
        if len(train) and not len(valid) and self.valid > 0:
            train, valid = self._cut(table, train)
        fold = Fold(train, valid, test, dropped)
        check_parts(table, fold, valid=self.valid > 0, test=True)
        return [fold]

    def _parts(self, table: Table) -> NDArray[Any]:
        """The part of each row, one of the keys of `WORDS`."""
        name = self.column or find_column(table, *COLUMNS)
        if name is None:
            raise DataError(
                f"{table.source}: split 'predefined' finds none of the columns {', '.join(COLUMNS)}. "
                f"Name it with column: NAME; columns: {', '.join(map(str, table.frame.columns))}."
            )
        values = column_of(table, name, "predefined")
        if pd.api.types.is_bool_dtype(values):
            yes, no = ("train", "test") if "train" in name.lower() else ("test", "train")
            part = np.where(values.to_numpy(dtype=bool), yes, no).astype(object)
        else:
            part = _words(values, {word: key for key, words in WORDS.items() for word in words}, table, name)
        marks = self.validation or find_column(table, VALIDATION)
        if marks is not None and marks != name:
            flags = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
            marked = _words(column_of(table, marks, "predefined"), flags, table, marks).astype(bool)
            part[marked & (part == "train")] = "valid"
        return part

    def _cut(self, table: Table, train: Rows) -> tuple[Rows, Rows]:
        rng = np.random.default_rng(self.seed)
        grouped = table.names("group")
        if grouped:
            codes, deal, how = groups(table.frame[grouped[0]]), deal_groups, f"whole groups of {grouped[0]!r}"
        else:
            targets = [name for name in table.names("target") if name in table.frame][:1]
            codes, deal, how = np.zeros(len(table), dtype=np.int64), deal_rows, "at random"
            if targets:
                codes = strata(table.frame[targets[0]], label=bool(label_columns(table)))
                how = f"stratified by {targets[0]!r}"
        rest, valid = cut_validation(codes, deal, train, self.valid, rng)
        logger.warning(
            "%s: the predefined split has no validation part; %d of %d training rows were taken for it, %s (seed %d).",
            table.source,
            len(valid),
            len(train),
            how,
            self.seed,
        )
        return rest, valid


def _words(values: pd.Series[Any], meaning: dict[str, Any], table: Table, name: str) -> NDArray[Any]:
    """What each word of a column means.

    Raises
    ------
    DataError
        At the first word without a meaning.
    """
    words = values.astype(str).str.strip().str.lower().where(values.notna(), "").str.removesuffix(".0")
    unknown = np.flatnonzero(~words.isin(list(meaning)))
    if len(unknown):
        row = int(unknown[0])
        raise DataError(
            f"{table.source}: row {table.ids()[row]}, column {name!r}: {values.iloc[row]!r} names no part "
            f"({len(unknown):,} such rows). Known: {', '.join(word for word in meaning if word)}."
        )
    return words.map(meaning).to_numpy(dtype=object)


EXPORT = PredefinedSplit
