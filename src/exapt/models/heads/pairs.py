"""A head for two inputs that act on each other: a drug and its target, two proteins."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from exapt.core.contracts import Features
from exapt.core.errors import ConfigError
from exapt.models.layers.norm import MaskedBatchNorm


class PairMLP(nn.Module):
    """Each side standardised and projected; both projections and their product; hidden layers; a linear layer.

    The product lets one side choose what of the other counts, which side by side takes a hidden layer many units to
    learn. Features are standardised over the batch because means over long sequences differ little from each other.

    Parameters
    ----------
    dims
        Widths of the pooled features of the two inputs.
    n_out
        Outputs.
    width
        Units of each projection.
    hidden
        Units of each hidden layer.
    layers
        Hidden layers, at least 1.
    dropout
        After each activation, in [0, 1).

    Raises
    ------
    ConfigError
        Where there are not two inputs.

    Examples
    --------
    >>> head = PairMLP([8, 4], 1, width=6, hidden=5)
    >>> first, second = (Features(torch.ones(2, 1, d), torch.ones(2, 1) > 0, torch.ones(2, d)) for d in (8, 4))
    >>> tuple(head(first, second).shape)
    (2, 1)
    """

    def __init__(
        self, dims: Sequence[int], n_out: int, *, width: int, hidden: int, layers: int = 2, dropout: float = 0.0
    ) -> None:
        super().__init__()
        if len(dims) != 2:
            raise ConfigError(f"a head for pairs reads two input columns; found {len(dims)}. Name both with `input`.")
        self.norms = nn.ModuleList(MaskedBatchNorm(dim, affine=False) for dim in dims)
        self.projections = nn.ModuleList(_layer(dim, width, dropout) for dim in dims)
        sizes = [3 * width, *[hidden] * layers]
        self.hidden = nn.Sequential(*(_layer(a, b, dropout) for a, b in pairwise(sizes)))
        self.linear = nn.Linear(hidden, n_out)

    def forward(self, *features: Features) -> Tensor:
        """Map the features of both inputs to (B, n_out)."""
        sides = []
        for found, norm, projection in zip(features, self.norms, self.projections, strict=True):
            everything = found.pooled.new_ones(len(found.pooled), dtype=torch.bool)
            sides.append(projection(norm(found.pooled.float(), everything)))
        first, second = sides
        y: Tensor = self.linear(self.hidden(torch.cat([first, second, first * second], -1)))
        return y


def _layer(dim_in: int, dim_out: int, dropout: float) -> nn.Module:
    return nn.Sequential(nn.Linear(dim_in, dim_out), nn.GELU(), nn.Dropout(dropout))
