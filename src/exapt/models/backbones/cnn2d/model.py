"""Small residual convolutional network on images of any size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.models.layers.activation import activation as build_activation
from exapt.models.layers.checks import at_least, fraction, reads
from exapt.models.layers.masking import zero_padding
from exapt.models.layers.norm import norm as build_norm
from exapt.models.layers.pooling import features, max_windows, pooled_dim


class CNN2d(Backbone):
    """Stem, then `depth` residual stages; each stage after the first halves height and width and doubles the channels.

    Parameters
    ----------
    inputs
        Image.
    dim
        Channels of the first stage.
    depth
        Stages.
    norm
        ``batch``, ``layer``, ``group`` or ``none``.
    activation
        ``relu``, ``gelu``, ``silu``, ``elu``, ``tanh`` or ``exp``.
    dropout
        After each stage, in [0, 1).
    pool
        ``mean``, ``max`` or ``mean_max`` over the pixels of the last stage, which are also the tokens, row by row.

    References
    ----------
    He et al. (2016), Deep residual learning, arXiv:1512.03385

    Examples
    --------
    >>> import torch
    >>> cnn = CNN2d(Inputs("image", 1), dim=8, depth=2)
    >>> stream = {"x": torch.randn(2, 9, 8, 1), "mask": torch.ones(2, 9, 8, dtype=torch.bool)}
    >>> found = cnn(stream)
    >>> tuple(found.tokens.shape), tuple(found.pooled.shape)
    ((2, 20, 16), (2, 16))
    """

    encoders: ClassVar[Mapping[str, str]] = {"image": "pixels"}

    def __init__(
        self,
        inputs: Inputs,
        *,
        dim: int = 32,
        depth: int = 3,
        norm: str = "batch",
        activation: str = "relu",
        dropout: float = 0.1,
        pool: str = "mean",
    ) -> None:
        super().__init__()
        reads("cnn2d", inputs, "image")
        at_least(1, dim=dim, depth=depth)
        fraction(dropout=dropout)
        self.inputs = inputs
        self.pool = pool
        self.dim = pooled_dim(dim * 2 ** (depth - 1), pool)
        self.stem = _Stem(inputs.size, dim, norm, activation)
        self.stages = nn.ModuleList(
            _Stage(dim * 2 ** max(i - 1, 0), dim * 2**i, norm, activation, dropout) for i in range(depth)
        )

    def blocks(self) -> list[nn.Module]:
        """Stem, stages."""
        return [self.stem, *self.stages]

    def readout(self, stream: Stream) -> Features:
        """Pool over pixels."""
        return features(stream["x"].flatten(1, 2), stream["mask"].flatten(1, 2), self.pool)


class _Conv3x3(nn.Module):
    """Convolution of 3 x 3 pixels, then normalisation, on (B, H, W, C); padding counts as zero."""

    def __init__(self, dim_in: int, dim_out: int, norm: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(dim_in, dim_out, 3, padding=1)
        self.norm = build_norm(norm, dim_out)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = zero_padding(x, mask).permute(0, 3, 1, 2)
        y: Tensor = self.norm(self.conv(x).permute(0, 2, 3, 1), mask)
        return y


class _Stem(nn.Module):
    """First convolution."""

    def __init__(self, channels: int, dim: int, norm: str, activation: str) -> None:
        super().__init__()
        self.conv = _Conv3x3(channels, dim, norm)
        self.activation = build_activation(activation)

    def forward(self, stream: Stream) -> Stream:
        return {**stream, "x": self.activation(self.conv(stream["x"], stream["mask"]))}


class _Stage(nn.Module):
    """Two convolutions added to the input; where the stage widens, the input is halved and widened first."""

    def __init__(self, dim_in: int, dim_out: int, norm: str, activation: str, dropout: float) -> None:
        super().__init__()
        self.widen = nn.Linear(dim_in, dim_out) if dim_in != dim_out else None
        self.conv1 = _Conv3x3(dim_out, dim_out, norm)
        self.conv2 = _Conv3x3(dim_out, dim_out, norm)
        self.activation = build_activation(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        x, mask = stream["x"], stream["mask"]
        if self.widen is not None:
            x, mask = max_windows(x, mask, 2)
            x = self.widen(x)
        h = self.conv2(self.activation(self.conv1(x, mask)), mask)
        return {**stream, "x": self.dropout(self.activation(x + h)), "mask": mask}


EXPORT = CNN2d
