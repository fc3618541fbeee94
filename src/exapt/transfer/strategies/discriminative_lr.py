"""Lower learning rates for lower blocks."""

from __future__ import annotations

from typing import Any

from exapt.core.contracts import Model, Strategy
from exapt.transfer.strategies._blocks import is_number, require


class DiscriminativeLearningRates(Strategy):
    """Heads train at the full rate; each block at the rate of the block above times `decay` [1]_.

    Parameters
    ----------
    decay
        In (0, 1]; [1]_ divides by 2.6. Deep backbones (more than ten blocks) want 0.8 or more.

    References
    ----------
    .. [1] Howard and Ruder (2018), Universal language model fine-tuning for text classification,
       arXiv:1801.06146
    """

    owns = frozenset({"rates"})

    def __init__(self, decay: float = 0.5) -> None:
        require(
            is_number(decay, 0, 1) and decay > 0, "discriminative_lr", "decay", decay, "a number above 0, at most 1"
        )
        self.decay = decay

    def param_groups(self, model: Model, lr: float) -> list[dict[str, Any]]:
        """The heads, then the blocks of each backbone from the top."""
        groups: list[dict[str, Any]] = [{"params": list(model.heads.parameters()), "lr": lr}]
        for backbone in model.distinct_backbones():
            for depth, block in enumerate(reversed(backbone.blocks()), start=1):
                groups.append({"params": list(block.parameters()), "lr": lr * self.decay**depth})
        return groups


EXPORT = DiscriminativeLearningRates
