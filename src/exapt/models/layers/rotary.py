"""Rotary position embedding: attention sees only how far apart two positions are."""

from __future__ import annotations

import torch
from torch import Tensor


def rotate(x: Tensor, base: float = 10_000.0) -> Tensor:
    """Turn each pair of channels by an angle that grows with the position.

    Parameters
    ----------
    x
        Queries or keys, (B, heads, L, width), width even.
    base
        Channel pair i turns by position / base^(2i / width) radians.

    References
    ----------
    Su et al. (2021), arXiv:2104.09864

    Examples
    --------
    >>> rotate(torch.ones(1, 1, 2, 2))[0, 0]
    tensor([[ 1.0000,  1.0000],
            [-0.3012,  1.3818]])
    """
    length, width = x.shape[-2:]
    rate = base ** (-torch.arange(0, width, 2, device=x.device) / width)
    angle = torch.arange(length, device=x.device).unsqueeze(1) * rate
    cos, sin = angle.cos(), angle.sin()
    left, right = x.float().chunk(2, -1)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], -1).to(x.dtype)
