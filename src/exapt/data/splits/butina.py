"""Whole clusters of similar molecules on one side: Butina clusters of ECFP4 fingerprints by Tanimoto."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Table
from exapt.core.errors import ConfigError
from exapt.data.splits._cut import CutSplit
from exapt.data.splits._molecules import smiles_of


@dataclass(frozen=True)
class ButinaSplit(CutSplit):
    """Every molecule of a cluster is at least `tanimoto` similar to its centre.

    Molecules of two clusters can be that similar too, so this is no guarantee that none in the test part resembles
    one in training: the audit counts those.

    Parameters
    ----------
    tanimoto
        Similarity of a molecule to the centre of its cluster, in (0, 1).
    column
        The molecules; None = the only input of molecules.

    References
    ----------
    Butina (1999), Unsupervised data base clustering based on Daylight's fingerprint and Tanimoto similarity.
    doi:10.1021/ci9803381
    """

    test: float = 0.1
    tanimoto: float = 0.4
    column: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.tanimoto < 1:
            raise ConfigError(
                f"split 'butina': tanimoto is a similarity between 0 and 1; found {self.tanimoto:g}. "
                f"Usual for ECFP4: 0.35 to 0.6."
            )

    def groups(self, table: Table) -> NDArray[np.object_]:
        """The cluster of each row, (n,), c0 the largest; None where RDKit cannot read the molecule.

        Raises
        ------
        DataError
            Where there is no column of molecules, or more than one.
        """
        from exapt.bio.chem.fingerprints import morgan
        from exapt.bio.chem.similarity import clusters

        fingerprints = morgan(smiles_of(table, self.column, self.name))
        read = np.diff(fingerprints.indptr) > 0
        codes = clusters(fingerprints, at_least=self.tanimoto)
        return np.array([f"c{code}" if known else None for code, known in zip(codes, read, strict=True)], dtype=object)

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where there are fewer clusters than parts.
        """
        return self.cut_groups(table, self.groups(table), f"the molecules' clusters (Tanimoto {self.tanimoto:g})")


EXPORT = ButinaSplit
