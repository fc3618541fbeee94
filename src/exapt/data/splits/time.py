"""Train on the past, test on the future: rows before a date or number against those from it on."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Split, Table
from exapt.core.errors import ConfigError, DataError
from exapt.data.splits._cut import check_parts, check_shares, column_called, column_of
from exapt.data.tables import where

NAMES = ("date", "year", "time", "timestamp", "published", "released", "deposited", "collected")
Moment = str | int | float | datetime.date


@dataclass(frozen=True)
class TimeSplit(Split):
    """Nothing in training is as late as anything in validation, and nothing there as late as the test part.

    Rows of one moment stay together, so that shares are met as nearly as the moments allow. There is no chance in it.

    Parameters
    ----------
    column
        A column of numbers (years) or ISO 8601 dates (2024, 2024-05, 2024-05-31); None = the first that is called date,
        year, time, timestamp, published, released, deposited or collected, in any case.
    valid, test
        Share of all rows in the validation and the test part, where no moment is given.
    valid_from, test_from
        The first moment of the part.
    """

    column: str | None = None
    valid: float = 0.1
    test: float = 0.2
    valid_from: Moment | None = None
    test_from: Moment | None = None

    def __post_init__(self) -> None:
        check_shares("time", valid=self.valid, test=self.test)

    def _moments(self, table: Table) -> pd.Series[Any]:
        name = column_called(table, self.column, NAMES, "time")
        values = column_of(table, name, "time")
        if pd.api.types.is_numeric_dtype(values):
            moments: pd.Series[Any] = values.astype(np.float64)
        else:
            moments = pd.to_datetime(values, format="ISO8601", errors="coerce", utc=True).dt.tz_localize(None)
        bad = np.flatnonzero(moments.isna())
        if len(bad):
            row = int(bad[0])
            raise DataError(
                f"{where(table, row)}: column {name!r} holds {values.iloc[row]!r}, which is neither number nor date "
                f"({len(bad):,} such rows). Write dates as 2024-05-31, or leave those rows out."
            )
        return moments

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where there is no such column, a value is no moment, or a part is empty.
        ConfigError
            Where a first moment cannot be compared with the column, or the two are in the wrong order.
        """
        moments = self._moments(table)
        values, where_each = np.unique(moments.to_numpy(), return_inverse=True)
        before = np.cumsum(np.bincount(where_each))  # rows up to each moment
        first_test = self._first("test_from", moments, values, before, 1 - self.test, len(values))
        wanted = 1 - self.test - self.valid
        if self.test_from is not None and self.valid_from is None:
            wanted = max(before[first_test - 1] / before[-1] - self.valid, 0.0) if first_test else 0.0
        first_valid = self._first("valid_from", moments, values, before, wanted, first_test)
        if first_valid > first_test:
            raise ConfigError(
                f"split 'time': valid_from {self.valid_from!r} must not be later than the first test moment."
            )
        parts = np.searchsorted([first_valid, first_test], where_each, side="right")
        fold = Fold(*(np.flatnonzero(parts == part) for part in range(3)))
        check_parts(
            table,
            fold,
            valid=self.valid > 0 or self.valid_from is not None,
            test=self.test > 0 or self.test_from is not None,
        )
        return [fold]

    def _first(
        self,
        option: str,
        moments: pd.Series[Any],
        values: NDArray[Any],
        before: NDArray[np.int64],
        share: float,
        last: int,
    ) -> int:
        """Number of the first moment of a part: the one that is stated, or the one that comes nearest to the share."""
        stated = getattr(self, option)
        if stated is None:
            rows = np.concatenate([[0], before[:last]])
            return int(np.abs(rows - share * before[-1]).argmin())
        dates = pd.api.types.is_datetime64_any_dtype(moments)
        try:
            cut = (
                pd.to_datetime(str(stated), format="ISO8601", utc=True).tz_localize(None).to_datetime64()
                if dates
                else float(stated)
            )
        except (ValueError, TypeError):
            kind = "an ISO 8601 date" if dates else "a number"
            raise ConfigError(f"split 'time': {option} is {kind}, as the column is; found {stated!r}.") from None
        return int(np.searchsorted(values, cut, side="left"))


EXPORT = TimeSplit
