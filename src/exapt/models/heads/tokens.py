"""Head that reads every position."""

from __future__ import annotations

from torch import Tensor, nn

from exapt.core.contracts import Features


class TokenLinear(nn.Module):
    """One linear layer on the features of each position.

    Parameters
    ----------
    dim
        Width of the tokens.
    n_out
        Outputs a position.

    Examples
    --------
    >>> import torch
    >>> found = Features(torch.ones(2, 5, 8), torch.ones(2, 5) > 0, torch.ones(2, 8))
    >>> tuple(TokenLinear(8, 3)(found).shape)
    (2, 5, 3)
    """

    def __init__(self, dim: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, n_out)

    def forward(self, features: Features) -> Tensor:
        """Map tokens (B, L, dim) to (B, L, n_out); what stands at padded positions means nothing."""
        y: Tensor = self.linear(features.tokens)
        return y
