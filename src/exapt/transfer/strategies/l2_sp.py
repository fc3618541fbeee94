"""Weights are pulled towards where they started, not towards zero."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from exapt.core.contracts import Model, Strategy
from exapt.transfer.strategies._blocks import is_number, require


class L2StartingPoint(Strategy):
    """Add weight / 2 * ||w - w0||^2 over the backbones, w0 being the starting point [1]_.

    Alone it also takes the backbones out of the optimiser's weight decay, which would pull towards zero; beside
    `discriminative_lr`, which owns the optimiser's groups, set ``training.weight_decay`` to 0 for the same.

    Parameters
    ----------
    weight
        Strength, at least 0; 0 at the start whatever the strength.
    head_weight
        Adds head_weight / 2 * ||w||^2 over the heads, which have no starting point; 0 = nothing.

    References
    ----------
    .. [1] Li, Grandvalet and Davoine (2018), Explicit inductive bias for transfer learning with convolutional
       networks, arXiv:1802.01483
    """

    owns = frozenset({"penalty"})

    def __init__(self, weight: float = 0.1, head_weight: float = 0.0) -> None:
        for option, value in (("weight", weight), ("head_weight", head_weight)):
            require(is_number(value, 0), "l2_sp", option, value, "a number, at least 0")
        self.weight = weight
        self.head_weight = head_weight
        self.start: dict[str, Tensor] = {}

    def prepare(self, model: Model) -> None:
        """Remember the starting point."""
        self.start = {name: p.detach().clone() for name, p in model.backbones.named_parameters()}

    def param_groups(self, model: Model, lr: float) -> list[dict[str, Any]]:
        """Backbones without weight decay, then heads."""
        return [
            {"params": list(model.backbones.parameters()), "lr": lr, "weight_decay": 0.0},
            {"params": list(model.heads.parameters()), "lr": lr},
        ]

    def penalty(self, model: Model) -> Tensor | float:
        """The distance; frozen weights have not moved and are left out."""
        moved = [
            torch.sum((p - self.start[name]) ** 2) for name, p in model.backbones.named_parameters() if p.requires_grad
        ]
        total = self.weight / 2 * torch.stack(moved).sum() if moved and self.weight else 0.0
        if self.head_weight:
            sizes = [torch.sum(p**2) for p in model.heads.parameters()]
            total = total + self.head_weight / 2 * torch.stack(sizes).sum()
        return total


EXPORT = L2StartingPoint
