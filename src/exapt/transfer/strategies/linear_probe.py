"""Feature extraction with the head solved exactly: an L2-penalised linear model on frozen features."""

from __future__ import annotations

from exapt.core.contracts import Model, Strategy
from exapt.transfer.strategies._blocks import open_top


class LinearProbe(Strategy):
    """Frozen features and the best linear head on them, without a learning rate and without epochs [1]_.

    With few labels a head that is trained step by step depends on the rate and on when it stops; the penalised
    problem has one optimum, and cross-validation inside the training rows chooses the penalty
    (see `transfer.training.probe`). It stands alone.

    References
    ----------
    .. [1] Kornblith, Shlens and Le (2019), Do better ImageNet models transfer better?, arXiv:1805.08974
    """

    owns = frozenset({"trainable", "rates", "penalty", "batches"})
    solves_head = True
    trains_backbone = False

    def prepare(self, model: Model) -> None:
        """Close every block."""
        open_top(model, lambda blocks: 0)


EXPORT = LinearProbe
