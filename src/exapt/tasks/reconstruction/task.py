"""Pre-training: rebuild numeric profiles from a corrupted copy (denoising) or a sampled code (variational)."""

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
from exapt.models.heads.decoder import Decoder, VariationalDecoder, kl_divergence


class Reconstruction(Task):
    """A mirrored decoder on the pooled features, with mean squared error on the encoder's own scale.

    Parameters
    ----------
    objective
        ``denoising`` (Vincent et al. 2008, doi:10.1145/1390156.1390294) or ``variational``
        (Kingma and Welling 2014, arXiv:1312.6114).
    corrupt
        Share of values set to zero in the input of the denoising objective, in [0, 1).
    kl
        Weight of the Kullback-Leibler term of the variational objective, per reconstructed value.
    widths
        Hidden widths of the decoder; None = the mirror of the backbone's.
    """

    supervised: ClassVar[bool] = False
    needs: ClassVar[Literal["pooled", "tokens"]] = "pooled"

    def __init__(
        self,
        *,
        objective: Literal["denoising", "variational"] = "denoising",
        corrupt: float = 0.2,
        kl: float = 1.0,
        widths: Sequence[int] | None = None,
    ) -> None:
        if objective not in ("denoising", "variational"):
            raise ConfigError(f"task 'reconstruction': objective is denoising or variational; found {objective!r}.")
        if not 0 <= corrupt < 1:
            raise ConfigError(f"task 'reconstruction': corrupt lies in [0, 1); found {corrupt}.")
        if not kl >= 0:
            raise ConfigError(f"task 'reconstruction': kl is at least 0; found {kl}.")
        if not all(isinstance(width, int) and width >= 1 for width in widths or ()):
            raise ConfigError(f"task 'reconstruction': widths are whole numbers of at least 1; found {widths!r}.")
        self.objective = objective
        self.corrupt = corrupt
        self.kl = kl
        self.widths = None if widths is None else list(widths)

    def fit(self, train: Table) -> None:
        """Nothing is learned from the rows."""

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """None: `view` makes them."""
        return {}

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """The decoder back to the inputs."""
        if len(backbones) > 1:
            raise ConfigError("task 'reconstruction' reads one column of numbers; name it with `input`.")
        backbone = backbones[0]
        if backbone.inputs.kind != "values":
            raise ConfigError("task 'reconstruction' reads numbers; for letters use task 'masked_tokens'.")
        widths = self.widths if self.widths is not None else list(getattr(backbone, "decoder_widths", []))
        build = VariationalDecoder if self.objective == "variational" else Decoder
        return build(backbone.dim, widths, backbone.inputs.size)

    def view(self, batch: Batch) -> Batch:
        """Zero some input values for the denoising objective; the target is the clean input (B, G)."""
        (name, stream), *_ = batch.inputs.items()
        x = stream["x"]
        if x.shape[1] != 1:
            raise ConfigError("task 'reconstruction' reads one vector a row; use the encoder 'expression'.")
        targets = {"values": x[:, 0]}
        if self.objective == "denoising" and self.corrupt:
            x = x * (torch.rand(x.shape) >= self.corrupt).to(x.device)
        return replace(batch, inputs={**batch.inputs, name: {**stream, "x": x}}, targets=targets)

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Mean squared error, plus the weighted Kullback-Leibler term of the variational objective."""
        truth = batch.targets["values"]
        size = truth.shape[1]
        error = F.mse_loss(output[:, :size].float(), truth)
        if self.objective == "denoising":
            return error
        mean, log_variance = output[:, size:].float().chunk(2, dim=1)
        return error + self.kl * kl_divergence(mean, log_variance).mean() / size

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """Rebuilt values (n, G) on the encoder's scale; variational: mean and log-variance of the code behind them."""
        return output.double().cpu().numpy()

    def metrics(self) -> list[str]:
        """None but the loss."""
        return []

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """One row an example, one column a value."""
        return pd.concat([pd.DataFrame({"id": list(ids)}), pd.DataFrame(decoded)], axis=1)

    def state(self) -> dict[str, Any]:
        """The options."""
        return {"objective": self.objective, "corrupt": self.corrupt, "kl": self.kl, "widths": self.widths}


EXPORT = Reconstruction
