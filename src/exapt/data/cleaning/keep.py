"""Keep only rows whose column has one of some values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from exapt.core.contracts import Table
from exapt.core.errors import ConfigError, DataError, nearest
from exapt.data.cleaning._rule import Keep, Rule


@dataclass(frozen=True)
class KeepValues(Rule):
    """Classes of an experiment, one study of several, one species.

    Parameters
    ----------
    column
        Its name.
    values
        What may stand in it; compared as text, so that 5 and "5" are the same.

    Examples
    --------
    >>> import pandas as pd
    >>> from exapt.core.contracts import Column
    >>> table = Table(pd.DataFrame({"digit": [0, 7, 3]}), {"digit": Column("target", "label")}, "x.csv")
    >>> KeepValues("digit", [0, 3])(table)[0].tolist()
    [True, False, True]
    """

    column: str
    values: Sequence[Any]

    reason: ClassVar[str] = "not one of the values to keep"

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not len(self.values):
            raise ConfigError("cleaning rule 'keep': values is a list, for example [B, T].")

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows with a wanted value.

        Raises
        ------
        DataError
            Where the column, or one of the values, does not occur.
        """
        if self.column not in table.frame:
            raise DataError(
                f"{table.source}: cleaning rule 'keep' asks for column {self.column!r}. "
                f"{nearest(self.column, table.frame.columns)}"
            )
        found, wanted = table.frame[self.column].astype(str), [str(value) for value in self.values]
        missing = [value for value in wanted if value not in set(found)]
        if missing:
            raise DataError(
                f"{table.source}: column {self.column!r} has no {missing[0]!r}. {nearest(missing[0], found.unique())}"
            )
        return found.isin(wanted).to_numpy(), table


EXPORT = KeepValues
