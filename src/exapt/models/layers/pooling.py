"""From positions to one vector an example, without parameters and blind to padding."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from exapt.core.contracts import Features
from exapt.models.layers.checks import choice
from exapt.models.layers.masking import zero_padding

POOLS = ("mean", "max", "mean_max")


def by_place(x: Tensor, mask: Tensor, places: int) -> Tensor:
    """The first `places` positions side by side, (B, L, D) -> (B, places * D) float32; padding and what lacks is 0.

    Examples
    --------
    >>> by_place(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]]), 4)
    tensor([[1., 3., 0., 0.]])
    """
    kept = (x * mask.unsqueeze(-1))[:, :places]
    return F.pad(kept, (0, 0, 0, places - kept.shape[1])).flatten(1).float()


def pooled_dim(dim: int, pool: str) -> int:
    """Width of what `pool` makes of `dim` channels.

    Raises
    ------
    ConfigError
        Where the pooling is unknown.

    Examples
    --------
    >>> pooled_dim(64, "mean_max")
    128
    """
    choice("pool", pool, POOLS)
    return 2 * dim if pool == "mean_max" else dim


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean over real positions, (B, L, D) -> (B, D) float32; zeros for an example without any."""
    count = mask.sum(1, keepdim=True).clamp(min=1)
    return zero_padding(x, mask).sum(1, dtype=torch.float32) / count


def masked_max(x: Tensor, mask: Tensor) -> Tensor:
    """Maximum over real positions, (B, L, D) -> (B, D) float32; zeros for an example without any."""
    highest = x.masked_fill(~mask.unsqueeze(-1), float("-inf")).amax(1)
    return highest.masked_fill(~mask.any(1, keepdim=True), 0.0).float()


def features(x: Tensor, mask: Tensor, pool: str) -> Features:
    """Tokens, zero where padded, with their pooled vector.

    With ``mean_max`` tokens stay as wide as pooled: beside its own D channels each carries the D maxima of its example.

    Parameters
    ----------
    x
        (B, L, D).
    mask
        (B, L), True = real.
    pool
        ``mean``, ``max`` or ``mean_max``.

    Examples
    --------
    >>> x = torch.tensor([[[1.0], [3.0], [9.0]]])
    >>> features(x, torch.tensor([[True, True, False]]), "mean_max").pooled
    tensor([[2., 3.]])
    """
    if pool == "mean":
        pooled = masked_mean(x, mask)
    elif pool == "max":
        pooled = masked_max(x, mask)
    else:
        highest = masked_max(x, mask)
        pooled = torch.cat([masked_mean(x, mask), highest], -1)
        x = torch.cat([x, highest.to(x.dtype).unsqueeze(1).expand_as(x)], -1)
    return Features(zero_padding(x, mask), mask, pooled)


def max_windows(x: Tensor, mask: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """Maximum of each window of positions, along one axis or two; the last window may be cut short.

    Parameters
    ----------
    x
        (B, L, C) or (B, H, W, C).
    mask
        (B, L) or (B, H, W), True = real.
    window
        Positions a window, along each axis.

    Returns
    -------
    tuple
        x (B, L', C) or (B, H', W', C), and its mask: a window is real where one of its positions is.

    Examples
    --------
    >>> x, mask = torch.tensor([[[1.0], [5.0], [3.0], [9.0]]]), torch.tensor([[True, True, True, False]])
    >>> [t.squeeze().tolist() for t in max_windows(x, mask, 2)]
    [[5.0, 3.0], [True, True]]
    """
    line = x.ndim == 3
    size = (window, 1) if line else (window, window)
    x = x.masked_fill(~mask.unsqueeze(-1), float("-inf"))
    real = mask.float()
    if line:
        x, real = x.unsqueeze(2), real.unsqueeze(2)
    x = F.max_pool2d(x.permute(0, 3, 1, 2), size, ceil_mode=True).permute(0, 2, 3, 1)
    real = F.max_pool2d(real.unsqueeze(1), size, ceil_mode=True).squeeze(1)
    if line:
        x, real = x.squeeze(2), real.squeeze(2)
    mask = real > 0
    return x.masked_fill(~mask.unsqueeze(-1), 0.0), mask
