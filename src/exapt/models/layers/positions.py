"""Lets a pooled network know where in the sequence a feature lies."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PositionGate(nn.Module):
    """Scale each channel by a learned, piecewise linear function of the relative position; starts as the identity.

    A motif near the centre of a peak can so count more than one at its edge, at any length.

    Parameters
    ----------
    dim
        Number of channels.
    knots
        Points of the function between the first and the last position, at least 2.

    References
    ----------
    Alexandari, Shrikumar and Kundaje (2017), https://doi.org/10.1101/146431
    """

    def __init__(self, dim: int, knots: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(knots, dim))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Scale x (B, L, dim), whose real positions come first."""
        knots = len(self.table)
        length = mask.sum(1, keepdim=True).clamp(min=1)
        place = (torch.arange(x.shape[1], device=x.device) + 0.5) / length * (knots - 1)
        distance = (place.unsqueeze(-1) - torch.arange(knots, device=x.device)).abs()
        return x * (1 + (1 - distance).clamp(min=0) @ self.table).to(x.dtype)
