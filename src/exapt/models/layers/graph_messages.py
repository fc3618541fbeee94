"""Directed message passing: the state of a bond in one direction learns from the bonds that lead to it.

States stand where their edges stand in the batch; those of padding hold anything and are never read.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import nn

from exapt.core.contracts import Stream
from exapt.models.layers.graph import LevelSum, check_both_directions, links_of, padded, rows_of
from exapt.models.layers.norm import norm as build_norm


class DirectedStart(nn.Module):
    """Atoms to vectors "x" (B, N, dim), and each direction of a bond to its first state "edge_states" (B, E, dim).

    What goes into the state is kept as "edge_start". A linear layer on indicators of levels is a sum of vectors, so
    tables stand for it.

    References
    ----------
    Yang et al. (2019), Analyzing learned molecular representations for property prediction.
    https://doi.org/10.1021/acs.jcim.9b00237
    """

    def __init__(self, levels: Sequence[int], edge_levels: Sequence[int], dim: int) -> None:
        super().__init__()
        self.atoms = LevelSum(levels, dim)
        self.sources = LevelSum(levels, dim)
        self.bonds = LevelSum(edge_levels, dim)

    def forward(self, stream: Stream) -> Stream:
        """Replace x and add the states."""
        check_both_directions(stream["edges"])
        mask, edges = stream["mask"], stream["edges"]
        codes, bonds = rows_of(stream["x"], mask), edges[..., 2:].clamp(min=0).long()
        start = links_of(stream).at_source(self.sources(codes)) + self.bonds(bonds.flatten(0, 1))
        start = start.view(*edges.shape[:2], start.shape[-1])
        return {**stream, "x": padded(self.atoms(codes), mask), "edge_start": start, "edge_states": F.relu(start)}


class DirectedStep(nn.Module):
    """The states of the bonds that lead to a bond, but for its own way back, change its state."""

    def __init__(self, dim: int, norm: str, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, dim, bias=False)
        self.norm = build_norm(norm, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        """Replace the states."""
        start, states = stream["edge_start"], stream["edge_states"]
        change = self.linear(links_of(stream).into_edges(states.flatten(0, 1))).view(start.shape)
        change = self.norm(change, stream["edges"][..., 0] >= 0)
        return {**stream, "edge_states": self.dropout(change.add_(start).relu_())}


class DirectedEnd(nn.Module):
    """Each atom takes up the states of the bonds that lead to it; the states end here."""

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        """Replace x."""
        mask = stream["mask"]
        change = self.linear(links_of(stream).into_nodes(stream["edge_states"].flatten(0, 1)))
        x = self.dropout(change.add_(rows_of(stream["x"], mask)).relu_())
        kept = {key: value for key, value in stream.items() if not key.startswith("edge_")}
        return {**kept, "x": padded(x, mask)}
