"""Graph convolutions: rows of nodes and the links between them -> rows of nodes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from exapt.models.layers.graph import LevelSum, Links, neighbourhoods, offsets

CONVS = ("gin", "gcn", "gat", "dmpnn")


class GIN(nn.Module):
    """Graph isomorphism layer with bonds: an MLP of the sum over neighbours of their vectors and those of the bonds.

    Each node is its own neighbour, over a bond of its own kind. Summed bond vectors are counts of levels times a table,
    so no vector is ever made for a single bond.

    References
    ----------
    Xu et al. (2019), How powerful are graph neural networks? arXiv:1810.00826
    Hu et al. (2020), Strategies for pre-training graph neural networks. arXiv:1905.12265
    """

    def __init__(self, dim: int, edge_levels: Sequence[int]) -> None:
        super().__init__()
        self.bonds = LevelSum((*edge_levels, 1), dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.ReLU(), nn.Linear(2 * dim, dim))

    def forward(self, x: Tensor, links: Links) -> Tensor:
        """X (n, dim) -> (n, dim)."""
        near = neighbourhoods(links, self.bonds.levels[:-1], normalise=False)
        y: Tensor = self.mlp(near.sum(x) + near.bonds @ self.bonds.weight)
        return y


class GCN(nn.Module):
    """Graph convolution with bonds: a linear layer, then the sum over neighbours, weighted by their degrees.

    Parameters
    ----------
    normalise
        Weigh a link with ``1 / sqrt(d_i d_j)``; False = with 1.

    References
    ----------
    Kipf and Welling (2017), Semi-supervised classification with graph convolutional networks. arXiv:1609.02907
    Hu et al. (2020), Strategies for pre-training graph neural networks. arXiv:1905.12265
    """

    def __init__(self, dim: int, edge_levels: Sequence[int], *, normalise: bool = True) -> None:
        super().__init__()
        self.normalise = normalise
        self.linear = nn.Linear(dim, dim)
        self.bonds = LevelSum((*edge_levels, 1), dim)

    def forward(self, x: Tensor, links: Links) -> Tensor:
        """X (n, dim) -> (n, dim)."""
        near = neighbourhoods(links, self.bonds.levels[:-1], normalise=self.normalise)
        y: Tensor = near.sum(self.linear(x)) + near.bonds @ self.bonds.weight
        return y


class GAT(nn.Module):
    """Graph attention (v2) over neighbours and bonds, of torch_geometric.

    References
    ----------
    Brody, Alon and Yahav (2022), How attentive are graph attention networks? arXiv:2105.14491
    """

    def __init__(self, dim: int, edge_levels: Sequence[int], heads: int) -> None:
        super().__init__()
        from torch_geometric.nn import GATv2Conv

        self.bonds = LevelSum((*edge_levels, 1), dim)
        self.attention = GATv2Conv(dim, dim // heads, heads=heads, edge_dim=dim, add_self_loops=False)

    def forward(self, x: Tensor, links: Links) -> Tensor:
        """X (n, dim) -> (n, dim)."""
        nodes = torch.arange(links.nodes, device=x.device)
        ends = torch.stack([torch.cat([links.source, nodes]), torch.cat([links.target, nodes])])
        levels = self.bonds.levels
        table = self.bonds.weight
        codes = links.features + offsets(levels[:-1], x.device)
        bonds = torch.cat([nn.functional.embedding_bag(codes, table, mode="sum"), table[-1:].expand(links.nodes, -1)])
        y: Tensor = self.attention(x, ends, bonds)
        return y
