"""Graph neural network on molecules: GIN, GCN, attention or directed message passing, with bond features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.core.errors import ConfigError
from exapt.models.layers.checks import at_least, choice, fraction, reads
from exapt.models.layers.graph import LevelSum, check_both_directions, links_of, padded, rows_of
from exapt.models.layers.graph_conv import GAT, GCN, GIN, VirtualNode
from exapt.models.layers.graph_messages import DirectedEnd, DirectedStart, DirectedStep
from exapt.models.layers.masking import zero_padding
from exapt.models.layers.norm import norm as build_norm
from exapt.models.layers.pooling import POOLS, features, pooled_dim

CONVS = ("gin", "gcn", "gat", "dmpnn")
NORMS = ("batch", "layer", "none")


class GNN(Backbone):
    """Vectors of atoms, then `depth` layers of messages along bonds, pooled over the atoms of a molecule.

    ========= ==================================================================================================
    conv      a layer
    ========= ==================================================================================================
    ``gin``   MLP of the sum over neighbours and bonds, as Hu et al. pre-trained it [1]_
    ``gcn``   linear layer, then the sum over neighbours and bonds weighted by degree [1]_
    ``gat``   attention (v2) over neighbours and bonds, of torch_geometric [2]_
    ``dmpnn`` messages between directed bonds, taken up by the atoms in the last layer (Chemprop's network [3]_, but
              each layer has weights of its own)
    ========= ==================================================================================================

    ``gin``, ``gcn`` and ``gat`` end a layer with normalisation, ReLU (not after the last) and dropout.

    Parameters
    ----------
    inputs
        A graph.
    conv
        See the table.
    dim
        Width of the vectors of atoms (and of bonds in ``dmpnn``).
    depth
        Layers.
    norm
        ``batch``, ``layer`` or ``none``; None = as published: ``none`` for ``dmpnn``, ``batch`` for the others.
    dropout
        After each layer, in [0, 1).
    pool
        ``mean``, ``sum``, ``max`` or ``mean_max`` over atoms. Only ``sum`` knows how large a molecule is.
    virtual_node
        Join all atoms by one more node a molecule, so that far atoms hear of each other; not with ``dmpnn``.
    heads
        Heads of ``gat``.
    normalise
        Weigh neighbours by degree in ``gcn``; MolCLR's network does not.

    References
    ----------
    .. [1] Hu et al. (2020), Strategies for pre-training graph neural networks. arXiv:1905.12265
    .. [2] Brody, Alon and Yahav (2022), How attentive are graph attention networks? arXiv:2105.14491
    .. [3] Yang et al. (2019), Analyzing learned molecular representations for property prediction.
       https://doi.org/10.1021/acs.jcim.9b00237

    Examples
    --------
    >>> gnn = GNN(Inputs("graph", 1, mask=3, levels=(4,), edge_levels=(2,)), dim=8, depth=2)
    >>> stream = {"x": torch.tensor([[[1], [2]]]), "mask": torch.tensor([[True, True]])}
    >>> found = gnn({**stream, "edges": torch.tensor([[[0, 1, 1], [1, 0, 1]]])})
    >>> tuple(found.tokens.shape), tuple(found.pooled.shape), len(gnn.blocks())
    ((1, 2, 8), (1, 8), 3)
    """

    encoders: ClassVar[Mapping[str, str]] = {"molecule": "graph"}

    def __init__(  # noqa: PLR0913 - an architecture's options are flat, so that a YAML can name each
        self,
        inputs: Inputs,
        *,
        conv: str = "gin",
        dim: int = 160,
        depth: int = 5,
        norm: str | None = None,
        dropout: float = 0.0,
        pool: str = "mean",
        virtual_node: bool = False,
        heads: int = 4,
        normalise: bool = True,
    ) -> None:
        super().__init__()
        reads("gnn", inputs, "graph")
        choice("conv", conv, CONVS)
        choice("pool", pool, (*POOLS, "sum"))
        norm = norm or ("none" if conv == "dmpnn" else "batch")
        choice("norm", norm, NORMS)
        at_least(1, dim=dim, depth=depth, heads=heads)
        fraction(dropout=dropout)
        _fits(conv, dim, heads, virtual_node=virtual_node, normalise=normalise)
        self.inputs, self.pool = inputs, pool
        self.dim = dim if pool == "sum" else pooled_dim(dim, pool)
        self.stem: nn.Module
        if conv == "dmpnn":
            steps = [DirectedStep(dim, norm, dropout) for _ in range(depth - 1)]
            self.stem = DirectedStart(inputs.levels, inputs.edge_levels, dim)
            self.layers = nn.ModuleList([*steps, DirectedEnd(dim, dropout)])
            return
        convs: dict[str, Callable[[], nn.Module]] = {
            "gin": lambda: GIN(dim, inputs.edge_levels),
            "gcn": lambda: GCN(dim, inputs.edge_levels, normalise=normalise),
            "gat": lambda: GAT(dim, inputs.edge_levels, heads=heads),
        }
        self.stem = _Atoms(inputs, dim, virtual_node=virtual_node)
        self.layers = nn.ModuleList(
            _Layer(dim, convs[conv](), norm, dropout, last=i == depth - 1, virtual_node=virtual_node)
            for i in range(depth)
        )

    def blocks(self) -> list[nn.Module]:
        """Vectors of atoms, then the layers."""
        return [self.stem, *self.layers]

    def readout(self, stream: Stream) -> Features:
        """Pool over atoms."""
        x, mask = stream["x"], stream["mask"]
        if self.pool != "sum":
            return features(x, mask, self.pool)
        tokens = zero_padding(x, mask)
        return Features(tokens, mask, tokens.sum(1, dtype=torch.float32))


def _fits(conv: str, dim: int, heads: int, *, virtual_node: bool, normalise: bool) -> None:
    if conv == "gat" and dim % heads:
        raise ConfigError(f"heads: {heads} heads do not divide dim {dim}.")
    if conv == "dmpnn" and virtual_node:
        raise ConfigError("virtual_node: conv 'dmpnn' passes messages between bonds and has none. Use gin, gcn or gat.")
    if conv != "gcn" and not normalise:
        raise ConfigError(f"normalise: only conv 'gcn' weighs neighbours by degree; conv is {conv!r}.")


class _Atoms(nn.Module):
    """Features of atoms to vectors, and the first state of the virtual node."""

    def __init__(self, inputs: Inputs, dim: int, *, virtual_node: bool) -> None:
        super().__init__()
        self.atoms = LevelSum(inputs.levels, dim)
        self.virtual = nn.Parameter(torch.zeros(dim)) if virtual_node else None

    def forward(self, stream: Stream) -> Stream:
        check_both_directions(stream["edges"])
        mask = stream["mask"]
        x = padded(self.atoms(rows_of(stream["x"], mask)), mask)
        start = {} if self.virtual is None else {"graph_virtual": self.virtual.repeat(len(x), 1)}
        return {**stream, "x": x, **start}


class _Layer(nn.Module):
    """Convolution -> normalisation -> ReLU (not after the last) -> dropout."""

    def __init__(self, dim: int, conv: nn.Module, norm: str, dropout: float, *, last: bool, virtual_node: bool) -> None:
        super().__init__()
        self.conv = conv
        self.norm = build_norm(norm, dim)
        self.activation = nn.Identity() if last else nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(dropout)
        self.virtual = VirtualNode(dim, norm) if virtual_node and not last else None

    def forward(self, stream: Stream) -> Stream:
        x, mask = stream["x"], stream["mask"]
        kept = {key: value for key, value in stream.items() if key != "graph_virtual"}
        if "graph_virtual" in stream:
            state = stream["graph_virtual"]
            x = (x + state.unsqueeze(1)) * mask.unsqueeze(-1)
            if self.virtual is not None:
                kept["graph_virtual"] = self.virtual(state, x)
        rows = self.conv(rows_of(x, mask), links_of(stream))
        rows = self.norm(rows, torch.ones(len(rows), dtype=torch.bool, device=rows.device))
        return {**kept, "x": padded(self.dropout(self.activation(rows)), mask)}


EXPORT = GNN
