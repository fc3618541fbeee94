"""A head that learns a metric: rows of one group lie together on a sphere, each group around a point of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from exapt.core.contracts import Features
from exapt.models.layers.norm import MaskedBatchNorm


class ProxyHead(nn.Module):
    """Pooled features, standardised and projected to length 1; cosines to a learned point a group, over a temperature.

    The points stand for their groups, so every row is compared with all groups in every step, whichever other rows its
    batch holds [1]_ [2]_. The projection is of use without them: it tells how near two rows of unknown groups are.

    Parameters
    ----------
    dim
        Width of the pooled features.
    groups
        How many groups there are.
    width
        Coordinates of the projection.
    hidden
        Units of the hidden layer before it.
    temperature
        Divides the cosines, above 0.
    dropout
        After the activation of the hidden layer, in [0, 1).

    References
    ----------
    .. [1] Movshovitz-Attias et al. (2017), No fuss distance metric learning using proxies, arXiv:1703.07464
    .. [2] Zhai and Wu (2019), Classification is a strong baseline for deep metric learning, arXiv:1811.12649

    Examples
    --------
    >>> head = ProxyHead(8, 3, width=4, hidden=6, temperature=0.1)
    >>> pooled = torch.randn(2, 8)
    >>> tuple(head(Features(pooled.unsqueeze(1), torch.ones(2, 1) > 0, pooled)).shape)
    (2, 3)
    >>> bool(torch.allclose(head.project(pooled).norm(dim=1), torch.ones(2)))
    True
    """

    def __init__(
        self, dim: int, groups: int, *, width: int, hidden: int, temperature: float, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.width = width
        self.temperature = temperature
        self.norm = MaskedBatchNorm(dim, affine=False)
        self.projection = nn.Sequential(
            nn.Linear(dim, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, width)
        )
        self.proxies = nn.Parameter(torch.randn(groups, width))

    def project(self, pooled: Tensor) -> Tensor:
        """Pooled features (B, dim) -> vectors of length 1 (B, width)."""
        everything = torch.ones(len(pooled), dtype=torch.bool, device=pooled.device)
        return F.normalize(self.projection(self.norm(pooled.float(), everything)).float(), dim=-1)

    def forward(self, features: Features) -> Tensor:
        """Cosines to each group's point over the temperature, (B, groups)."""
        return self.project(features.pooled) @ F.normalize(self.proxies.float(), dim=-1).T / self.temperature
