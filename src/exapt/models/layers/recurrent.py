"""A recurrent network over windows of positions: far sight at a fraction of the steps."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from exapt.core.errors import ConfigError
from exapt.models.layers.strands import flip

Cell = type[nn.GRU] | type[nn.LSTM]
CELLS: dict[str, Cell] = {"gru": nn.GRU, "lstm": nn.LSTM}


class WindowedRNN(nn.Module):
    """Each window of positions becomes one step; both directions; then each step becomes its positions again.

    A recurrent network over thousands of positions is slow, because its steps wait for each other. The channels of
    the `window` neighbouring positions of a step stand side by side, so that none is lost.

    Parameters
    ----------
    dim
        Channels, even: each direction has half of them.
    cell
        ``nn.GRU`` or ``nn.LSTM``.
    window
        Positions of a step.

    References
    ----------
    Gabriel et al. (2024), Tiberius, https://doi.org/10.1093/bioinformatics/btae685 (windows of 9 letters)

    Examples
    --------
    >>> layer = WindowedRNN(4, nn.GRU, 3)
    >>> tuple(layer(torch.zeros(2, 7, 4), torch.ones(2, 7) > 0).shape)
    (2, 7, 4)
    """

    def __init__(self, dim: int, cell: Cell, window: int) -> None:
        super().__init__()
        if dim % 2:
            raise ConfigError(f"dim: found {dim}; two directions share it, so it must be even.")
        self.window = window
        self.enter = nn.Linear(window * dim, dim)
        self.ahead = cell(dim, dim // 2, batch_first=True)
        self.back = cell(dim, dim // 2, batch_first=True)
        self.leave = nn.Linear(dim, window * dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Map x (B, L, dim), zero beyond the mask (B, L), to the same shape; padding is never read."""
        rows, length, dim = x.shape
        missing = -length % self.window
        steps = F.pad(x, (0, 0, 0, missing)).reshape(rows, -1, self.window * dim)
        real = F.pad(mask, (0, missing)).reshape(rows, -1, self.window).any(-1)
        h = self.enter(steps)
        ahead, _ = self.ahead(h)
        back, _ = self.back(flip(h, real))
        both = torch.cat([ahead, flip(back, real)], -1)
        y: Tensor = self.leave(both).reshape(rows, -1, dim)[:, :length]
        return y
