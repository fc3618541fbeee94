"""Full fine-tuning: pre-trained weights, everything trains."""

from __future__ import annotations

from exapt.core.contracts import Model, Strategy


class Full(Strategy):
    """All weights start from the pre-trained ones and all of them train."""

    owns = frozenset({"trainable"})

    def prepare(self, model: Model) -> None:
        """Open everything."""
        model.requires_grad_(True)


EXPORT = Full
