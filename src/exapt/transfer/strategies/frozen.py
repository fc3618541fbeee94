"""Feature extraction: the backbone stays bitwise as it is, only the head trains."""

from __future__ import annotations

from collections.abc import Sequence

from exapt.core.contracts import Model, Strategy
from exapt.core.errors import ConfigError, nearest
from exapt.transfer.strategies._blocks import open_top


class Frozen(Strategy):
    """No block gets a gradient and all stay in eval mode, so batch-norm statistics do not move either.

    Parameters
    ----------
    columns
        Freeze the backbones of these input columns only (the proteins of drug-protein pairs, say), where each column
        has its own; None = all.
    """

    owns = frozenset({"trainable"})

    def __init__(self, *, columns: Sequence[str] | None = None) -> None:
        self.columns = None if columns is None else tuple(columns)

    @property
    def trains_backbone(self) -> bool:  # type: ignore[override]
        """Whether a backbone is left open."""
        return self.columns is not None

    def prepare(self, model: Model) -> None:
        """Close every block of the chosen backbones.

        Raises
        ------
        ConfigError
            Where a column is no input of the model.
        """
        if self.columns is None:
            open_top(model, lambda blocks: 0)
            return
        for column in self.columns:
            if column not in model.columns:
                raise ConfigError(f"strategy 'frozen': unknown column {column!r}. {nearest(column, model.columns)}")
            model.backbone(column).requires_grad_(False)


EXPORT = Frozen
