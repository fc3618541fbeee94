"""Batch-norm statistics stay those of pre-training; to be combined with a strategy that says what trains."""

from __future__ import annotations

from exapt.core.contracts import Model, Strategy


class FrozenNorm(Strategy):
    """The running mean and variance of batch norm in the backbones are used and never updated.

    Statistics of small batches of few molecules or cells differ from those that the weights were trained with; the
    scale and shift of the layers train as everything else does.

    References
    ----------
    Kornblith, Shlens and Le (2019), Do better ImageNet models transfer better?, arXiv:1805.08974
    """

    def train_mode(self, model: Model) -> None:
        """`model.train()` with every batch norm of the backbones, and what is frozen, in eval mode."""
        super().train_mode(model)
        for backbone in model.distinct_backbones():
            for module in backbone.modules():
                if getattr(module, "running_mean", None) is not None:
                    module.eval()


EXPORT = FrozenNorm
