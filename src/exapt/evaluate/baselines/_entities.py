"""Entities of pairs for the baselines: training learns a number for each value of each input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.evaluate.baselines._sequences import SEQUENCES

if TYPE_CHECKING:
    from exapt.core.contracts import Table

Codes = NDArray[np.int64]
UNKNOWN = -1


class Entities:
    """Which entity of training stands on each side of a pair; equal text is one entity, and case counts for molecules.

    Inputs of one modality (two proteins) share their entities, so that an entity may stand on either side.
    """

    def fit_transform(self, train: Table) -> Codes:
        """Learn the entities of training; their codes 0 .. E - 1, (n, 2)."""
        names = train.names("input")
        modalities = [train.columns[name].modality for name in names]
        self._pools = [modalities.index(modality) for modality in modalities]
        self._known: dict[int, pd.Index] = {}
        for pool in sorted(set(self._pools)):
            values = [_texts(train, name) for name, mine in zip(names, self._pools, strict=True) if mine == pool]
            self._known[pool] = pd.Index(pd.concat(values).unique())
        self.size = sum(map(len, self._known.values()))
        return self.transform(train)

    def transform(self, table: Table) -> Codes:
        """Codes of any rows, (n, 2); -1 where training has no such entity."""
        codes = [
            self._known[pool].get_indexer(pd.Index(_texts(table, name)))
            for name, pool in zip(table.names("input"), self._pools, strict=True)
        ]
        if self._pools[1]:  # entities of another modality come after those of the first
            codes[1] = np.where(codes[1] == UNKNOWN, UNKNOWN, codes[1] + len(self._known[0]))
        return np.stack(codes, axis=1).astype(np.int64)


def _texts(table: Table, name: str) -> pd.Series:
    values = table.frame[name].astype(str)
    return values if table.columns[name].modality == "molecule" else values.str.upper()


def are_pairs(modalities: Sequence[str]) -> bool:
    """Whether inputs of these modalities are pairs of sequences or molecules."""
    return len(modalities) == 2 and set(modalities) <= SEQUENCES
