"""Pre-training: guess the element of masked atoms from the molecule around them."""

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
from exapt.models.heads.tokens import TokenLinear
from exapt.tasks._atoms import mask_atoms, mask_level

IGNORE = -100


class MaskedAtoms(Task):
    """Attribute masking (Hu et al. 2020, arXiv:1905.12265).

    A share `rate` of the atoms loses all its features, the first of which (the element) is guessed. The loss is the
    cross-entropy over these atoms; bonds stay as they are.

    Parameters
    ----------
    rate
        Share of atoms to guess, in (0, 1).
    """

    supervised: ClassVar[bool] = False
    needs: ClassVar[Literal["pooled", "tokens"]] = "tokens"

    def __init__(self, *, rate: float = 0.15) -> None:
        if not (isinstance(rate, int | float) and 0 < rate < 1):
            raise ConfigError(f"task 'masked_atoms': rate lies in (0, 1); found {rate!r}.")
        self.rate = rate
        self._mask: int | None = None

    def fit(self, train: Table) -> None:
        """Nothing is learned from the rows."""

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """None: `view` makes them."""
        return {}

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """One linear layer from each atom to the elements."""
        self._mask = mask_level(backbones, "masked_atoms")
        return TokenLinear(backbones[0].dim, backbones[0].inputs.levels[0])

    def view(self, batch: Batch) -> Batch:
        """Mask the batch; the targets are the elements of the chosen atoms, elsewhere ignored."""
        if self._mask is None:
            raise RuntimeError("call build_head() first: it says what a masked atom is")
        (name, stream), *_ = batch.inputs.items()
        seen, chosen = mask_atoms(stream, self.rate, self._mask)
        elements = stream["x"][..., 0]
        truth = torch.where(chosen, elements, torch.full_like(elements, IGNORE))
        return replace(batch, inputs={**batch.inputs, name: {**stream, "x": seen}}, targets={"elements": truth})

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy in nats over the chosen atoms; 0 where none was chosen."""
        truth = batch.targets["elements"]
        total = F.cross_entropy(output.float().transpose(1, 2), truth, ignore_index=IGNORE, reduction="sum")
        return total / (truth != IGNORE).sum().clamp(min=1)

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """Probabilities of the elements (n, N, levels)."""
        return output.double().softmax(-1).cpu().numpy()

    def metrics(self) -> list[str]:
        """None but the loss."""
        return []

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """The most probable level of each atom, as a space-separated string."""
        best = [" ".join(map(str, row)) for row in decoded.argmax(-1)]
        return pd.DataFrame({"id": list(ids), "elements": best})

    def state(self) -> dict[str, Any]:
        """The options."""
        return {"rate": self.rate}


EXPORT = MaskedAtoms
