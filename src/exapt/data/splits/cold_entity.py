"""New entities in the test pairs: whole drugs, targets or proteins are held out on one side or on both."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Table
from exapt.core.errors import ConfigError, DataError, nearest
from exapt.data.pairs import entities, one_pool, sides
from exapt.data.splits._cut import CutSplit, column_of
from exapt.data.splits._deal import Codes
from exapt.data.tables import where

TRAIN, VALID, TEST = range(3)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ColdEntitySplit(CutSplit):
    """Entities, not pairs, are dealt out; pairs of entities from parts that do not fit together are dropped and logged.

    With both sides cold, test pairs are of class C3 of Park and Marcotte [1]_: neither entity is in training. With one
    side cold, its entities are new; the other entity is known (C2), or new too where both sides are of one pool.
    `exapt.data.pairs.pair_classes` gives the class of each test pair. With `folds`, each entity is held out once; with
    both sides cold that tests fewer pairs than there are.

    Parameters
    ----------
    side
        `both`, or the input column whose entities are new in the test part.
    valid, test
        Share of the entities, counted by their pairs, in the validation and the test part.
    groups_of
        Input column -> column of families, clusters or scaffolds: relatives go to the same part.

    References
    ----------
    .. [1] Park & Marcotte (2012), doi:10.1038/nmeth.2259
    """

    side: str = "both"
    groups_of: Mapping[str, str] | None = None

    def groups(self, table: Table) -> NDArray[np.object_]:
        """The entity (or its group) on the cold side of each pair, (n,); with both sides cold, on the first.

        Pairs of one entity resemble each other, so that it is the unit of intervals.
        """
        first, second = self._units(table, sides(table))
        units = second if self.side == sides(table)[1] else first
        return np.array([f"entity {number}" for number in units], dtype=object)

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where the table has not two inputs, there are fewer entities than parts, a part is empty, or an entity is
            in two families.
        ConfigError
            Where `side` or a key of `groups_of` is not one of its inputs.
        """
        names = sides(table)
        for name, known in ((self.side, [*names, "both"]), *((key, [*names]) for key in self.groups_of or {})):
            if name not in known:
                raise ConfigError(f"split 'cold_entity': no input {name!r}. {nearest(name, known)}")
        units = self._units(table, names)
        if self.side == names[1]:  # from here on the cold side comes first
            names, units = names[::-1], units[::-1]
        first = f"input {names[0]!r}"
        if one_pool(table):
            together = self._parts(table, np.concatenate(units), "both inputs together")
            dealt = [(part[: len(table)], part[len(table) :]) for part in together]
        elif self.side == "both":
            other = self._parts(table, units[1], f"input {names[1]!r}")
            dealt = list(zip(self._parts(table, units[0], first), other, strict=True))
        else:
            warm = np.full(len(table), TRAIN)
            dealt = [(part, warm) for part in self._parts(table, units[0], first)]
        return self.checked(table, [_fold(table, *parts, both=self.side == "both") for parts in dealt])

    def _parts(self, table: Table, units: Codes, what: str) -> list[Codes]:
        """Of each fold the part of every unit: TRAIN, VALID or TEST. A unit counts as often as it stands there."""
        dealt = []
        for fold in self.deal_whole(table, units, what):
            part = np.full(len(units), TRAIN)
            part[fold.valid], part[fold.test] = VALID, TEST
            dealt.append(part)
        return dealt

    def _units(self, table: Table, names: tuple[str, str]) -> tuple[Codes, Codes]:
        """What is dealt out whole on each side: entities, or the groups of those that have one."""
        codes = entities(table)
        columns = [(self.groups_of or {}).get(name) for name in names]
        if columns == [None, None]:
            return codes
        labels = []
        for side, column in zip(codes, columns, strict=True):
            label = side.astype(object)
            if column is not None:
                values = column_of(table, column, "cold_entity")
                label = np.where(values.isna(), label, "group " + values.astype(str))
            labels.append(label)
        _refuse_two_groups(table, codes, labels)
        joined = pd.factorize(np.concatenate(labels))[0].astype(np.int64)
        return joined[: len(table)], joined[len(table) :]


def _refuse_two_groups(table: Table, codes: tuple[Codes, Codes], labels: list[NDArray[Any]]) -> None:
    """An entity with two groups would stand in two parts."""
    frame = pd.DataFrame({"entity": np.concatenate(codes), "group": np.concatenate(labels).astype(str)})
    frame = frame.drop_duplicates()
    twice = frame[frame["entity"].duplicated(keep=False)]
    if len(twice):
        entity = twice["entity"].iloc[0]
        row = int(np.flatnonzero((codes[0] == entity) | (codes[1] == entity))[0])
        found = [str(label).removeprefix("group ") for label in twice.loc[twice["entity"] == entity, "group"]]
        raise DataError(
            f"{where(table, row)}: an entity of this pair is in group {found[0]!r} here and {found[1]!r} elsewhere. "
            f"Mend the column, or leave groups_of out."
        )


def _fold(table: Table, first: Codes, second: Codes, *, both: bool) -> Fold:
    """The part of each pair is that of its first entity, if the second one fits to it."""
    kept = (first == second) if both else (second == TRAIN) | (second == first)
    train, valid, test = (np.flatnonzero(kept & (first == part)) for part in (TRAIN, VALID, TEST))
    fold = Fold(train, valid, test, dropped=np.flatnonzero(~kept))
    if len(fold.dropped):
        logger.warning(
            "%s: %d of %d pairs join entities of different parts and are left out (split cold_entity).",
            table.source,
            len(fold.dropped),
            len(table),
        )
    return fold


EXPORT = ColdEntitySplit
