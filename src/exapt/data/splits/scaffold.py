"""Whole Bemis-Murcko scaffolds on one side: balanced by chance, or by the fixed rule of Hu et al."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Table
from exapt.core.errors import ConfigError
from exapt.data.splits._cut import CutSplit
from exapt.data.splits._deal import groups
from exapt.data.splits._molecules import smiles_of

ACYCLIC = "no ring"


@dataclass(frozen=True)
class ScaffoldSplit(CutSplit):
    """Molecules of one ring framework stay together; all molecules without a ring are one group.

    The protocol ``hu`` is that of most published scores on MoleculeNet. Scaffolds, with their stereo, are put in the
    order of their size, of equally large ones the later in the file first; each goes to training if it fits, else to
    validation if it fits, else to the test part. So the test part has the rarest scaffolds, `seed` has no say, and the
    order of the rows matters. Scores of the two protocols cannot be compared: ``balanced`` is much easier.

    Parameters
    ----------
    protocol
        ``balanced``: scaffolds without stereo, dealt out by chance, large ones first. ``hu``: as above.
    column
        The molecules; None = the only input of molecules.

    References
    ----------
    Bemis and Murcko (1996), The properties of known drugs. 1. Molecular frameworks. doi:10.1021/jm9602928
    Hu et al. (2020), Strategies for pre-training graph neural networks. arXiv:1905.12265
    """

    test: float = 0.1
    protocol: Literal["balanced", "hu"] = "balanced"
    column: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.protocol not in ("balanced", "hu"):
            raise ConfigError(f"split 'scaffold': protocol is balanced or hu, not {self.protocol!r}.")
        if self.protocol == "hu" and (self.folds or self.inner or self.repeats > 1):
            raise ConfigError(
                "split 'scaffold': the protocol hu makes one cut, always the same; "
                "folds, inner and repeats need protocol: balanced."
            )

    def groups(self, table: Table) -> NDArray[np.object_]:
        """The scaffold of each row as SMILES, (n,); None where RDKit cannot read the molecule.

        Raises
        ------
        DataError
            Where there is no column of molecules, or more than one.
        """
        from exapt.bio.chem.scaffolds import murcko

        scaffolds = murcko(smiles_of(table, self.column, self.name), chirality=self.protocol == "hu")
        return np.array([ACYCLIC if scaffold == "" else scaffold for scaffold in scaffolds], dtype=object)

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where there are fewer scaffolds than parts, or a part stays empty.
        """
        labels = self.groups(table)
        if self.protocol == "balanced":
            return self.cut_groups(table, labels, "the molecules' scaffolds")
        return self.checked(table, [by_size(groups(labels), 1 - self.valid - self.test, 1 - self.test)])


def by_size(codes: NDArray[np.int64], train: float, before_test: float) -> Fold:
    """The largest groups first, each into the first part that still has room for it.

    Parameters
    ----------
    codes
        Group of each row, 0 .. G - 1 in the order of their first rows, shape (n,).
    train
        Share of all rows that training may hold.
    before_test
        Share that training and validation may hold together.

    Examples
    --------
    >>> fold = by_size(np.array([0, 1, 0, 2, 0]), 0.7, 0.9)
    >>> fold.train.tolist(), fold.valid.tolist(), fold.test.tolist()
    ([0, 2, 4], [3], [1])
    """
    sizes = np.bincount(codes)
    room = np.round(np.array([train, before_test]) * len(codes), 6)
    parts = np.empty(len(sizes), dtype=np.int64)
    used = np.zeros(3, dtype=np.int64)
    for group in np.lexsort((-np.arange(len(sizes)), -sizes)):
        if used[0] + sizes[group] <= room[0]:
            parts[group] = 0
        else:
            parts[group] = 1 if used[0] + used[1] + sizes[group] <= room[1] else 2
        used[parts[group]] += sizes[group]
    return Fold(*(np.flatnonzero(parts[codes] == part) for part in range(3)))


EXPORT = ScaffoldSplit
