"""Pre-training: predict the descriptors and the fingerprint bits of a molecule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from exapt.bio.chem.fingerprints import DESCRIPTORS, morgan
from exapt.core.contracts import Backbone, Batch, Table, Task
from exapt.core.errors import ConfigError
from exapt.models.heads.pooled import PooledLinear, PooledMLP
from exapt.tasks.molecule_descriptors.known import described

SAMPLE = 20_480  # training rows that means and scales are learned from
TAIL = 0.001  # share of values at either end that do not count for the scale


class MoleculeDescriptors(Task):
    """Multi-task regression of RDKit's two-dimensional descriptors, and ECFP4 bits as yes/no labels.

    Descriptors are standardised by training rows (at most 20,480, evenly spaced) and clipped; their loss is the mean
    Huber loss. That of the bits is the mean binary cross-entropy, times `bits_weight`. Pre-training on such surrogate
    labels is as in Fabian et al. 2020 (MolBERT, arXiv:2011.13230) and Rong et al. 2020 (GROVER, arXiv:2007.02835).

    Parameters
    ----------
    bits
        Width of the folded ECFP4 fingerprint; 0 = descriptors alone.
    bits_weight
        Weight of the loss of the bits, above 0.
    clip
        Largest absolute standardised value, above 0.
    hidden
        Width of a hidden layer in the head; None = a linear head.
    scaling
        What `fit` has learned, as `state` writes it: name -> [mean, scale].
    """

    supervised: ClassVar[bool] = False
    needs: ClassVar[Literal["pooled", "tokens"]] = "pooled"

    def __init__(
        self,
        *,
        bits: int = 1024,
        bits_weight: float = 1.0,
        clip: float = 5.0,
        hidden: int | None = None,
        scaling: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        if not (isinstance(bits, int) and bits >= 0):
            raise ConfigError(f"task 'molecule_descriptors': bits is a whole number of at least 0; found {bits!r}.")
        for name, value in (("bits_weight", bits_weight), ("clip", clip)):
            if not (isinstance(value, int | float) and value > 0):
                raise ConfigError(f"task 'molecule_descriptors': {name} is above 0; found {value!r}.")
        if hidden is not None and not (isinstance(hidden, int) and hidden >= 1):
            raise ConfigError(f"task 'molecule_descriptors': hidden is a whole number of at least 1; found {hidden!r}.")
        self.bits, self.bits_weight, self.clip, self.hidden = bits, bits_weight, clip, hidden
        self.scaling = {name: (float(mean), float(scale)) for name, (mean, scale) in (scaling or {}).items()}

    def fit(self, train: Table) -> None:
        """Learn mean and scale of each descriptor; those with one value are left out."""
        smiles = _smiles(train)
        rows = np.unique(np.linspace(0, len(smiles) - 1, min(SAMPLE, len(smiles)), dtype=np.int64))
        values = described([smiles[row] for row in rows]).astype(np.float64)
        low, high = np.quantile(values, [TAIL, 1 - TAIL], axis=0)
        values = values.clip(low, high)
        mean, scale = values.mean(0), values.std(0)
        varies = scale > 1e-6 * np.maximum(abs(low), abs(high))
        self.scaling = {name: (float(mean[i]), float(scale[i])) for i, name in enumerate(DESCRIPTORS) if varies[i]}

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """`descriptors` (n, D) float16, standardised and clipped; `bits` (n, bits) of 0 and 1."""
        smiles = _smiles(table)
        columns = [DESCRIPTORS.index(name) for name in self.scaling]
        mean, scale = np.array(list(self.scaling.values()), dtype=np.float32).reshape(-1, 2).T
        values = ((described(smiles)[:, columns] - mean) / scale).clip(-self.clip, self.clip)
        targets: dict[str, NDArray[Any]] = {"descriptors": values.astype(np.float16)}
        if self.bits:
            targets["bits"] = morgan(smiles, bits=self.bits).astype(np.uint8).toarray()
        return targets

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """A linear head, or one hidden layer where `hidden` is given."""
        dims, outputs = [backbone.dim for backbone in backbones], len(self.scaling) + self.bits
        return PooledLinear(dims, outputs) if self.hidden is None else PooledMLP(dims, self.hidden, outputs)

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Mean Huber loss of the descriptors, plus the weighted mean cross-entropy of the bits."""
        values, bits = torch.split(output.float(), [len(self.scaling), self.bits], dim=1)
        loss = F.huber_loss(values, batch.targets["descriptors"].float())
        if self.bits:
            found = F.binary_cross_entropy_with_logits(bits, batch.targets["bits"].float())
            loss = loss + self.bits_weight * found
        return loss

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """Descriptors in their own unit, then probabilities of the bits (n, D + bits)."""
        values, bits = torch.split(output.detach().double().cpu(), [len(self.scaling), self.bits], dim=1)
        mean, scale = torch.tensor(list(self.scaling.values()), dtype=torch.float64).reshape(-1, 2).T
        return torch.cat([values * scale + mean, bits.sigmoid()], dim=1).numpy()

    def metrics(self) -> list[str]:
        """None but the loss."""
        return []

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """One row an example, one column a descriptor or bit."""
        names = [*self.scaling, *(f"bit {number}" for number in range(self.bits))]
        return pd.concat([pd.DataFrame({"id": list(ids)}), pd.DataFrame(decoded, columns=names)], axis=1)

    def state(self) -> dict[str, Any]:
        """Options, mean and scale."""
        return {
            "bits": self.bits,
            "bits_weight": self.bits_weight,
            "clip": self.clip,
            "hidden": self.hidden,
            "scaling": {name: list(values) for name, values in self.scaling.items()},
        }


def _smiles(table: Table) -> list[str]:
    names = [name for name in table.names("input") if table.columns[name].modality == "molecule"]
    if len(names) != 1:
        raise ConfigError(
            f"{table.source}: task 'molecule_descriptors' reads one column of molecules; found {names or 'none'}. "
            "Name it with `input`."
        )
    return [str(value) for value in table.frame[names[0]].tolist()]


EXPORT = MoleculeDescriptors
