"""Padding as zeros."""

from __future__ import annotations

from torch import Tensor


def zero_padding(x: Tensor, mask: Tensor) -> Tensor:
    """Set padded positions of x (B, ..., C) to zero; x itself where nothing is padded, which saves a pass over it.

    Examples
    --------
    >>> import torch
    >>> zero_padding(torch.ones(1, 2, 1), torch.tensor([[True, False]])).squeeze().tolist()
    [1.0, 0.0]
    """
    return x if bool(mask.all()) else x * mask.unsqueeze(-1)
