"""Fully connected network on expression or other vectors, optionally wide and deep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.models.layers.checks import fraction, reads, widths_given
from exapt.models.layers.dense import Dense
from exapt.models.layers.norm import norm as build_norm
from exapt.models.layers.pooling import features, pooled_dim


class MLP(Backbone):
    """Dense layers at each position of x (B, L, C), pooled over positions; expression has one position.

    Parameters
    ----------
    inputs
        Values.
    widths
        Width of each layer, input side first.
    norm
        ``batch``, ``layer``, ``group`` or ``none``.
    activation
        ``relu``, ``gelu``, ``silu``, ``elu``, ``tanh`` or ``exp``.
    dropout
        In [0, 1).
    pool
        ``mean``, ``max`` or ``mean_max`` over positions.
    skip
        Wide and deep: the input, normalised as the layers are, goes through the layers and also stands beside
        their features, so that a linear head sees both.

    References
    ----------
    Cheng et al. (2016), Wide and deep learning, arXiv:1606.07792

    Examples
    --------
    >>> mlp = MLP(Inputs("values", 100), widths=[32, 16], skip=True)
    >>> stream = {"x": torch.randn(4, 1, 100), "mask": torch.ones(4, 1, dtype=torch.bool)}
    >>> tuple(mlp(stream).pooled.shape)
    (4, 116)
    """

    encoders: ClassVar[Mapping[str, str]] = {"expression": "expression", "number": "expression"}

    def __init__(
        self,
        inputs: Inputs,
        *,
        widths: Sequence[int] = (256, 64),
        norm: str = "batch",
        activation: str = "gelu",
        dropout: float = 0.1,
        pool: str = "mean",
        skip: bool = False,
    ) -> None:
        super().__init__()
        reads("mlp", inputs, "values")
        widths_given(widths)
        fraction(dropout=dropout)
        self.inputs = inputs
        self.pool = pool
        self.dim = pooled_dim(widths[-1] + (inputs.size if skip else 0), pool)
        layers: list[nn.Module] = [
            Dense(before, after, norm, activation, dropout) for before, after in pairwise([inputs.size, *widths])
        ]
        if skip:
            layers[0] = _Wide(inputs.size, norm, layers[0])
        self.layers = nn.ModuleList(layers)

    def blocks(self) -> list[nn.Module]:
        """The layers."""
        return list(self.layers)

    def readout(self, stream: Stream) -> Features:
        """Put the input beside the deep features where asked, then pool."""
        x = stream["x"]
        if "wide" in stream:
            x = torch.cat([x, stream["wide"].to(x.dtype)], -1)
        return features(x, stream["mask"], self.pool)


class _Wide(nn.Module):
    """Normalise the input, keep it in the stream, and apply the first layer to it."""

    def __init__(self, size: int, norm: str, layer: nn.Module) -> None:
        super().__init__()
        self.norm = build_norm(norm, size, affine=False)
        self.layer = layer

    def forward(self, stream: Stream) -> Stream:
        wide = self.norm(stream["x"], stream["mask"])
        result: Stream = self.layer({**stream, "x": wide, "wide": wide})
        return result


EXPORT = MLP
