"""Drop rows that stand in other data sets too, in any spelling; most of all in the test parts of benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Modality, Table
from exapt.core.errors import ConfigError
from exapt.data.cleaning._rule import TEXT, Keep, Rule, text_inputs


@dataclass(frozen=True)
class NotIn(Rule):
    """A corpus without what it will be judged by.

    What is the same is decided by the keys of the audit: of molecules, the largest fragment, neutral, without isotopes
    and stereo; of DNA, both strands. The reason that is reported counts the rows for each data set.

    Parameters
    ----------
    data
        Names of cards.
    part
        ``test``: the test rows of each card's own split, those of all its folds; ``all``: all its rows.

    Examples
    --------
    >>> NotIn(["bace", "bbbp"]).part
    'test'
    """

    data: Sequence[str]
    part: str = "test"

    reason: ClassVar[str] = "in another data set"

    def __post_init__(self) -> None:
        if isinstance(self.data, str) or not len(self.data):
            raise ConfigError("cleaning rule 'not_in': data is a list of cards, for example [bace, bbbp].")
        if self.part not in ("test", "all"):
            raise ConfigError(f"cleaning rule 'not_in': part is test or all; found {self.part!r}.")

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows none of whose sequences or molecules is in the other data.

        Raises
        ------
        ConfigError
            Where a card has no split, or nothing of the same modality.
        """
        from exapt.data.keys import canonical_keys

        names = text_inputs(table)
        own = {name: canonical_keys(table.frame[name].tolist(), table.columns[name].modality) for name in names}
        drop, counts = np.zeros(len(table), dtype=bool), []
        for card in self.data:
            found = np.zeros(len(table), dtype=bool)
            others = _keys(card, self.part)
            for name, keys in own.items():
                found |= np.isin(keys, others.get(table.columns[name].modality, keys[:0]))
            if not {table.columns[name].modality for name in names} & set(others):
                raise ConfigError(f"cleaning rule 'not_in': {card} and {table.source} share no kind of input.")
            drop |= found
            counts.append(f"{card} {int(found.sum()):,}")
        which = "the test part of " if self.part == "test" else ""
        object.__setattr__(self, "reason", f"in {which}{', '.join(counts)}")  # the counts are known only now
        return ~drop, table


@cache
def _keys(card: str, part: str) -> dict[Modality, NDArray[np.uint64]]:
    """Keys of the sequences and molecules of a card, by modality."""
    from exapt.core.config import DataConfig
    from exapt.core.registry import SPLITS
    from exapt.data.keys import canonical_keys
    from exapt.data.loading import load

    loaded = load(DataConfig(name=card))
    table = loaded.table
    if part == "test":
        if loaded.split is None:
            raise ConfigError(f"cleaning rule 'not_in': card {card!r} has no split of its own. Use part: all.")
        folds = SPLITS.build(loaded.split.name, **loaded.split.options)(table)
        table = table.take(np.unique(np.concatenate([fold.test for fold in folds])))
    keys: dict[Modality, NDArray[np.uint64]] = {}
    for name in text_inputs(table, TEXT):
        modality = table.columns[name].modality
        values = table.frame[name].unique().tolist()
        known = keys.get(modality, np.empty(0, dtype=np.uint64))
        keys[modality] = np.union1d(known, canonical_keys(values, modality))
    return keys


EXPORT = NotIn
