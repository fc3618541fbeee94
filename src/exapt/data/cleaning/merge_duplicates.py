"""Merge rows with the same input into one: numbers by their mean, labels where they agree."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Rows, Table
from exapt.core.errors import ConfigError
from exapt.data.cleaning._rule import Keep, Rule, input_keys
from exapt.data.splits.predefined import COLUMNS

NUMBERS, LABELS = ("mean", "median", "first", "drop"), ("drop", "majority", "first")


@dataclass(frozen=True)
class MergeDuplicates(Rule):
    """The first of the rows stays, with one value a target; missing values have no say.

    Rows are the same where their inputs are spelled the same: put `canonical_smiles` before it. Rows in different parts
    of a predefined split are not merged, since the test part must not speak to the training part. A target whose values
    cannot be merged becomes missing, and a row without any target left is dropped.

    Parameters
    ----------
    numbers
        ``mean`` or ``median`` of the values, the ``first``, or ``drop`` where they differ.
    labels
        ``drop`` where they differ, the ``majority`` (dropped where two labels are equally frequent), or the ``first``.

    Examples
    --------
    >>> from exapt.core.contracts import Column
    >>> frame = pd.DataFrame({"s": ["CC", "CC", "CO", "CO"], "y": [1.0, 2.0, 5.0, None], "z": ["a", "b", "a", "a"]})
    >>> columns = {"s": Column("input", "molecule"), "y": Column("target", "number"), "z": Column("target", "label")}
    >>> keep, merged = MergeDuplicates()(Table(frame, columns, "x.csv"))
    >>> merged.frame[keep].values.tolist()
    [['CC', 1.5, None], ['CO', 5.0, 'a']]
    """

    numbers: Literal["mean", "median", "first", "drop"] = "mean"
    labels: Literal["drop", "majority", "first"] = "drop"
    reason: ClassVar[str] = "the input of an earlier row, or contradicting copies"

    def __post_init__(self) -> None:
        if self.numbers not in NUMBERS:
            raise ConfigError(f"merge_duplicates: numbers is {', '.join(NUMBERS)}; found {self.numbers!r}.")
        if self.labels not in LABELS:
            raise ConfigError(f"merge_duplicates: labels is {', '.join(LABELS)}; found {self.labels!r}.")

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Merge the targets into the first row of each group, keep those rows that have one."""
        group, first = _groups(table)
        repeated = np.bincount(group)[group] > 1
        targets = table.names("target")
        if not targets or not repeated.any():
            return first, table
        copies, heads = table.frame.loc[repeated, targets], np.flatnonzero(repeated & first)
        merged = pd.DataFrame({name: self._merged(table, name, copies, group[repeated]) for name in targets})
        merged = merged.reindex(group[heads]).set_axis(heads)
        known = copies.notna().any(axis=1).groupby(group[repeated]).any()
        lost = merged.isna().all(axis=1).to_numpy() & known.reindex(group[heads]).to_numpy()
        changed = {name: _written(table.frame[name], merged[name][~lost]) for name in targets}
        first[heads[lost]] = False
        return first, replace(table, frame=table.frame.assign(**changed))

    def details(self, table: Table, rows: Rows) -> list[str]:
        """The row that each one was merged into, or that its copies contradict each other."""
        from exapt.data.tables import places

        group, first = _groups(table)
        heads = np.flatnonzero(first)[group[rows]]
        names = places(table, heads)
        return [
            "its copies contradict each other" if head == row else f"a copy of {name}"
            for row, head, name in zip(rows, heads, names, strict=True)
        ]

    def _merged(self, table: Table, name: str, copies: pd.DataFrame, group: NDArray[np.int64]) -> pd.Series:
        """One value a group of copies; missing where there is none, or they cannot be merged."""
        rule = self.numbers if table.columns[name].modality == "number" else self.labels
        groups = copies[name].groupby(group)
        if rule in ("mean", "median"):
            return groups.agg(rule)
        found = groups.first()
        if rule == "first":
            return found
        differ = groups.nunique() > 1
        found = found.astype(object).where(~differ, None)
        for number in differ.index[differ] if rule == "majority" else ():
            counts = groups.get_group(number).value_counts()
            found[number] = counts.index[0] if counts.iloc[0] > counts.iloc[1] else None
        return found


def _written(column: pd.Series, values: pd.Series) -> pd.Series:
    """A column with other values in some rows, numbers as numbers."""
    changed = column.astype(object)
    changed.loc[values.index] = values.astype(object)
    return pd.to_numeric(changed) if pd.api.types.is_numeric_dtype(column) else changed


def _groups(table: Table) -> tuple[NDArray[np.int64], Keep]:
    """Number of the group of each row, and whether it is the first of its group."""
    keys = input_keys(table)
    parts = [name for name in table.frame if str(name).lower() in COLUMNS and name not in table.columns]
    keys = keys.join(table.frame[parts], rsuffix=" (part)")
    number = keys.groupby(list(keys.columns), sort=False, dropna=False).ngroup()
    return np.asarray(number, dtype=np.int64), ~number.duplicated().to_numpy()


EXPORT = MergeDuplicates
