"""Graphs of a batch without their padding: rows of nodes, links between them, and sums along the links.

A batch holds "x" (B, N, ...), "mask" (B, N) and "edges" (B, E, 2 + F), -1 where padded. Both directions of a bond are
there, one after the other, so a graph is symmetric, and the gradient of a sum over neighbours is a sum over neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

from exapt.core.contracts import Stream
from exapt.core.errors import DataError


def rows_of(x: Tensor, real: Tensor) -> Tensor:
    """The real positions of x (B, N, ...) as rows (n, ...); a view where nothing is padded.

    Examples
    --------
    >>> rows_of(torch.tensor([[[1.0], [2.0]], [[3.0], [0.0]]]), torch.tensor([[True, True], [True, False]])).tolist()
    [[1.0], [2.0], [3.0]]
    """
    flat = x.flatten(0, 1)
    return flat if bool(real.all()) else flat.index_select(0, real.flatten().nonzero()[:, 0])


def padded(rows: Tensor, real: Tensor) -> Tensor:
    """Rows (n, ...) back at their positions (B, N, ...), with 0 where padded."""
    if not bool(real.all()):
        empty = rows.new_zeros(real.numel(), *rows.shape[1:])
        rows = empty.index_copy(0, real.flatten().nonzero()[:, 0], rows)
    return rows.unflatten(0, real.shape)


@dataclass(frozen=True)
class Links:
    """The directed edges of a batch.

    Attributes
    ----------
    source, target
        (M,) numbers of rows; edge e and ``e ^ 1`` are the two directions of a bond.
    features
        (M, F) integers.
    nodes
        Number n of rows.
    """

    source: Tensor
    target: Tensor
    features: Tensor
    nodes: int


def links_of(stream: Stream) -> Links:
    """The real edges between the real nodes of a batch, in their order."""
    mask, edges = stream["mask"], stream["edges"]
    known = rows_of(edges, edges[..., 0] >= 0).long()
    counts = mask.sum(1)
    first = (counts.cumsum(0) - counts).repeat_interleave((edges[..., 0] >= 0).sum(1))
    return Links(known[:, 0] + first, known[:, 1] + first, known[:, 2:], int(counts.sum()))


def check_both_directions(edges: Tensor) -> None:
    """Refuse edges of which one direction is missing or stands elsewhere.

    Raises
    ------
    DataError
        With what is expected.
    """
    if edges.shape[1] % 2 or not torch.equal(edges[:, ::2, :2], edges[:, 1::2, :2].flip(-1)):
        raise DataError("edges: each bond must stand there in both directions, one after the other.")


@dataclass(frozen=True)
class Neighbourhoods:
    """Each node with its neighbours, itself among them, and the weight of each.

    Attributes
    ----------
    index, starts
        The neighbours of node i are ``index[starts[i]:starts[i + 1]]``.
    weights
        (len(index),), or None where all are 1.
    bonds
        (n, sum of edge levels + 1): the weighted number of bonds of each level at each node; the last column is the
        weight of the node itself.
    """

    index: Tensor
    starts: Tensor
    weights: Tensor | None
    bonds: Tensor

    def sum(self, x: Tensor) -> Tensor:
        """Weighted sum of rows x (n, D) over each neighbourhood."""
        total: Tensor = _Symmetric.apply(x, self.index, self.starts, self.weights)
        return total


def neighbourhoods(links: Links, edge_levels: Sequence[int], *, normalise: bool) -> Neighbourhoods:
    """The neighbourhoods of all nodes.

    Parameters
    ----------
    links
        Edges, without loops.
    edge_levels
        Number of levels of each edge feature.
    normalise
        Weigh the link of i and j with ``1 / sqrt(d_i d_j)``, where d counts neighbours and the node itself.
    """
    nodes = torch.arange(links.nodes, device=links.source.device)
    source, target = torch.cat([links.source, nodes]), torch.cat([links.target, nodes])
    order, starts = by_target(target, links.nodes)
    index, weights = source[order], torch.ones(len(order), device=order.device)
    if normalise:
        scale = starts.diff().float().rsqrt()
        weights = scale[source] * scale[target]
    width = sum(edge_levels) + 1
    cells = links.features + offsets(edge_levels, links.features.device) + links.target.unsqueeze(1) * width
    cells = torch.cat([cells.flatten(), nodes * width + width - 1])
    shares = torch.cat([weights[: len(links.target)].repeat_interleave(len(edge_levels)), weights[len(links.target) :]])
    bonds = weights.new_zeros(links.nodes * width).index_add_(0, cells, shares).view(links.nodes, width)
    return Neighbourhoods(index, starts, weights[order] if normalise else None, bonds)


def by_target(target: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """Edges sorted by target (M,), and where those of each node start (nodes + 1,).

    Examples
    --------
    >>> [found.tolist() for found in by_target(torch.tensor([2, 0, 2]), 3)]
    [[1, 0, 2], [0, 1, 1, 3]]
    """
    starts = target.new_zeros(nodes + 1)
    torch.cumsum(torch.bincount(target, minlength=nodes), 0, out=starts[1:])
    return torch.argsort(target, stable=True), starts


def offsets(levels: Sequence[int], device: torch.device) -> Tensor:
    """Where the levels of each feature start in a table that holds all, (A,).

    Examples
    --------
    >>> offsets([120, 3, 4], torch.device("cpu")).tolist()
    [0, 120, 123]
    """
    return torch.tensor([0, *accumulate(levels)][:-1], device=device)


class LevelSum(nn.Module):
    """Rows of integers (n, A) -> the sum of a learned vector for each level, (n, dim).

    One table holds the levels of all features, one feature after another.

    Parameters
    ----------
    levels
        Number of levels of each feature.
    dim
        Width of the vectors.
    """

    def __init__(self, levels: Sequence[int], dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(sum(levels), dim))
        nn.init.xavier_uniform_(self.weight)
        self.levels = tuple(levels)

    def forward(self, codes: Tensor) -> Tensor:
        """Sum the vectors."""
        return F.embedding_bag(codes + offsets(self.levels, codes.device), self.weight, mode="sum")


class _Symmetric(Function):
    """Sums of rows over lists in which i names j as often, and with the weight, as j names i: its own gradient."""

    @staticmethod
    def forward(context: Any, x: Tensor, index: Tensor, starts: Tensor, weights: Tensor | None) -> Tensor:
        context.lists = index, starts, weights
        return _bags(x, index, starts, weights)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Any:
        return _Symmetric.apply(gradients[0], *context.lists), None, None, None


def _bags(x: Tensor, index: Tensor, starts: Tensor, weights: Tensor | None) -> Tensor:
    """Row i of the result is the sum over ``index[starts[i]:starts[i + 1]]``; the fastest sum that torch has on a CPU."""
    weights = None if weights is None else weights.to(x.dtype)
    return F.embedding_bag(
        index, x.contiguous(), starts, mode="sum", per_sample_weights=weights, include_last_offset=True
    )
