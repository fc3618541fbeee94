"""Encoders of transformers as blocks that map a stream to a stream.

What layers share and only one of them owns (rotary angles of ESM, position bias of T5) belongs to the first owner as a
module; the other layers hold it in a tuple, which torch does not register, and compute it again. So no parameter stands
in two blocks, and a forward pass may start at any of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from exapt.core.contracts import Stream
from exapt.core.errors import DataError


def assemble(model: Any) -> list[nn.Module]:
    """The blocks of a transformers model of one of the `FAMILIES`, input side first; they share its modules."""
    return FAMILIES[model.config.model_type](model)


def _bert(model: Any) -> list[nn.Module]:
    layers = [_Layer(layer, model.config) for layer in model.encoder.layer]
    return [_Embeddings(model.embeddings, model.config), *layers]


def _esm(model: Any) -> list[nn.Module]:
    rotary = model.rotary_embeddings
    layers = [_EsmLayer(layer, model.config, rotary) for layer in model.encoder.layer]
    return [_EsmEmbeddings(model.embeddings, model.config, rotary), *layers, _Norm(model.encoder.emb_layer_norm_after)]


def _t5(model: Any) -> list[nn.Module]:
    stack = model.encoder
    first = stack.block[0].layer[0].SelfAttention
    layers = [_T5Layer(block, stack.config, first) for block in stack.block]
    top = _Norm(stack.final_layer_norm, stack.config.dropout_rate)
    return [_T5Embeddings(stack.embed_tokens, stack.config), *layers, top]


FAMILIES: dict[str, Callable[[Any], list[nn.Module]]] = {"bert": _bert, "roberta": _bert, "esm": _esm, "t5": _t5}


class _Embeddings(nn.Module):
    """Token ids to vectors; what stands at padded positions is seen by no layer."""

    def __init__(self, embeddings: nn.Module, config: Any) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.longest = _longest(config)

    def forward(self, stream: Stream) -> Stream:
        length = stream["x"].shape[1]
        if self.longest is not None and length > self.longest:
            raise DataError(
                f"A sequence of {length} tokens is longer than the {self.longest} that this checkpoint has positions "
                f"for. Cut the sequences: encoder: {{name: tokenizer, max_length: {self.longest}}}."
            )
        return {**stream, "x": self._embed(stream["x"], stream["mask"])}

    def _embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        x: Tensor = self.embeddings(input_ids=ids)
        return x


class _EsmEmbeddings(_Embeddings):
    """Those of ESM also read the mask; the rotary angles' frequencies are kept here."""

    def __init__(self, embeddings: nn.Module, config: Any, rotary: nn.Module | None) -> None:
        super().__init__(embeddings, config)
        self.rotary = rotary

    def _embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        x: Tensor = self.embeddings(input_ids=ids, attention_mask=mask.long())
        return x


class _T5Embeddings(_Embeddings):
    """Those of T5 have no positions; dropout follows."""

    def __init__(self, embeddings: nn.Module, config: Any) -> None:
        super().__init__(embeddings, config)
        self.dropout = nn.Dropout(config.dropout_rate)

    def _embed(self, ids: Tensor, mask: Tensor) -> Tensor:
        x: Tensor = self.dropout(self.embeddings(ids))
        return x


class _Layer(nn.Module):
    """A layer of BERT or RoBERTa."""

    def __init__(self, layer: nn.Module, config: Any) -> None:
        super().__init__()
        self.layer = layer
        self.config = config

    def forward(self, stream: Stream) -> Stream:
        from transformers.masking_utils import create_bidirectional_mask

        x = stream["x"]
        visible = create_bidirectional_mask(config=self.config, inputs_embeds=x, attention_mask=stream["mask"])
        return {**stream, "x": self._apply_layer(x, visible)}

    def _apply_layer(self, x: Tensor, visible: Tensor | None) -> Tensor:
        y: Tensor = self.layer(x, visible)
        return y


class _EsmLayer(_Layer):
    """A layer of ESM with rotary positions, if it has them."""

    def __init__(self, layer: nn.Module, config: Any, rotary: nn.Module | None) -> None:
        super().__init__(layer, config)
        self.shared = (rotary,)

    def _apply_layer(self, x: Tensor, visible: Tensor | None) -> Tensor:
        (rotary,) = self.shared
        angles = None
        if rotary is not None:
            angles = rotary(x, torch.arange(x.shape[1], device=x.device).unsqueeze(0))
        y: Tensor = self.layer(x, visible, position_embeddings=angles)
        return y


class _T5Layer(_Layer):
    """A layer of T5; the position bias is a parameter of the first one."""

    def __init__(self, layer: nn.Module, config: Any, first: Any) -> None:
        super().__init__(layer, config)
        self.shared = (first,)

    def _apply_layer(self, x: Tensor, visible: Tensor | None) -> Tensor:
        (first,) = self.shared
        bias = first.compute_bias(x.shape[1], x.shape[1], device=x.device)
        y: Tensor = self.layer(x, visible, bias)[0]
        return y


class _Norm(nn.Module):
    """Final normalisation, and the dropout that follows it in T5."""

    def __init__(self, norm: nn.Module, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm = norm
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        return {**stream, "x": self.dropout(self.norm(stream["x"]))}


def _longest(config: Any) -> int | None:
    """Most tokens that an architecture has positions for; None = no limit."""
    if config.model_type == "t5" or getattr(config, "position_embedding_type", "absolute") == "rotary":
        return None
    # RoBERTa and ESM count positions from the padding id on.
    first = 0 if config.model_type == "bert" else (config.pad_token_id or 0) + 1
    return int(config.max_position_embeddings) - first
