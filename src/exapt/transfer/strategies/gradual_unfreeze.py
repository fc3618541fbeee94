"""The head first, then block after block from the top."""

from __future__ import annotations

from exapt.core.contracts import Model, Strategy
from exapt.transfer.strategies._blocks import is_count, open_top, require


class GradualUnfreezing(Strategy):
    """Open one more block at a time, so that general lower layers are touched last [1]_.

    Parameters
    ----------
    every
        Epochs between two openings; None spreads the openings evenly, so that everything is open when half of
        the epochs are over.

    References
    ----------
    .. [1] Howard and Ruder (2018), Universal language model fine-tuning for text classification,
       arXiv:1801.06146
    """

    owns = frozenset({"trainable"})

    def __init__(self, every: int | None = None) -> None:
        require(every is None or is_count(every, 1), "gradual_unfreeze", "every", every, "a whole number, at least 1")
        self.every = every

    def on_epoch(self, model: Model, epoch: int, epochs: int) -> bool:
        """Open the blocks that are due."""
        return open_top(model, lambda blocks: self.opened(blocks, epoch, epochs))

    def opened(self, blocks: int, epoch: int, epochs: int) -> int:
        """How many of the top blocks train in an epoch (counted from 0).

        Examples
        --------
        >>> [GradualUnfreezing().opened(3, epoch, 12) for epoch in range(8)]
        [0, 0, 1, 1, 2, 2, 3, 3]
        >>> [GradualUnfreezing(every=1).opened(3, epoch, 12) for epoch in range(5)]
        [0, 1, 2, 3, 3]
        """
        half = epochs // 2
        if self.every is None:
            return blocks if epoch >= half else epoch * blocks // half
        return min(blocks, epoch // self.every)


EXPORT = GradualUnfreezing
