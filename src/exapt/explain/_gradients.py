"""Where gradients are taken: the values, indicators of letters, or what the first block makes of letters and atoms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from exapt.core.contracts import Batch, Inputs, Model, Stream
from exapt.explain._question import Question, ask, by_feature, units, with_stream
from exapt.explain._removal import removed

Baseline = Literal["mask", "zero"]


@dataclass(frozen=True)
class Space:
    """A batch at the place where its gradients are taken.

    Attributes
    ----------
    batch
        All columns at one depth: raw, or behind the first block.
    start
        Of the explained column, the arrays that follow from what stands at the positions.
    base
        The same arrays of the baseline.
    """

    batch: Batch
    start: Stream
    base: Stream

    def at(self, share: float) -> Stream:
        """The arrays at a share of the way from the baseline to the input, ready for gradients."""
        return {
            key: (self.base[key] + share * (array - self.base[key])).detach().requires_grad_()
            for key, array in self.start.items()
        }


def space(model: Model, batch: Batch, column: str, baseline: Baseline) -> Space:
    """Choose the place and compute input and baseline there.

    Values are their own place. Integers that the first block embeds (letters of recurrent networks and transformers,
    features of atoms) are taken behind that block, which treats every position alone; integers that it does not embed
    (a convolution over letters) as indicators, one channel a letter.

    Parameters
    ----------
    model
        In eval mode.
    batch
        Raw inputs.
    column
        The explained one.
    baseline
        ``mask``: every position behind the mask, see `removed`; ``zero``: a zero vector at every position.
    """
    backbone, stream = model.backbone(column), batch.inputs[column]
    inputs, first = backbone.inputs, backbone.blocks()[0]
    allowed = units(stream, inputs)
    has_mask = inputs.mask is not None or inputs.kind == "values"
    hidden = removed(stream, inputs, allowed, "mask") if has_mask or baseline == "mask" else stream
    if inputs.kind == "values" or (inputs.kind == "letters" and not _embeds(first)):
        x, other_x = (_as_floats(part["x"], inputs) for part in (stream, hidden))
        base = other_x if baseline == "mask" else _zero(x, allowed, stream, inputs)
        return Space(batch, {"x": x}, {"x": base})
    with torch.no_grad():
        deeper = {name: model.backbone(name).blocks()[0](part) for name, part in batch.inputs.items()}
        found, other = deeper[column], first(hidden)
    ahead = replace(batch, inputs=deeper, depth=1)
    keys = [key for key, array in found.items() if array.is_floating_point() and not torch.equal(array, other[key])]
    start = {key: found[key] for key in keys or ["x"]}
    if baseline == "mask":
        return Space(ahead, start, {key: other[key] for key in start})
    zero = {key: torch.zeros_like(array) for key, array in start.items() if key != "x"}
    if "x" in start:
        zero["x"] = _zero(start["x"], allowed, stream, inputs)
    return Space(ahead, start, zero)


def _zero(x: Tensor, allowed: Tensor, stream: Stream, inputs: Inputs) -> Tensor:
    """Zero at every unit; special letters stay."""
    return x.masked_fill(allowed[:, None] if by_feature(stream, inputs) else allowed[..., None], 0.0)


def _embeds(block: nn.Module) -> bool:
    return any(isinstance(module, nn.Embedding) for module in block.modules())


def _as_floats(x: Tensor, inputs: Inputs) -> Tensor:
    return x.float() if inputs.kind == "values" else F.one_hot(x, inputs.size).float()


def gradients(model: Model, here: Space, arrays: Stream, question: Question) -> tuple[Stream, Tensor]:
    """Gradient of each example's score by each array, and the scores (B,)."""
    stream = {**here.batch.inputs[question.column], **arrays}
    with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):  # its recurrent layers need training mode
        scores = ask(model, with_stream(here.batch, question.column, stream), question)
        found = torch.autograd.grad(scores.sum(), list(arrays.values()), allow_unused=True)
    known = [
        array.new_zeros(array.shape) if grad is None else grad
        for array, grad in zip(arrays.values(), found, strict=True)
    ]
    return dict(zip(arrays, known, strict=True)), scores.detach()


def by_unit(products: Stream, model: Model, batch: Batch, question: Question) -> Tensor:
    """Products of gradient and difference, summed to units (B, U).

    What belongs to a directed edge goes to the atom that it starts from; what belongs to the whole graph has no unit
    and is left to the completeness error.
    """
    stream = batch.inputs[question.column]
    inputs = model.backbone(question.column).inputs
    allowed = units(stream, inputs)
    total = torch.zeros(allowed.shape, device=allowed.device)
    for key, array in products.items():
        if key.startswith("graph"):
            continue
        if by_feature(stream, inputs):
            total = total + array.sum(1)
        elif key.startswith("edge"):
            source = stream["edges"][..., 0].long()
            each = array.flatten(2).sum(-1).masked_fill(source < 0, 0.0)
            total = total.scatter_add(1, source.clamp(min=0), each)
        else:
            total = total + array.flatten(2).sum(-1)
    return total
