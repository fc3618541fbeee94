"""Graph neural network on molecules: GIN, GCN, attention or directed message passing, with bond features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.models.layers.checks import at_least, choice, fraction, reads
from exapt.models.layers.graph import LevelSum, check_both_directions, links_of, padded, rows_of
from exapt.models.layers.graph_conv import CONVS, GIN
from exapt.models.layers.norm import norm as build_norm
from exapt.models.layers.pooling import features, pooled_dim


class GNN(Backbone):
    encoders: ClassVar[Mapping[str, str]] = {"molecule": "graph"}

    def __init__(
        self,
        inputs: Inputs,
        *,
        conv: str = "gin",
        dim: int = 160,
        depth: int = 5,
        norm: str = "batch",
        dropout: float = 0.0,
        pool: str = "mean",
        heads: int = 4,
    ) -> None:
        super().__init__()
        reads("gnn", inputs, "graph")
        choice("conv", conv, CONVS)
        at_least(1, dim=dim, depth=depth, heads=heads)
        fraction(dropout=dropout)
        self.inputs = inputs
        self.pool = pool
        self.dim = pooled_dim(dim, pool)
        self.atoms = _Atoms(inputs, dim)
        self.layers = nn.ModuleList(
            _Layer(dim, GIN(dim, inputs.edge_levels), norm, dropout, last=i == depth - 1) for i in range(depth)
        )

    def blocks(self) -> list[nn.Module]:
        """Atoms, then the layers."""
        return [self.atoms, *self.layers]

    def readout(self, stream: Stream) -> Features:
        """Pool over atoms."""
        return features(stream["x"], stream["mask"], self.pool)


class _Atoms(nn.Module):
    """Features of atoms to vectors."""

    def __init__(self, inputs: Inputs, dim: int) -> None:
        super().__init__()
        self.levels = LevelSum(inputs.levels, dim)

    def forward(self, stream: Stream) -> Stream:
        check_both_directions(stream["edges"])
        mask = stream["mask"]
        return {**stream, "x": padded(self.levels(rows_of(stream["x"], mask)), mask)}


class _Layer(nn.Module):
    """Convolution -> normalisation -> ReLU (not after the last) -> dropout."""

    def __init__(self, dim: int, conv: nn.Module, norm: str, dropout: float, *, last: bool) -> None:
        super().__init__()
        self.conv = conv
        self.norm = build_norm(norm, dim)
        self.activation = nn.Identity() if last else nn.ReLU()
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        mask = stream["mask"]
        x = self.conv(rows_of(stream["x"], mask), links_of(stream))
        x = self.norm(x, torch.ones(len(x), dtype=torch.bool, device=x.device))
        return {**stream, "x": padded(self.dropout(self.activation(x)), mask)}


EXPORT = GNN
