"""Clusters of similar sequences on one side, so that no test sequence has a relative in training."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Fold, Table
from exapt.core.errors import DataError, InputError
from exapt.data.splits._cut import CutSplit

if TYPE_CHECKING:
    from exapt.bio.align.clusters import Clusters

IDENTITY: Mapping[str, float] = {"dna": 0.8, "rna": 0.8, "protein": 0.3}
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HomologySplit(CutSplit):
    """Clusters of relatives, and of relatives of relatives, stay together: DNA on both strands, RNA, proteins.

    What a cluster is: `exapt.bio.align.clusters.cluster`.

    Parameters
    ----------
    identity
        Share of identical letters in the alignment from which two sequences are relatives, in [0, 1]; None = 0.3 for
        proteins and 0.8 for DNA and RNA, where alignments below prove little.
    coverage
        Share of the shorter sequence that the alignment must cover, in [0, 1].
    tool
        `mmseqs` (MMseqs2), `kmers` (our own), or `auto`: MMseqs2 where it works, else our own, with a warning.
    """

    identity: float | None = None
    coverage: float = 0.8
    tool: Literal["auto", "mmseqs", "kmers"] = "auto"

    def __post_init__(self) -> None:
        from exapt.bio.align._links import check

        super().__post_init__()
        check(self.identity or 0.0, self.coverage, self.tool)

    def groups(self, table: Table) -> NDArray[np.object_]:
        """The cluster of each row, (n,).

        Raises
        ------
        DataError
            Where the table has no sequences, or several inputs of them.
        ConfigError
            Where MMseqs2 is asked for by name and does not work.
        """
        name = _sequences(table)
        modality = table.columns[name].modality
        identity = IDENTITY[modality] if self.identity is None else self.identity
        found = _clusters(tuple(table.frame[name]), modality, identity, self.coverage, self.tool)
        sizes = np.bincount(found.codes)
        logger.info(
            "%s: %d clusters of %d sequences by %s (identity %g, coverage %g); the largest has %d.",
            table.source,
            len(sizes),
            len(table),
            found.tool,
            identity,
            self.coverage,
            sizes.max(initial=0),
        )
        return np.array([f"cluster {code}" for code in found.codes], dtype=object)

    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table.

        Raises
        ------
        DataError
            Where the table has not one input of sequences, there are fewer clusters than parts, or a label would be
            missing in training.
        """
        groups = self.groups(table)
        try:
            return self.cut_groups(table, groups, "the set of homology clusters")
        except InputError as error:
            raise DataError(f"{error} Or raise the identity: clusters become smaller.") from None


def _sequences(table: Table) -> str:
    inputs = {name: table.columns[name].modality for name in table.names("input")}
    names = [name for name, modality in inputs.items() if modality in IDENTITY]
    if len(names) > 1:
        raise DataError(
            f"{table.source}: split 'homology' needs one input of sequences; found {len(names)} ({', '.join(names)}). "
            f"For pairs use the split cold_entity, with clusters of each side in groups_of."
        )
    if not names:
        has = ", ".join(f"{name} ({modality})" for name, modality in inputs.items()) or "none"
        raise DataError(f"{table.source}: split 'homology' needs an input of dna, rna or protein; inputs: {has}.")
    return names[0]


@lru_cache(maxsize=2)  # the parts of a run ask for the same clusters: the cut, the audit, the intervals
def _clusters(sequences: tuple[str, ...], modality: str, identity: float, coverage: float, tool: str) -> Clusters:
    from exapt.bio.align.clusters import cluster

    return cluster(sequences, modality, identity=identity, coverage=coverage, tool=tool)  # type: ignore[arg-type]


EXPORT = HomologySplit
