"""Normalisation that padding cannot change: only real positions enter the statistics.

All layers take x (B, ..., C), channels last, and mask (B, ...), True = real.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from exapt.models.layers.checks import choice

NORMS = ("batch", "layer", "group", "none")


class MaskedBatchNorm(nn.Module):
    """Batch normalisation whose statistics ignore padded positions.

    A training batch with a single real position has no variance and is normalised by the running statistics.

    Parameters
    ----------
    dim
        Number of channels C.
    affine
        Learn a scale and a shift.
    momentum
        Share of the new batch in the running statistics, in (0, 1].

    References
    ----------
    Ioffe and Szegedy (2015), arXiv:1502.03167

    Examples
    --------
    >>> norm = MaskedBatchNorm(1)
    >>> x = torch.tensor([[[1.0], [3.0]], [[5.0], [999.0]]])
    >>> _ = norm(x, torch.tensor([[True, True], [True, False]]))
    >>> round(norm.running_mean.item() / norm.momentum, 4)
    3.0
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, dim: int, *, affine: bool = True, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.momentum = momentum
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim)) if affine else None
        self.bias = nn.Parameter(torch.zeros(dim)) if affine else None
        self.register_buffer("running_mean", torch.zeros(dim))
        self.register_buffer("running_var", torch.ones(dim))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalise each channel; in training over all real positions of the batch."""
        rows = x.reshape(-1, x.shape[-1])
        if not self.training:
            return self._normalise(rows, training=False).view(x.shape)
        real = mask.reshape(-1)
        count = int(real.sum())
        if count == len(real):
            return self._normalise(rows, training=count > 1).view(x.shape)
        index = real.nonzero()[:, 0]
        normal = self._normalise(rows.index_select(0, index), training=count > 1)
        return torch.zeros_like(rows, dtype=normal.dtype).index_copy(0, index, normal).view(x.shape)

    def _normalise(self, rows: Tensor, *, training: bool) -> Tensor:
        return F.batch_norm(
            rows, self.running_mean, self.running_var, self.weight, self.bias, training, self.momentum, self.eps
        )


class MaskedGroupNorm(nn.Module):
    """Group normalisation of each example over its real positions.

    Parameters
    ----------
    dim
        Number of channels C; the number of groups is the greatest common divisor of C and 8.

    References
    ----------
    Wu and He (2018), arXiv:1803.08494
    """

    def __init__(self, dim: int, *, affine: bool = True, eps: float = 1e-5) -> None:
        super().__init__()
        self.groups = math.gcd(dim, 8)
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim)) if affine else None
        self.bias = nn.Parameter(torch.zeros(dim)) if affine else None

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalise the channels of each group of each example."""
        groups = x.float().reshape(len(x), -1, self.groups, x.shape[-1] // self.groups)
        real = mask.reshape(len(x), -1, 1, 1)
        count = (real.sum(1, keepdim=True) * groups.shape[-1]).clamp(min=1)
        mean = (groups * real).sum((1, 3), keepdim=True) / count
        centred = (groups - mean) * real
        variance = centred.square().sum((1, 3), keepdim=True) / count
        y = (centred * torch.rsqrt(variance + self.eps)).view(x.shape).to(x.dtype)
        return y if self.weight is None or self.bias is None else y * self.weight + self.bias


class LayerNorm(nn.Module):
    """Layer normalisation of each position over its channels; no position sees another.

    References
    ----------
    Ba, Kiros and Hinton (2016), arXiv:1607.06450
    """

    def __init__(self, dim: int, *, affine: bool = True) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim, elementwise_affine=affine)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Normalise the channels of each position; the mask is not needed."""
        y: Tensor = self.norm(x)
        return y


class NoNorm(nn.Module):
    """Leaves the values as they are."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return x."""
        return x


def norm(kind: str, dim: int, *, affine: bool = True) -> nn.Module:
    """Build a normalisation layer that is called with x (B, ..., C) and mask (B, ...).

    Parameters
    ----------
    kind
        ``batch``, ``layer``, ``group`` or ``none``.
    dim
        Number of channels C.
    affine
        Learn a scale and a shift.

    Raises
    ------
    ConfigError
        Where the kind is unknown.
    """
    choice("norm", kind, NORMS)
    if kind == "batch":
        return MaskedBatchNorm(dim, affine=affine)
    if kind == "group":
        return MaskedGroupNorm(dim, affine=affine)
    return LayerNorm(dim, affine=affine) if kind == "layer" else NoNorm()
