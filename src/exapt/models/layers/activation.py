"""Activations by name."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from exapt.models.layers.checks import choice


class Exp(nn.Module):
    """Exponential, for the first layer of a sequence network: its filters become readable motifs.

    Inputs above 10 are clipped, so that half precision stays finite.

    References
    ----------
    Koo and Ploenzke (2021), https://doi.org/10.1038/s42256-020-00291-x
    """

    def forward(self, x: Tensor) -> Tensor:
        """Apply to a tensor of any shape."""
        return torch.exp(x.clamp(max=10.0))


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "exp": Exp,
}


def activation(name: str) -> nn.Module:
    """Build the activation of that name.

    Raises
    ------
    ConfigError
        Where the name is unknown.
    """
    choice("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]()
