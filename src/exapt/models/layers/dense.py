"""A fully connected block."""

from __future__ import annotations

from torch import nn

from exapt.core.contracts import Stream
from exapt.models.layers.activation import activation
from exapt.models.layers.norm import norm


class Dense(nn.Module):
    """Linear -> normalisation -> activation -> dropout, at each position of x (B, L, C).

    Parameters
    ----------
    dim_in, dim_out
        Widths.
    norm_kind
        ``batch``, ``layer``, ``group`` or ``none``.
    activation_name
        A name of `layers.activation`, or None for a linear block without normalisation and dropout.
    dropout
        In [0, 1).
    """

    def __init__(
        self, dim_in: int, dim_out: int, norm_kind: str, activation_name: str | None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        linear = activation_name is None
        self.linear = nn.Linear(dim_in, dim_out)
        self.norm = norm("none" if linear else norm_kind, dim_out)
        self.activation = nn.Identity() if activation_name is None else activation(activation_name)
        self.dropout = nn.Dropout(0.0 if linear else dropout)

    def forward(self, stream: Stream) -> Stream:
        """Replace x."""
        x = self.norm(self.linear(stream["x"]), stream["mask"])
        return {**stream, "x": self.dropout(self.activation(x))}
