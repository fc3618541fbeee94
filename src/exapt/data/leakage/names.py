"""Names of the entities of pairs: one sequence may have several, and a split that parts names does not part them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Table
from exapt.data.pairs import entities, one_pool

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Names:
    """One column of names for one input, or two columns for both inputs of one kind.

    Attributes
    ----------
    sides
        For each column of names (n,) the name of each row.
    codes
        For each (n,) the entity that the name stands for.
    """

    sides: tuple[NDArray[np.object_], ...]
    codes: tuple[Codes, ...]

    def counts(self) -> dict[str, int]:
        """How many names there are, and how many different values they stand for."""
        return {
            "names": len(np.unique(np.concatenate(self.sides).astype(str))),
            "values": len(np.unique(np.concatenate(self.codes))),
        }

    def overlap(self, fold: Fold) -> dict[str, int]:
        """How many names the test part has, and how many of them training has too."""
        known = {name for side in self.sides for name in side[fold.train]}
        tested = {name for side in self.sides for name in side[fold.test]}
        return {"test": len(tested), "in_training": len(tested & known)}

    def several(self) -> list[list[str]]:
        """The names of each value that has several, most names first."""
        frame = pd.DataFrame({"code": np.concatenate(self.codes), "name": np.concatenate(self.sides)})
        found = frame.drop_duplicates().groupby("code", sort=False)["name"].agg(list)
        return sorted((sorted(map(str, names)) for names in found if len(names) > 1), key=lambda n: (-len(n), n))


def names(table: Table) -> dict[str, Names]:
    """The columns of names of a table of pairs, by their own name (or both, where both inputs are of one kind).

    A column without a role holds the names of an input if each of its values stands for one entity only, and stands
    in several rows.

    Parameters
    ----------
    table
        Of pairs.

    Examples
    --------
    >>> from exapt.core.contracts import Column
    >>> frame = pd.DataFrame({"drug": ["a", "a", "b", "b"], "smiles": ["CO", "CO", "CC", "CC"],
    ...     "kinase": ["ABL1", "ABL1(T315I)"] * 2, "sequence": ["MLEI"] * 4})
    >>> columns = {"smiles": Column("input", "molecule"), "sequence": Column("input", "protein")}
    >>> {name: found.counts() for name, found in names(Table(frame, columns, "toy")).items()}
    {'drug': {'names': 2, 'values': 2}, 'kinase': {'names': 2, 'values': 1}}
    """
    free = [name for name in map(str, table.frame.columns) if name not in table.columns]
    found: dict[str, tuple[NDArray[np.object_], Codes]] = {}
    for codes in entities(table):
        name = _column(table, codes, [name for name in free if name not in found])
        if name is not None:
            found[name] = table.frame[name].to_numpy(dtype=object), codes
    if one_pool(table) and len(found) == 2:
        first, second = found.values()
        return {", ".join(found): Names((first[0], second[0]), (first[1], second[1]))}
    return {name: Names((side,), (codes,)) for name, (side, codes) in found.items()}


def _column(table: Table, codes: Codes, free: list[str]) -> str | None:
    """The column whose values each stand for one entity of this side, the one with the fewest values."""
    numbers = {}
    n_entities = len(np.unique(codes))
    for name in free:
        values = pd.factorize(table.frame[name])[0]
        number = int(values.max(initial=-1)) + 1
        if number < n_entities or 2 * number > len(table) or (values < 0).any():
            continue
        if len(np.unique(values * (int(codes.max()) + 1) + codes)) == number:
            numbers[name] = number
    return min(numbers, key=lambda name: numbers[name], default=None)
