"""Pre-training: guess the masked letters of a sequence from their context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from exapt.core.contracts import Backbone, Batch, Table, Task
from exapt.core.errors import ConfigError
from exapt.models.heads.tokens import TokenLinear

IGNORE = -100


class MaskedTokens(Task):
    """Masked language modelling (Devlin et al. 2019, arXiv:1810.04805).

    A share `rate` of the letters is chosen; 80 % of them become the mask letter, 10 % a random letter, 10 % stay.
    Start, end and other special tokens of a tokenizer are never chosen or drawn. The loss is the cross-entropy over
    the chosen positions; its exponential is the perplexity.

    Parameters
    ----------
    rate
        Share of positions to guess, in (0, 1).
    span
        Neighbouring positions masked together; 1 = each for itself.
    """

    supervised: ClassVar[bool] = False
    needs: ClassVar[Literal["pooled", "tokens"]] = "tokens"

    def __init__(self, *, rate: float = 0.15, span: int = 1) -> None:
        if not 0 < rate < 1 or not isinstance(span, int) or span < 1:
            raise ConfigError(
                "task 'masked_tokens': rate lies in (0, 1) and span is a whole number of at least 1; "
                f"found {rate!r}, {span!r}."
            )
        self.rate = rate
        self.span = span
        self._ids: tuple[int, Tensor] | None = None  # of the mask, and of the letters that are guessed and drawn

    def fit(self, train: Table) -> None:
        """Nothing is learned from the rows."""

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """None: `view` makes them."""
        return {}

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """One linear layer from each token to the letters."""
        if len(backbones) > 1:
            raise ConfigError("task 'masked_tokens' reads one column of letters; name it with `input`.")
        inputs = backbones[0].inputs
        if inputs.kind != "letters":
            raise ConfigError("task 'masked_tokens' reads letters; for numbers use task 'reconstruction'.")
        if inputs.mask is None:
            raise ConfigError("task 'masked_tokens' needs a mask letter; the tokenizer of this backbone has none.")
        self._ids = inputs.mask, torch.tensor(sorted(set(range(inputs.size)) - set(inputs.special)))
        return TokenLinear(backbones[0].dim, inputs.size)

    def view(self, batch: Batch) -> Batch:
        """Mask the batch; the targets are the original letters at the chosen positions, elsewhere ignored."""
        if self._ids is None:
            raise RuntimeError("call build_head() first: it says which ids are letters")
        mask, letters = self._ids
        (name, stream), *_ = batch.inputs.items()
        x = stream["x"]
        real = stream["mask"] & torch.isin(x, letters.to(x.device))
        starts = torch.rand(x.shape) < self.rate / self.span
        chosen = F.max_pool1d(F.pad(starts.float(), (self.span - 1, 0)).unsqueeze(1), self.span, 1).squeeze(1) > 0
        chosen = chosen.to(x.device) & real
        dice = torch.rand(x.shape).to(x.device)
        drawn = letters[torch.randint(len(letters), x.shape)].to(x.device)
        seen = torch.where(chosen & (dice < 0.8), torch.full_like(x, mask), x)
        seen = torch.where(chosen & (dice >= 0.9), drawn, seen)
        truth = torch.where(chosen, x, torch.full_like(x, IGNORE))
        return replace(batch, inputs={**batch.inputs, name: {**stream, "x": seen}}, targets={"letters": truth})

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy in nats over the chosen positions; 0 where none was chosen."""
        truth = batch.targets["letters"]
        if output.shape[1] != truth.shape[1]:
            raise ConfigError(
                f"task 'masked_tokens' needs one token a letter; the backbone turned {truth.shape[1]} letters "
                f"into {output.shape[1]} tokens. Use a variant without pooling."
            )
        total = F.cross_entropy(output.float().transpose(1, 2), truth, ignore_index=IGNORE, reduction="sum")
        return total / (truth != IGNORE).sum().clamp(min=1)

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """Letter probabilities (n, L, size)."""
        return output.double().softmax(-1).cpu().numpy()

    def metrics(self) -> list[str]:
        """None but the loss."""
        return []

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """The most probable letter id of each position, as a space-separated string."""
        best = [" ".join(map(str, row)) for row in decoded.argmax(-1)]
        return pd.DataFrame({"id": list(ids), "letters": best})

    def state(self) -> dict[str, Any]:
        """The options."""
        return {"rate": self.rate, "span": self.span}


EXPORT = MaskedTokens
