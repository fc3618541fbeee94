"""Both strands of DNA, padded on the right. Letters: 0 padding, 1 mask, A = 2, C = 3, G = 4, T = 5, N = 6."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from exapt.core.contracts import Stream

COMPLEMENT = (0, 1, 5, 4, 3, 2, 6)


def flip(x: Tensor, mask: Tensor) -> Tensor:
    """Reverse the real positions of each example; padding stays on the right.

    Parameters
    ----------
    x
        (B, L, C).
    mask
        (B, L), True = real, real positions first.

    Examples
    --------
    >>> x, mask = torch.tensor([[[1], [2], [0]]]), torch.tensor([[True, True, False]])
    >>> flip(x, mask).squeeze().tolist()
    [2, 1, 0]
    """
    position = torch.arange(x.shape[1], device=x.device)
    length = mask.sum(1, keepdim=True)
    source = torch.where(position < length, length - 1 - position, position)
    return x.gather(1, source.unsqueeze(-1).expand_as(x))


def reverse_complement(x: Tensor, mask: Tensor) -> Tensor:
    """The other strand, read in its own direction, of indicators (B, L, 7).

    Examples
    --------
    >>> import torch.nn.functional as F
    >>> aac = F.one_hot(torch.tensor([[2, 2, 3, 0]]), 7)
    >>> reverse_complement(aac, torch.tensor([[True, True, True, False]])).argmax(-1).tolist()
    [[4, 5, 5, 0]]
    """
    return flip(x[..., list(COMPLEMENT)], mask)


def on_strands(stream: Stream, layer: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Stream:
    """Apply a layer, (x, mask) to (x, mask), to "x" and, where there is one, to "reverse", in one batch."""
    mask = stream["mask"]
    if "reverse" not in stream:
        x, mask = layer(stream["x"], mask)
        return {**stream, "x": x, "mask": mask}
    both, masks = layer(torch.cat([stream["x"], stream["reverse"]]), torch.cat([mask, mask]))
    given, other = both.chunk(2)
    return {**stream, "x": given, "reverse": other, "mask": masks.chunk(2)[0]}
