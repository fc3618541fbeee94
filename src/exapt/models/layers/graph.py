"""Graphs of a batch without their padding: rows of nodes and edges, and sums along the edges.

A batch holds "x" (B, N, ...), "mask" (B, N) and "edges" (B, E, 2 + F), -1 where padded. Both directions of a bond are
there, one after the other: the other direction of edge e is ``e ^ 1``. So a graph is symmetric, and what a sum along
its edges sends back as gradient is again a sum along its edges, which costs no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
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
    if bool(real.all()):
        return x.flatten(0, 1)
    rows: Tensor = _Rows.apply(x, real.flatten().nonzero()[:, 0])  # type: ignore[no-untyped-call]
    return rows


def padded(rows: Tensor, real: Tensor) -> Tensor:
    """Rows (n, ...) back at their positions (B, N, ...), with 0 where padded."""
    if bool(real.all()):
        return rows.view(*real.shape, *rows.shape[1:])
    places: Tensor = _Padded.apply(rows, real.flatten().nonzero()[:, 0], real.shape)  # type: ignore[no-untyped-call]
    return places


class _Rows(Function):
    """torch's own gradient of `index_select` adds row by row; as every row is chosen once, it need only be put back."""

    @staticmethod
    def forward(context: Any, x: Tensor, index: Tensor) -> Tensor:
        context.index, context.shape = index, x.shape[:2]
        return x.flatten(0, 1).index_select(0, index)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Any:
        return _Padded.apply(gradients[0], context.index, context.shape), None  # type: ignore[no-untyped-call]


class _Padded(Function):
    @staticmethod
    def forward(context: Any, rows: Tensor, index: Tensor, shape: torch.Size) -> Tensor:
        context.index = index
        empty = rows.new_zeros(shape.numel(), *rows.shape[1:])
        return empty.index_copy_(0, index, rows).view(*shape, *rows.shape[1:])

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Any:
        return _Rows.apply(gradients[0], context.index), None, None  # type: ignore[no-untyped-call]


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
class Lists:
    """For each row of a result, the rows that it sums, and their weights (None: all 1).

    Result i sums ``index[starts[i]:starts[i + 1]]``.
    """

    index: Tensor
    starts: Tensor
    weights: Tensor | None = None

    def sum(self, x: Tensor, back: Lists) -> Tensor:
        """Sums of rows x (n, D) -> (number of lists, D); the lists `back` do the same for the gradient."""
        total: Tensor = _Sum.apply(x, self, back)  # type: ignore[no-untyped-call]
        return total

    def apply(self, x: Tensor) -> Tensor:
        """The sums, without a gradient. Nothing that torch offers is faster on a processor."""
        weights = None if self.weights is None else self.weights.to(x.dtype)
        return F.embedding_bag(
            self.index, x.contiguous(), self.starts, mode="sum", per_sample_weights=weights, include_last_offset=True
        )


class _Sum(Function):
    @staticmethod
    def forward(context: Any, x: Tensor, lists: Lists, back: Lists) -> Tensor:
        context.lists = back, lists
        return lists.apply(x)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Any:
        return _Sum.apply(gradients[0], *context.lists), None, None  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Links:
    """The directed edges of a batch between its rows of nodes.

    Attributes
    ----------
    source, target
        (M,) row numbers; edge e and ``e ^ 1`` are the two directions of a bond.
    features
        (M, F) integers.
    nodes
        Number n of rows.
    """

    source: Tensor
    target: Tensor
    features: Tensor
    nodes: int

    def at_source(self, x: Tensor) -> Tensor:
        """Rows of nodes (n, D) -> the row at the source of each edge, (M, D)."""
        leaving = Lists(self._arriving.index ^ 1, self._arriving.starts)
        return _single(self.source).sum(x, leaving)

    def into_nodes(self, x: Tensor) -> Tensor:
        """Rows of edges (M, D) -> the sum over the edges that end at each node, (n, D)."""
        return self._arriving.sum(x, _single(self.target))

    def into_edges(self, x: Tensor) -> Tensor:
        """Rows of edges (M, D) -> the sum over those that end where an edge starts, but for its way back, (M, D)."""
        return self._turns(1).sum(x, self._turns(0))

    @cached_property
    def _arriving(self) -> Lists:
        """The edges that end at each node."""
        return Lists(*_by_target(self.target, self.nodes))

    def _turns(self, flip: int) -> Lists:
        """For each edge e, those that end at its source, but for e ^ 1; or, of flip 0, those that leave its target."""
        order, starts = self._arriving.index, self._arriving.starts
        node = self.source if flip else self.target
        counts = starts.diff()[node]
        edge = torch.arange(len(node), device=node.device).repeat_interleave(counts)
        shift = starts[node] - (counts.cumsum(0) - counts)
        found = order[torch.arange(len(edge), device=node.device) + shift[edge]]
        kept = found[found != (edge ^ flip)]
        return Lists(kept ^ (1 - flip), _starts(counts - 1))


