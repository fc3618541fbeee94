"""Pre-training: tell two damaged copies of a molecule from copies of other molecules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from exapt.core.contracts import Backbone, Batch, Table, Task
from exapt.core.errors import ConfigError
from exapt.models.heads.pooled import PooledMLP
from exapt.tasks._atoms import mask_atoms, mask_level, remove_bonds

VIEWS = 2


class Contrastive(Task):
    """MolCLR (Wang et al. 2022, doi:10.1038/s42256-022-00447-x) with masked atoms and removed bonds.

    A batch becomes twice as long: both views of a molecule, one after the other. The loss is NT-Xent (Chen et al. 2020,
    arXiv:2002.05709) on a projection of the pooled features.

    Parameters
    ----------
    atoms
        Share of atoms that a view loses, in [0, 1).
    bonds
        Share of bonds that a view loses, in [0, 1).
    temperature
        Divides the cosine similarities, above 0.
    width
        Width of the projection.
    """

    supervised: ClassVar[bool] = False
    needs: ClassVar[Literal["pooled", "tokens"]] = "pooled"

    def __init__(self, *, atoms: float = 0.25, bonds: float = 0.25, temperature: float = 0.1, width: int = 128) -> None:
        for name, value in (("atoms", atoms), ("bonds", bonds)):
            if not (isinstance(value, int | float) and 0 <= value < 1):
                raise ConfigError(f"task 'contrastive': {name} lies in [0, 1); found {value!r}.")
        if not (isinstance(temperature, int | float) and temperature > 0):
            raise ConfigError(f"task 'contrastive': temperature is above 0; found {temperature!r}.")
        if not (isinstance(width, int) and width >= 1):
            raise ConfigError(f"task 'contrastive': width is a whole number of at least 1; found {width!r}.")
        self.atoms, self.bonds, self.temperature, self.width = atoms, bonds, temperature, width
        self._mask: int | None = None

    def fit(self, train: Table) -> None:
        """Nothing is learned from the rows."""

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """None: `view` makes them."""
        return {}

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """A projection with one hidden layer; it is dropped after pre-training."""
        self._mask = mask_level(backbones, "contrastive")
        return PooledMLP([backbones[0].dim], backbones[0].dim, self.width)

    def view(self, batch: Batch) -> Batch:
        """Two damaged copies of each row, side by side; the target is the number of the molecule."""
        if self._mask is None:
            raise RuntimeError("call build_head() first: it says what a masked atom is")
        (name, stream), *_ = batch.inputs.items()
        twice = {key: value.repeat_interleave(VIEWS, 0) for key, value in stream.items()}
        x, _ = mask_atoms(twice, self.atoms, self._mask)
        damaged = {**twice, "x": x, "edges": remove_bonds(twice, self.bonds)}
        molecule = torch.arange(len(batch)).repeat_interleave(VIEWS)
        return replace(
            batch,
            inputs={**batch.inputs, name: damaged},
            targets={"molecule": molecule},
            ids=[row for row in batch.ids for _ in range(VIEWS)],
        )

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """NT-Xent: cross-entropy of finding the other view among all rows; 0 where no row has another view."""
        molecule = batch.targets["molecule"]
        projected = F.normalize(output.float(), dim=-1)
        itself = torch.eye(len(molecule), dtype=torch.bool, device=output.device)
        similarity = (projected @ projected.T / self.temperature).masked_fill(itself, -torch.inf)
        same = (molecule.unsqueeze(0) == molecule.unsqueeze(1)) & ~itself
        paired = same.any(1)  # a batch that was cut to fit into memory may hold half a pair
        losses = F.cross_entropy(similarity, same.int().argmax(1), reduction="none")
        return (losses * paired).nan_to_num().sum() / paired.sum().clamp(min=1)

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """The projection, of length 1 (n, width)."""
        return F.normalize(output.double(), dim=-1).cpu().numpy()

    def metrics(self) -> list[str]:
        """None but the loss."""
        return []

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """One row an example, one column a coordinate of the projection."""
        return pd.concat([pd.DataFrame({"id": list(ids)}), pd.DataFrame(decoded)], axis=1)

    def state(self) -> dict[str, Any]:
        """The options."""
        return {"atoms": self.atoms, "bonds": self.bonds, "temperature": self.temperature, "width": self.width}


EXPORT = Contrastive
