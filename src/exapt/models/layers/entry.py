"""How letters and values enter a network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from exapt.core.contracts import Inputs, Stream


def one_hot(x: Tensor, size: int) -> Tensor:
    """Letter ids (B, L) -> indicator (B, L, size); indicators pass unchanged, so that gradients can reach them.

    Examples
    --------
    >>> one_hot(torch.tensor([[2, 0]]), 3).tolist()
    [[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]]
    """
    if x.is_floating_point():
        return x
    return (x.unsqueeze(-1) == torch.arange(size, device=x.device)).float()


class Entry(nn.Module):
    """First block: letters (B, L) through an embedding, or values (B, L, C) through a linear layer -> (B, L, dim).

    Letters may also come as indicators (B, L, size), so that gradients can reach them.

    Parameters
    ----------
    inputs
        What the encoder makes.
    dim
        Width of the vectors.
    """

    def __init__(self, inputs: Inputs, dim: int) -> None:
        super().__init__()
        self.layer: nn.Module
        if inputs.kind == "letters":
            self.layer = nn.Embedding(inputs.size, dim, padding_idx=0)
        else:
            self.layer = nn.Linear(inputs.size, dim)

    def forward(self, stream: Stream) -> Stream:
        """Replace x by its vectors."""
        x = stream["x"]
        if isinstance(self.layer, nn.Embedding) and x.is_floating_point():
            return {**stream, "x": x @ self.layer.weight}
        return {**stream, "x": self.layer(x)}
