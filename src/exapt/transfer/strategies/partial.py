"""The head and the top blocks train, the blocks below are frozen."""

from __future__ import annotations

from exapt.core.contracts import Model, Strategy
from exapt.core.errors import ConfigError
from exapt.transfer.strategies._blocks import is_count, open_top, require


class Partial(Strategy):
    """Train the top blocks of every backbone from the first epoch on.

    Parameters
    ----------
    top
        How many blocks train, counted from the output side; 0 is `frozen`.
    """

    owns = frozenset({"trainable"})

    def __init__(self, top: int = 1) -> None:
        require(is_count(top, 0), "partial", "top", top, "a whole number, at least 0")
        self.top = top

    def prepare(self, model: Model) -> None:
        """Close the blocks below.

        Raises
        ------
        ConfigError
            Where no backbone has so many blocks.
        """
        most = max(len(backbone.blocks()) for backbone in model.distinct_backbones())
        if self.top > most:
            raise ConfigError(f"strategy 'partial': top is {self.top}, but the backbone has {most} blocks.")
        open_top(model, lambda blocks: min(self.top, blocks))


EXPORT = Partial
