"""Drop contradictions: the same input with different labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from exapt.core.contracts import Table
from exapt.core.errors import ConfigError
from exapt.data.cleaning._rule import Keep, Rule, input_keys


@dataclass(frozen=True)
class Contradicting(Rule):
    """Labels only: different numbers for one input are replicates, not contradictions.

    Parameters
    ----------
    keep
        ``none`` of the rows, or those with the ``majority`` label (none where two labels are equally frequent).

    Examples
    --------
    >>> from exapt.core.contracts import Column
    >>> frame = pd.DataFrame({"s": ["AC", "AC", "AC", "GG"], "y": ["p", "p", "q", "q"]})
    >>> table = Table(frame, {"s": Column("input", "dna"), "y": Column("target", "label")}, "x.csv")
    >>> Contradicting()(table)[0].tolist(), Contradicting(keep="majority")(table)[0].tolist()
    ([False, False, False, True], [True, True, False, True])
    """

    keep: Literal["none", "majority"] = "none"
    reason: ClassVar[str] = "the input of another row with a different label"

    def __post_init__(self) -> None:
        if self.keep not in ("none", "majority"):
            raise ConfigError(f"contradicting: keep is none or majority, not {self.keep!r}.")

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows whose input has one label, or the most frequent one."""
        keep = np.ones(len(table), dtype=bool)
        labels = [name for name in table.names("target") if table.columns[name].modality == "label"]
        if not labels:
            return keep, table
        keys = input_keys(table)
        group = keys.groupby(list(keys.columns), sort=False, dropna=False).ngroup()
        for name in labels:
            label = table.frame[name]
            rows = pd.DataFrame({"group": group, "label": label.astype(str)})[label.notna().to_numpy()]
            keep[rows.index] &= self._agrees(rows)
        return keep, table

    def _agrees(self, rows: pd.DataFrame) -> Keep:
        """Rows whose group has one label, or that have the single most frequent label of their group."""
        counts = rows.value_counts().rename("count").reset_index()
        wanted = counts[~counts["group"].duplicated(keep=False)]
        if self.keep == "majority":
            top = counts[counts["count"] == counts.groupby("group")["count"].transform("max")]
            wanted = top[~top["group"].duplicated(keep=False)]
        pairs = pd.MultiIndex.from_frame(wanted[["group", "label"]])
        return np.asarray(pd.MultiIndex.from_frame(rows).isin(pairs))


EXPORT = Contradicting
