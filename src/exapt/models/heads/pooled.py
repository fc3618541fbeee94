"""Heads that read one vector an example: linear, or with one hidden layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from exapt.core.contracts import Features


class PooledLinear(nn.Module):
    """One linear layer on the pooled features of all inputs, side by side.

    Parameters
    ----------
    dims
        Width of the pooled features of each input.
    n_out
        Outputs.
    dropout
        Before the layer, in [0, 1).

    Examples
    --------
    >>> head = PooledLinear([8, 4], 3)
    >>> first, second = (Features(torch.ones(2, 1, d), torch.ones(2, 1) > 0, torch.ones(2, d)) for d in (8, 4))
    >>> tuple(head(first, second).shape)
    (2, 3)
    """

    def __init__(self, dims: Sequence[int], n_out: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(sum(dims), n_out)

    def forward(self, *features: Features) -> Tensor:
        """Map the features of each input to (B, n_out)."""
        y: Tensor = self.linear(self.dropout(torch.cat([f.pooled for f in features], -1)))
        return y


class PooledMLP(nn.Module):
    """One hidden layer (GELU), then a linear one, on the pooled features of all inputs, side by side.

    Parameters
    ----------
    dims
        Width of the pooled features of each input.
    hidden
        Width of the hidden layer.
    n_out
        Outputs.
    dropout
        Before each layer, in [0, 1).
    """

    def __init__(self, dims: Sequence[int], hidden: int, n_out: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(sum(dims), hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, n_out)
        )

    def forward(self, *features: Features) -> Tensor:
        """Map the features of each input to (B, n_out)."""
        y: Tensor = self.layers(torch.cat([f.pooled for f in features], -1))
        return y
