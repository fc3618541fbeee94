"""Fully connected network on expression, fingerprints or other vectors, optionally wide and deep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

import torch
from torch import nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.models.layers.checks import fraction, reads, widths_given
from exapt.models.layers.dense import Dense
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
        After each layer, in [0, 1).
    input_dropout
        Share of input values set to 0 in training, in [0, 1): features that do not hang on single genes.
    pool
        ``mean``, ``max`` or ``mean_max`` over positions.
    skip
        Wide and deep: the input also stands beside the features, so that a linear head sees both. It adds no
        parameter, so weights fit with and without.

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

    encoders: ClassVar[Mapping[str, str]] = {
        "expression": "expression",
        "number": "expression",
        "molecule": "fingerprint",
    }

    def __init__(
        self,
        inputs: Inputs,
        *,
        widths: Sequence[int] = (256, 64),
        norm: str = "batch",
        activation: str = "gelu",
        dropout: float = 0.1,
        input_dropout: float = 0.0,
        pool: str = "mean",
        skip: bool = False,
    ) -> None:
        super().__init__()
        reads("mlp", inputs, "values")
        widths_given(widths)
        fraction(dropout=dropout, input_dropout=input_dropout)
        self.inputs = inputs
        self.pool = pool
        self.dim = pooled_dim(widths[-1] + (inputs.size if skip else 0), pool)
        first, *others = pairwise([inputs.size, *widths])
        entry = _First(*first, norm, activation, dropout)
        entry.input_dropout, entry.keep = nn.Dropout(input_dropout), skip
        self.layers = nn.ModuleList([entry, *(Dense(*pair, norm, activation, dropout) for pair in others)])

    def blocks(self) -> list[nn.Module]:
        """The layers."""
        return list(self.layers)

    def readout(self, stream: Stream) -> Features:
        """Put the input beside the deep features where asked, then pool."""
        x = stream["x"]
        if "wide" in stream:
            x = torch.cat([x, stream["wide"].to(x.dtype)], -1)
        return features(x, stream["mask"], self.pool)


class _First(Dense):
    """The first layer, which may drop input values and keep the whole input in the stream as "wide"."""

    input_dropout: nn.Module
    keep: bool

    def forward(self, stream: Stream) -> Stream:
        x = stream["x"]
        kept = {"wide": x} if self.keep else {}
        return {**super().forward({**stream, "x": self.input_dropout(x)}), **kept}


EXPORT = MLP
