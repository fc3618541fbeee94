"""Molecules as graphs of atoms and bonds, read from SMILES."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from exapt.bio.chem.graphs import MASKED, SCHEMES, graphs
from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.data.encoders._smiles import check_read, distinct
from exapt.data.encoders._state import as_json, check_choice


@dataclass(frozen=True)
class Graph(Encoder):
    """One row an atom, "x" (N, A) uint8, and two rows a bond, "edges" (2 E, 2 + F) int16: from, to, features.

    The two directions of a bond follow one another, so the other direction of edge e is ``e ^ 1``. Hydrogens are
    counted at their atoms; all fragments of a salt are read. Equal SMILES are read once.

    Parameters
    ----------
    scheme
        ``full``: element, neighbours, charge, hydrogens, hybridisation, aromaticity, ring size, R/S; type,
        conjugation, ring, Z/E of bonds. ``hu``: element and chirality, type and direction of bonds, as the published
        networks of Hu et al. and MolCLR were trained. Levels are listed in `exapt.bio.chem.graphs`.

    Examples
    --------
    >>> encoder = Graph(scheme="hu")
    >>> (carbon_monoxide,) = encoder.encode(["[C-]#[O+]"])
    >>> carbon_monoxide["x"].tolist(), carbon_monoxide["edges"].tolist()
    ([[5, 0], [7, 0]], [[0, 1, 2, 0], [1, 0, 2, 0]])
    """

    scheme: str = "full"

    modalities: ClassVar[tuple[Modality, ...]] = ("molecule",)

    def __post_init__(self) -> None:
        check_choice("graph", "scheme", self.scheme, SCHEMES)

    def inputs(self) -> Inputs:
        """A graph, with the number of levels of each feature."""
        scheme = SCHEMES[self.scheme]
        levels, edge_levels = tuple(scheme.atom.values()), tuple(scheme.bond.values())
        return Inputs("graph", len(levels), MASKED, special=(MASKED,), levels=levels, edge_levels=edge_levels)

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """Atoms "x" and bonds "edges" of each molecule.

        Raises
        ------
        DataError
            Where RDKit cannot read a molecule: its row, the reason, and the rule that drops such rows.
        """
        codes, smiles = distinct("graph", values)
        found = graphs(smiles, self.scheme)
        check_read("graph", smiles, codes, np.diff(found.atom_ends) > 0)
        items = [dict(zip(("x", "edges"), found[i], strict=True)) for i in range(len(found))]
        return [items[code] for code in codes]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Padded: "x" (B, N, A) int64 with 0, "mask" (B, N), "edges" (B, E, 2 + F) int16 with -1."""
        x, mask = _padded([item["x"] for item in items], 0)
        edges, _ = _padded([item["edges"] for item in items], -1)
        return {"x": torch.from_numpy(x).long(), "mask": torch.from_numpy(mask), "edges": torch.from_numpy(edges)}

    def state(self) -> dict[str, Any]:
        """The scheme."""
        return as_json(self)


def _padded(arrays: Sequence[NDArray[Any]], fill: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Arrays one above the other, (B, longest, ...), and where they are real."""
    lengths = np.fromiter(map(len, arrays), dtype=np.int64, count=len(arrays))
    real = np.arange(lengths.max()) < lengths[:, None]
    padded = np.full((*real.shape, *arrays[0].shape[1:]), fill, dtype=arrays[0].dtype)
    padded[real] = np.concatenate(arrays)
    return padded, real


EXPORT = Graph
