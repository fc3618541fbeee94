"""Tables with two inputs: which entities they are, how often each occurs, and what a test pair shares with training.

The classes of Park and Marcotte: in C1 both entities of a test pair stand in training (with other partners), in C2 one,
in C3 none. A method may do well on C1 by knowing how often an entity is positive; only C3 asks for what it has learned.

References
----------
Park & Marcotte (2012) Flaws in evaluation schemes for pair-input computational predictions. doi:10.1038/nmeth.2259
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Rows, Table
from exapt.core.errors import DataError
from exapt.data.keys import canonical_keys

Codes = NDArray[np.int64]
ENTITIES = ("dna", "rna", "protein", "molecule")


def are_pairs(table: Table) -> bool:
    """Whether the rows are pairs of entities: two inputs, each a sequence or a molecule."""
    names = table.names("input")
    return len(names) == 2 and all(table.columns[name].modality in ENTITIES for name in names)


def sides(table: Table) -> tuple[str, str]:
    """The names of the two input columns.

    Raises
    ------
    DataError
        Where the rows are no pairs of sequences or molecules.
    """
    if not are_pairs(table):
        found = ", ".join(f"{name} ({table.columns[name].modality})" for name in table.names("input"))
        raise DataError(
            f"{table.source}: pairs need two inputs, each of {', '.join(ENTITIES)}; found {found or 'none'}. "
            f"Name both with `input`, or give files of entities: options: {{entities: {{COLUMN: FILE}}}}."
        )
    first, second = table.names("input")
    return first, second


def one_pool(table: Table) -> bool:
    """Whether both sides are of one modality (two proteins, say), so that an entity may stand on either side."""
    first, second = (table.columns[name].modality for name in sides(table))
    return first == second


def entities(table: Table) -> tuple[Codes, Codes]:
    """Which entity stands on each side of each pair.

    Equal canonical values (a protein in any case, a molecule by its canonical form) are one entity, whatever it is
    called. A code means the same entity on both sides; sides of different modalities share none.

    Parameters
    ----------
    table
        With two input columns.

    Returns
    -------
    tuple of array
        int64 codes 0 .. E - 1 of the first and the second side, each of shape (n,).

    Examples
    --------
    >>> from exapt.core.contracts import Column
    >>> frame = pd.DataFrame({"a": ["MKV", "mkv", "MAA"], "b": ["MAA", "MCC", "MAA"]})
    >>> protein = Column("input", "protein")
    >>> first, second = entities(Table(frame, {"a": protein, "b": protein}, "toy"))
    >>> first.tolist(), second.tolist()
    ([0, 0, 1], [1, 2, 1])
    """
    keys = [_keys(table, name) for name in sides(table)]
    if one_pool(table):
        codes = pd.factorize(np.concatenate(keys))[0].astype(np.int64)
        return codes[: len(table)], codes[len(table) :]
    first, second = (pd.factorize(side)[0].astype(np.int64) for side in keys)
    return first, second + first.max(initial=-1) + 1


def _keys(table: Table, name: str) -> NDArray[np.uint64]:

    codes, distinct = pd.factorize(table.frame[name], use_na_sentinel=False)  # each entity is read once, not each pair
    return canonical_keys(distinct.tolist(), table.columns[name].modality)[codes]


def degrees(table: Table, rows: Rows | None = None) -> tuple[Codes, Codes]:
    """How many pairs the entities of each pair have, on either side; a pair of an entity with itself counts once.

    Parameters
    ----------
    table
        With two input columns.
    rows
        The pairs that are counted (training, say); None = all.

    Returns
    -------
    tuple of array
        For every row of the table, the number for its first and its second entity, int64, each of shape (n,).
    """
    first, second = entities(table)
    counted = np.arange(len(table)) if rows is None else rows
    a, b = first[counted], second[counted]
    size = int(max(first.max(initial=-1), second.max(initial=-1))) + 1
    found = np.bincount(a, minlength=size) + np.bincount(b[a != b], minlength=size)
    return found[first], found[second]


def pair_classes(table: Table, fold: Fold) -> NDArray[np.str_]:
    """C1, C2 or C3 of each test row: both, one or none of its entities is in training.

    Parameters
    ----------
    table
        With two input columns.
    fold
        Of the table; the validation part does not count as training.

    Returns
    -------
    array
        Of the test rows in the order of `fold.test`, shape (n_test,).

    References
    ----------
    Park & Marcotte (2012), doi:10.1038/nmeth.2259
    """
    return classes_of(entities(table), fold)


def classes_of(codes: tuple[Codes, Codes], fold: Fold) -> NDArray[np.str_]:
    """The same as `pair_classes` for entities that are known already."""
    known = np.concatenate([side[fold.train] for side in codes])
    seen = [np.isin(side[fold.test], known).astype(np.int64) for side in codes]
    classes: NDArray[np.str_] = np.array(["C3", "C2", "C1"])[seen[0] + seen[1]]
    return classes


def pair_classes_of(table: Table, known: Mapping[str, NDArray[np.uint64]]) -> NDArray[np.str_]:
    """C1, C2 or C3 of each row, where the training entities are known by their keys only.

    Parameters
    ----------
    table
        With two input columns.
    known
        Input column -> `canonical_keys` of the training entities on that side; where both sides are of one modality,
        an entity counts as known on whichever side it stood.

    Returns
    -------
    array
        Of all rows, shape (n,).
    """
    first, second = sides(table)
    seen = np.zeros(len(table), dtype=np.int64)
    for name in (first, second):
        pool = np.concatenate(list(known.values())) if one_pool(table) else known[name]
        seen += np.isin(_keys(table, name), pool)
    classes: NDArray[np.str_] = np.array(["C3", "C2", "C1"])[seen]
    return classes
