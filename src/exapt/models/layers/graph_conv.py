"""Graph convolutions: rows of nodes (n, dim) and the links between them -> rows of nodes (n, dim)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from exapt.models.layers.graph import LevelSum, Links, neighbourhoods, offsets
from exapt.models.layers.norm import norm as build_norm


class GIN(nn.Module):
    """An MLP of the sum over neighbours of their vectors and those of the bonds to them.

    Each node is its own neighbour, over a bond of its own kind, the last row of the table of bonds. The sum of bond
    vectors is a count of levels times that table, so no vector is ever made for a single bond.

    References
    ----------
    Xu et al. (2019), How powerful are graph neural networks? arXiv:1810.00826
    Hu et al. (2020), Strategies for pre-training graph neural networks. arXiv:1905.12265
    """

    def __init__(self, dim: int, edge_levels: Sequence[int]) -> None:
        super().__init__()
        self.edge_levels = tuple(edge_levels)
        self.bonds = LevelSum((*edge_levels, 1), dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(inplace=True), nn.Linear(2 * dim, dim))

    def forward(self, x: Tensor, links: Links) -> Tensor:
        """One layer."""
        near = neighbourhoods(links, self.edge_levels, normalise=False)
        y: Tensor = self.mlp(near.sum(x) + near.sum_of_bonds(self.bonds.weight))
        return y


class GCN(nn.Module):
    """A linear layer, then the sum over neighbours and the bonds to them, weighted by degree.

    Parameters
    ----------
    dim
        Width.
    edge_levels
        Number of levels of each bond feature.
    normalise
        Weigh a link with ``1 / sqrt(d_i d_j)``, d counting neighbours and the node itself; False = with 1.

    References
    ----------
    Kipf and Welling (2017), Semi-supervised classification with graph convolutional networks. arXiv:1609.02907
    Hu et al. (2020), Strategies for pre-training graph neural networks. arXiv:1905.12265
    """

    def __init__(self, dim: int, edge_levels: Sequence[int], *, normalise: bool) -> None:
        super().__init__()
        self.edge_levels = tuple(edge_levels)
        self.normalise = normalise
        self.linear = nn.Linear(dim, dim)
        self.bonds = LevelSum((*edge_levels, 1), dim)

    def forward(self, x: Tensor, links: Links) -> Tensor:
        """One layer."""
        near = neighbourhoods(links, self.edge_levels, normalise=self.normalise)
        y: Tensor = near.sum(self.linear(x)) + near.sum_of_bonds(self.bonds.weight)
        return y


class GAT(nn.Module):
    """Attention (v2, of torch_geometric) over neighbours and the bonds to them, the node itself among them.

    Bonds only weigh neighbours in it, so that ethane and ethene would be the same: each node first takes up the sum of
    the vectors of its bonds.

    References
    ----------
    Brody, Alon and Yahav (2022), How attentive are graph attention networks? arXiv:2105.14491
    """

    def __init__(self, dim: int, edge_levels: Sequence[int], *, heads: int) -> None:
        super().__init__()
        from torch_geometric.nn import GATv2Conv

        self.edge_levels = tuple(edge_levels)
        self.bonds = LevelSum((*edge_levels, 1), dim)
        self.attention = GATv2Conv(dim, dim // heads, heads=heads, edge_dim=dim, add_self_loops=False)

    def forward(self, x: Tensor, links: Links) -> Tensor:
        """One layer."""
        table = self.bonds.weight
        nodes = torch.arange(links.nodes, device=x.device)
        ends = torch.stack([torch.cat([end, nodes]) for end in (links.source, links.target)])
        bonds = F.embedding_bag(links.features + offsets(self.edge_levels, x.device), table, mode="sum")
        bonds = torch.cat([bonds, table[-1:].expand(links.nodes, -1)])
        near = neighbourhoods(links, self.edge_levels, normalise=False)
        y: Tensor = self.attention(x + near.sum_of_bonds(table), ends, bonds)
        return y


class VirtualNode(nn.Module):
    """One more node a graph, joined to all others: it learns from their sum and is added to each in the next layer.

    References
    ----------
    Gilmer et al. (2017), Neural message passing for quantum chemistry. arXiv:1704.01212
    """

    def __init__(self, dim: int, norm: str) -> None:
        super().__init__()
        self.linears = nn.ModuleList([nn.Linear(dim, 2 * dim), nn.Linear(2 * dim, dim)])
        self.norms = nn.ModuleList([build_norm(norm, 2 * dim), build_norm(norm, dim)])

    def forward(self, state: Tensor, x: Tensor) -> Tensor:
        """The next state (B, dim), from the last and the padded nodes x (B, N, dim), 0 where padded."""
        state = state + x.sum(1)
        every = torch.ones(len(state), dtype=torch.bool, device=x.device)
        for linear, norm in zip(self.linears, self.norms, strict=True):
            state = F.relu(norm(linear(state), every))
        return state
