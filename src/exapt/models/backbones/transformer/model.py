"""Transformer encoder with rotary positions and normalisation before each layer, on letters or profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.core.errors import ConfigError
from exapt.models.layers.checks import at_least, choice, fraction, reads
from exapt.models.layers.entry import Entry
from exapt.models.layers.pooling import features, pooled_dim
from exapt.models.layers.rotary import rotate


class Transformer(Backbone):
    """Embedding, then `depth` layers of attention and feed-forward, then a final normalisation.

    Parameters
    ----------
    inputs
        Letters or values.
    dim
        Width, a multiple of twice the number of heads.
    depth
        Layers.
    heads
        Attention heads a layer.
    hidden
        Width of the feed-forward part, as a multiple of `dim`; with SwiGLU two thirds of that, so that the number
        of parameters is the same.
    activation
        ``gelu`` or ``swiglu``.
    dropout
        In [0, 1); of attention weights and of what each layer adds.
    pool
        ``mean``, ``max`` or ``mean_max``.

    References
    ----------
    Vaswani et al. (2017), arXiv:1706.03762
    Su et al. (2021), rotary position embedding, arXiv:2104.09864
    Xiong et al. (2020), pre-normalisation, arXiv:2002.04745
    Shazeer (2020), SwiGLU, arXiv:2002.05202

    Examples
    --------
    >>> import torch
    >>> transformer = Transformer(Inputs("letters", 23), dim=16, depth=2, heads=2)
    >>> stream = {"x": torch.tensor([[5, 9, 2]]), "mask": torch.ones(1, 3, dtype=torch.bool)}
    >>> tuple(transformer(stream).pooled.shape), len(transformer.blocks())
    ((1, 16), 4)
    """

    encoders: ClassVar[Mapping[str, str]] = {
        "dna": "letters",
        "rna": "letters",
        "protein": "letters",
        "molecule": "letters",
        "expression": "profile",
        "number": "profile",
    }

    def __init__(
        self,
        inputs: Inputs,
        *,
        dim: int = 128,
        depth: int = 4,
        heads: int = 4,
        hidden: int = 4,
        activation: str = "gelu",
        dropout: float = 0.1,
        pool: str = "mean",
    ) -> None:
        super().__init__()
        reads("transformer", inputs, "letters", "values")
        at_least(1, dim=dim, depth=depth, heads=heads, hidden=hidden)
        fraction(dropout=dropout)
        choice("activation", activation, ("gelu", "swiglu"))
        if dim % (2 * heads):
            raise ConfigError(f"dim: found {dim}; with {heads} heads it must be a multiple of {2 * heads}.")
        self.inputs = inputs
        self.pool = pool
        self.dim = pooled_dim(dim, pool)
        self.entry = Entry(inputs, dim)
        self.layers = nn.ModuleList(
            _Layer(dim, heads, int(dim * hidden), dropout, gated=activation == "swiglu") for _ in range(depth)
        )
        self.top = _Top(dim)
        self._initialise(depth)

    def blocks(self) -> list[nn.Module]:
        """Embedding, layers, final normalisation."""
        return [self.entry, *self.layers, self.top]

    def readout(self, stream: Stream) -> Features:
        """Pool over positions."""
        return features(stream["x"], stream["mask"], self.pool)

    def _initialise(self, depth: int) -> None:
        """Small normal weights; what is added to the residual path is scaled down with the number of layers."""
        for name, parameter in self.layers.named_parameters():
            if parameter.ndim == 2:
                added = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(parameter, std=0.02 / (2 * depth) ** 0.5 if added else 0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
        if isinstance(self.entry.layer, nn.Embedding):
            nn.init.normal_(self.entry.layer.weight[1:], std=0.02)


class _Layer(nn.Module):
    """Attention, then feed-forward, each normalised before and added to its input."""

    def __init__(self, dim: int, heads: int, hidden: int, dropout: float, *, gated: bool) -> None:
        super().__init__()
        self.heads = heads
        self.gated = gated
        width = max(1, hidden * 2 // 3) if gated else hidden
        self.norm1 = nn.LayerNorm(dim)
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.norm2 = nn.LayerNorm(dim)
        self.up = nn.Linear(dim, 2 * width if gated else width)
        self.down = nn.Linear(width, dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        x = stream["x"]
        x = x + self.dropout(self._attend(self.norm1(x), stream["mask"]))
        x = x + self.dropout(self._transform(self.norm2(x)))
        return {**stream, "x": x}

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, dim = x.shape
        query, key, value = self.qkv(x).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        visible = None if bool(mask.all()) else mask[:, None, None, :]
        share = self.dropout.p if self.training else 0.0
        y = F.scaled_dot_product_attention(rotate(query), rotate(key), value, attn_mask=visible, dropout_p=share)
        mixed: Tensor = self.out(y.transpose(1, 2).reshape(batch, length, dim))
        return mixed

    def _transform(self, x: Tensor) -> Tensor:
        h = self.up(x)
        if self.gated:
            gate, h = h.chunk(2, -1)
            h = F.silu(gate) * h
        else:
            h = F.gelu(h)
        y: Tensor = self.down(h)
        return y


class _Top(nn.Module):
    """Final normalisation."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)

    def forward(self, stream: Stream) -> Stream:
        return {**stream, "x": self.norm(stream["x"])}


EXPORT = Transformer
