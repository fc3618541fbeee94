"""Several heads on the same features, their outputs in one tensor."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from exapt.core.contracts import Features


class SideBySide(nn.Module):
    """Outputs of each head, flattened after the batch and put side by side.

    Parameters
    ----------
    heads
        Their outputs are (B, K) or, one a position, (B, L, K).

    Examples
    --------
    >>> from exapt.models.heads.pooled import PooledLinear
    >>> from exapt.models.heads.tokens import TokenLinear
    >>> head = SideBySide([PooledLinear([8], 3), TokenLinear(8, 2)])
    >>> found = Features(torch.ones(4, 5, 8), torch.ones(4, 5) > 0, torch.ones(4, 8))
    >>> tuple(head(found).shape)
    (4, 13)
    """

    def __init__(self, heads: Sequence[nn.Module]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, *features: Features) -> Tensor:
        """Map the features of each input to (B, sum of the sizes)."""
        return torch.cat([head(*features).flatten(1) for head in self.heads], dim=1)
