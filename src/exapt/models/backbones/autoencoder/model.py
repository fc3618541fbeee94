"""Encoder half of an autoencoder: dense layers down to a narrow linear code, for expression or other vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import ClassVar

from torch import nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.models.layers.checks import fraction, reads, widths_given
from exapt.models.layers.dense import Dense
from exapt.models.layers.pooling import features


class Autoencoder(Backbone):
    """Dense layers, the last one linear; its output is the code.

    The decoder is a head of the pre-training task, with the widths of `decoder_widths`; denoising and variational
    training differ in the task only.

    Parameters
    ----------
    inputs
        Values.
    widths
        Width of each layer, input side first; the last one is the width of the code.
    norm
        ``batch``, ``layer``, ``group`` or ``none``; not of the code.
    activation
        ``relu``, ``gelu``, ``silu``, ``elu``, ``tanh`` or ``exp``.
    dropout
        In [0, 1).

    Attributes
    ----------
    decoder_widths : list of int
        Widths between the code and the reconstruction, mirrored.

    References
    ----------
    Hinton and Salakhutdinov (2006), https://doi.org/10.1126/science.1127647
    Vincent et al. (2008), denoising autoencoders, https://doi.org/10.1145/1390156.1390294

    Examples
    --------
    >>> import torch
    >>> encoder = Autoencoder(Inputs("values", 1000), widths=[256, 128, 64, 32, 16, 8, 4, 2])
    >>> encoder.dim, encoder.decoder_widths
    (2, [4, 8, 16, 32, 64, 128, 256])
    >>> stream = {"x": torch.randn(3, 1, 1000), "mask": torch.ones(3, 1, dtype=torch.bool)}
    >>> tuple(encoder(stream).pooled.shape)
    (3, 2)
    """

    encoders: ClassVar[Mapping[str, str]] = {"expression": "expression", "number": "expression"}

    def __init__(
        self,
        inputs: Inputs,
        *,
        widths: Sequence[int] = (256, 64, 16),
        norm: str = "batch",
        activation: str = "gelu",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        reads("autoencoder", inputs, "values")
        widths_given(widths)
        fraction(dropout=dropout)
        self.inputs = inputs
        self.dim = widths[-1]
        self.decoder_widths = list(widths[-2::-1])
        *inner, last = pairwise([inputs.size, *widths])
        layers = [Dense(before, after, norm, activation, dropout) for before, after in inner]
        self.layers = nn.ModuleList([*layers, Dense(*last, "none", None)])

    def blocks(self) -> list[nn.Module]:
        """The layers."""
        return list(self.layers)

    def readout(self, stream: Stream) -> Features:
        """The code, averaged over positions where there are several."""
        return features(stream["x"], stream["mask"], "mean")


EXPORT = Autoencoder
