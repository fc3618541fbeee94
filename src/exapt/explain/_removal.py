"""How a position is taken out of an input: behind a mask, deleted, or set to the training mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from exapt.core.contracts import Inputs, Stream
from exapt.core.errors import ConfigError
from exapt.explain._question import by_feature

Removal = Literal["mask", "delete"]
REMOVALS: Sequence[Removal] = ("mask", "delete")


def removed(stream: Stream, inputs: Inputs, chosen: Tensor, how: Removal | None = None) -> Stream:
    """The stream without the chosen units.

    Parameters
    ----------
    stream
        Raw inputs of B examples.
    inputs
        What they are.
    chosen
        (B, U) bool, see `exapt.explain._question.units`.
    how
        ``mask``: the mask letter; for atoms the mask level, bonds stay; for values 0, which is the training mean of a
        standardised input. ``delete``: atoms go together with their bonds, letters close up. None = ``delete`` for
        atoms, because a network that was not pre-trained with masks has never seen one, and molecules without an atom
        are still molecules; ``mask`` for letters where the encoder has one, because their places matter.

    Returns
    -------
    Stream
        Of the same shapes; what is deleted leaves padding on the right.

    Raises
    ------
    ConfigError
        Where the encoder has no mask letter, or values are to be deleted.
    """
    x = stream["x"]
    if inputs.kind == "values":
        if how == "delete":
            raise ConfigError("remove=delete is for letters and atoms; values are set to their mean by remove=mask.")
        chosen = chosen[:, None, :] if by_feature(stream, inputs) else chosen[..., None]
        return {**stream, "x": x.masked_fill(chosen, 0.0)}
    if how == "delete" or (how is None and (inputs.kind == "graph" or inputs.mask is None)):
        return _deleted(stream, chosen)
    if inputs.mask is None:
        raise ConfigError("The encoder of this model has no mask letter to put in place of others. Use remove=delete.")
    if inputs.kind == "letters":
        return {**stream, "x": x.masked_fill(chosen, inputs.mask)}
    hidden = torch.zeros_like(x)
    hidden[..., 0] = inputs.mask
    return {**stream, "x": torch.where(chosen[..., None], hidden, x)}


def _deleted(stream: Stream, chosen: Tensor) -> Stream:
    """Without some positions: those that stay move together, so that padding stands on the right."""
    x, mask = stream["x"], stream["mask"]
    stay = mask & ~chosen
    order = stay.long().argsort(dim=1, descending=True, stable=True)
    place = order.argsort(dim=1)
    kept = stay.gather(1, order)
    if x.ndim == 2:
        return {**stream, "x": x.gather(1, order).masked_fill(~kept, 0), "mask": kept}
    edges = stream["edges"]
    ends = edges[..., :2].long()
    flat = ends.clamp(min=0).flatten(1)
    intact = (ends[..., 0] >= 0) & stay.gather(1, flat).view_as(ends).all(-1)
    moved = torch.cat([place.gather(1, flat).view_as(ends).to(edges.dtype), edges[..., 2:]], -1)
    moved = moved.masked_fill(~intact[..., None], -1)
    first = intact.long().argsort(dim=1, descending=True, stable=True)
    return {
        **stream,
        "x": x.gather(1, order[..., None].expand_as(x)).masked_fill(~kept[..., None], 0),
        "mask": kept,
        "edges": moved.gather(1, first[..., None].expand_as(moved)),
    }
