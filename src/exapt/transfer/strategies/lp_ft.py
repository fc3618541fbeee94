"""Linear probing, then fine-tuning: the head first, then everything."""

from __future__ import annotations

from exapt.core.contracts import Model, Strategy
from exapt.transfer.strategies._blocks import is_number, open_top, require


class LinearProbingThenFineTuning(Strategy):
    """A head that fits already does not distort the features when the backbone opens [1]_.

    Parameters
    ----------
    head_fraction
        Part of the epochs in which only the head trains, in (0, 1); at least one epoch, and at least one
        epoch is left for everything.

    References
    ----------
    .. [1] Kumar et al. (2022), Fine-tuning can distort pretrained features and underperform
       out-of-distribution, arXiv:2202.10054
    """

    owns = frozenset({"trainable"})

    def __init__(self, head_fraction: float = 0.5) -> None:
        require(
            is_number(head_fraction, 0, 1) and 0 < head_fraction < 1,
            "lp_ft",
            "head_fraction",
            head_fraction,
            "a number between 0 and 1",
        )
        self.head_fraction = head_fraction

    def on_epoch(self, model: Model, epoch: int, epochs: int) -> bool:
        """Open everything when the head has had its epochs."""
        first = min(max(1, round(self.head_fraction * epochs)), epochs - 1)
        return open_top(model, lambda blocks: blocks if epoch >= first else 0)


EXPORT = LinearProbingThenFineTuning
