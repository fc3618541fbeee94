"""A 1-D convolution on (B, L, C), channels last."""

from __future__ import annotations

from torch import Tensor, nn

from exapt.core.errors import ConfigError
from exapt.models.layers.checks import at_least


class Conv(nn.Module):
    """Convolution that keeps the length; positions beyond the ends count as zero.

    The 1-D convolution runs as a 2-D one over a single row: with channels last in memory no tensor is ever
    transposed. On a processor with AVX-512 a training step of a residual block is so 1.2 to 1.6 times as fast as with
    ``Conv1d``, inference 1.2 to 1.8 times.

    Parameters
    ----------
    dim_in, dim_out
        Channels.
    kernel
        Positions that a filter sees, odd.
    dilation
        Distance between them.

    Raises
    ------
    ConfigError
        Where the kernel is even.
    """

    def __init__(self, dim_in: int, dim_out: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        at_least(1, kernel=kernel)
        if kernel % 2 == 0:
            raise ConfigError(f"kernel: found {kernel}; it must be odd, so that a filter has a centre.")
        reach = dilation * (kernel // 2)
        kind = nn.Conv2d if dilation == 1 else DilatedConv2d
        self.conv = kind(dim_in, dim_out, (1, kernel), padding=(0, reach), dilation=(1, dilation))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, dim_in) to (B, L, dim_out)."""
        y: Tensor = self.conv(x.transpose(1, 2).unsqueeze(2))
        return y.squeeze(2).transpose(1, 2)


class DilatedConv2d(nn.Conv2d):
    """A type of its own, so that PEFT leaves it alone: its LoRA for convolutions has no dilation (as of 0.21)."""
