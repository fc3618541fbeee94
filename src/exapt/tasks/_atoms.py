"""What tasks that damage molecules share: atoms and bonds that are chosen by chance."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from exapt.core.contracts import Backbone, Stream
from exapt.core.errors import ConfigError


def mask_level(backbones: Sequence[Backbone], task: str) -> int:
    """The level of the first feature that stands for a masked atom.

    Raises
    ------
    ConfigError
        Where the input is not one column of graphs.
    """
    inputs = backbones[0].inputs
    if len(backbones) > 1 or inputs.kind != "graph" or inputs.mask is None:
        raise ConfigError(f"task {task!r} reads one column of molecules as graphs (encoder 'graph', backbone 'gnn').")
    return inputs.mask


def mask_atoms(stream: Stream, rate: float, level: int) -> tuple[Tensor, Tensor]:
    """Atoms without their features.

    Parameters
    ----------
    stream
        "x" (B, N, A) and "mask" (B, N).
    rate
        Chance of each atom.
    level
        What becomes of the first feature; the others become 0.

    Returns
    -------
    x : Tensor
        (B, N, A).
    chosen : Tensor
        (B, N), True where an atom was masked.
    """
    x, real = stream["x"], stream["mask"]
    chosen = (torch.rand(real.shape) < rate).to(real.device) & real
    masked = torch.zeros(x.shape[-1], dtype=x.dtype, device=x.device)
    masked[0] = level
    return torch.where(chosen.unsqueeze(-1), masked, x), chosen


def remove_bonds(stream: Stream, rate: float) -> Tensor:
    """The edges (B, E, 2 + F) without some bonds, each in both directions, which follow one another; -1 in their place.

    Examples
    --------
    >>> edges = torch.tensor([[[0, 1], [1, 0], [1, 2], [2, 1]]])
    >>> remove_bonds({"edges": edges}, 0.0).equal(edges), remove_bonds({"edges": edges}, 1.0).unique().tolist()
    (True, [-1])
    """
    edges = stream["edges"]
    lost = (torch.rand(edges.shape[0], edges.shape[1] // 2) < rate).repeat_interleave(2, 1).to(edges.device)
    return torch.where(lost.unsqueeze(-1), torch.full_like(edges, -1), edges)
