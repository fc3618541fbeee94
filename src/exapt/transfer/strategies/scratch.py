"""The control: the same architecture from a random start, everything trains."""

from __future__ import annotations

from exapt.core.contracts import Model, Strategy


class Scratch(Strategy):
    """Pre-trained weights are not loaded; what is left is what the architecture learns alone."""

    owns = frozenset({"trainable"})
    pretrained = False

    def prepare(self, model: Model) -> None:
        """Open everything."""
        model.requires_grad_(True)


EXPORT = Scratch
