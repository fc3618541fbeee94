"""Directed message passing: the state of a bond in one direction learns from the bonds that lead to it.

Between layers states stand where their edges stand in the batch, with 0 where padded; within a layer only real edges
are rows, because molecules of one batch differ much in size.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import nn

from exapt.core.contracts import Stream
from exapt.models.layers.graph import LevelSum, check_both_directions, links_of, padded, real_edges, rows_of
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
        mask, links = stream["mask"], links_of(stream)
        codes = rows_of(stream["x"], mask)
        start = padded(links.at_source(self.sources(codes)) + self.bonds(links.features), real_edges(stream))
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
        real = real_edges(stream)
        start, states = (rows_of(stream[key], real) for key in ("edge_start", "edge_states"))
        change = self.linear(links_of(stream).into_edges(states))
        change = self.norm(change, real.new_ones(len(change)))
        return {**stream, "edge_states": padded(self.dropout(change.add_(start).relu_()), real)}


class DirectedEnd(nn.Module):
    """Each atom takes up the states of the bonds that lead to it; the states end here."""

    def __init__(self, dim: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        """Replace x."""
        mask, states = stream["mask"], rows_of(stream["edge_states"], real_edges(stream))
        change = self.linear(links_of(stream).into_nodes(states))
        x = self.dropout(change.add_(rows_of(stream["x"], mask)).relu_())
        kept = {key: value for key, value in stream.items() if not key.startswith("edge_")}
        return {**kept, "x": padded(x, mask)}