def real_edges(stream: Stream) -> Tensor:
    """Which edges of a batch are none of its padding, (B, E)."""
    return stream["edges"][..., 0] >= 0


def links_of(stream: Stream) -> Links:
    """The real edges between the real nodes of a batch, in their order; nodes come before padding in their graph."""
    mask, edges = stream["mask"], stream["edges"]
    real = real_edges(stream)
    known, counts = rows_of(edges, real).long(), mask.sum(1)
    first = (counts.cumsum(0) - counts).repeat_interleave(real.sum(1))
    source, target = known[:, 0] + first, known[:, 1] + first
    return Links(source, target, known[:, 2:], int(counts.sum()))


@dataclass(frozen=True)
class Neighbourhoods:
    """Each node with its neighbours, itself among them.

    Attributes
    ----------
    lists
        The neighbours of each node, and the weights of the links to them.
    bonds
        (n, sum of edge levels + 1): the weighted number of bonds of each level at each node; the last column is the
        weight of the node itself.
    """

    lists: Lists
    bonds: Tensor

    def sum(self, x: Tensor) -> Tensor:
        """Weighted sum of rows x (n, D) over each neighbourhood."""
        return self.lists.sum(x, self.lists)  # i weighs in the list of j what j weighs in that of i

    def sum_of_bonds(self, table: Tensor) -> Tensor:
        """Weighted sum of the vectors of the levels of the bonds to each neighbourhood, (n, D), from their table."""
        return self.bonds.to(table.dtype) @ table


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
    order, starts = _by_target(target, links.nodes)
    weights = torch.ones(len(order), device=order.device)
    if normalise:
        scale = starts.diff().float().rsqrt()
        weights = scale[source] * scale[target]
    width, edges = sum(edge_levels) + 1, len(links.target)
    cells = links.features + offsets(edge_levels, order.device) + links.target.unsqueeze(1) * width
    cells = torch.cat([cells.flatten(), nodes * width + width - 1])
    shares = torch.cat([weights[:edges].repeat_interleave(len(edge_levels)), weights[edges:]])
    bonds = weights.new_zeros(links.nodes * width).index_add_(0, cells, shares).view(links.nodes, width)
    return Neighbourhoods(Lists(source[order], starts, weights[order] if normalise else None), bonds)


def _by_target(target: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """Edges sorted by target (M,), and where those of each node start (nodes + 1,)."""
    return torch.argsort(target, stable=True), _starts(torch.bincount(target, minlength=nodes))


def _starts(counts: Tensor) -> Tensor:
    return F.pad(counts.cumsum(0), (1, 0))


def _single(index: Tensor) -> Lists:
    """Lists of one row each."""
    return Lists(index, torch.arange(len(index) + 1, device=index.device))


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

    Examples
    --------
    >>> table = LevelSum([3, 2], 4)
    >>> codes = torch.tensor([[2, 1]])
    >>> torch.allclose(table(codes)[0], table.weight[2] + table.weight[3 + 1])
    True
    """

    def __init__(self, levels: Sequence[int], dim: int) -> None:
        super().__init__()
        self.levels = tuple(levels)
        self.weight = nn.Parameter(torch.empty(sum(levels), dim))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, codes: Tensor) -> Tensor:
        """Sum the vectors; under autocast the sums, not the table, are rounded to its precision."""
        total = F.embedding_bag(codes + offsets(self.levels, codes.device), self.weight, mode="sum")
        device = total.device.type
        return total.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else total
