"""Feature extraction: the backbone stays bitwise as it is, only the head trains."""

from __future__ import annotations

from exapt.core.contracts import Model, Strategy
from exapt.transfer.strategies._blocks import open_top


class Frozen(Strategy):
    """No block gets a gradient and all stay in eval mode, so batch-norm statistics do not move either."""

    owns = frozenset({"trainable"})
    trains_backbone = False

    def prepare(self, model: Model) -> None:
        """Close every block."""
        open_top(model, lambda blocks: 0)


EXPORT = Frozen
