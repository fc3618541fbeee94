"""From the tensors of a file into a module, by name: all of them or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn

from exapt.core.errors import WeightsError


@dataclass(frozen=True)
class TransferReport:
    """What went from a file into a backbone, and what did not.

    Attributes
    ----------
    weights
        Name of the weights.
    loaded
        Tensors that were copied.
    skipped
        Tensors of the file that the backbone does not have (heads, or allowed by name).
    reinitialised
        Tensors of the backbone that kept their random start: absent from the file or of another shape, allowed by name.
    parameters
        Number of parameters of the backbone.
    trainable
        How many of them may train; known once a strategy has been applied.
    """

    weights: str
    loaded: Sequence[str]
    skipped: Sequence[str]
    reinitialised: Sequence[str]
    parameters: int
    trainable: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """As it stands in `transfer.json`."""
        return {
            "weights": self.weights,
            "loaded": list(self.loaded),
            "skipped": list(self.skipped),
            "reinitialised": list(self.reinitialised),
            "parameters": self.parameters,
            "trainable": self.trainable,
        }


def own_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Every parameter and saved buffer of a module once, by its first name; shared modules would repeat them."""
    found: dict[str, Tensor] = {}
    seen: set[int] = set()
    for name, tensor in module.state_dict(keep_vars=True).items():
        if id(tensor) not in seen:
            seen.add(id(tensor))
            found[name] = tensor
    return found


def transfer(
    module: nn.Module, tensors: Mapping[str, Tensor], weights: str, allow: Sequence[str] = ()
) -> TransferReport:
    """Copy tensors into a module by name, all of them or nothing.

    Parameters
    ----------
    module
        Its tensors are overwritten, in their own precision.
    tensors
        What the file holds.
    weights
        Name for messages and for the report.
    allow
        Names, or patterns such as ``stem.*``, that may be skipped or keep their random start.

    Raises
    ------
    WeightsError
        Where a tensor is left over, missing or of another shape, and not allowed by name.
    """
    own = own_tensors(module)
    fitting = [name for name, tensor in own.items() if name in tensors and tensors[name].shape == tensor.shape]
    skipped = [name for name in tensors if name not in own]
    reinitialised = [name for name in own if name not in set(fitting)]
    problems = [
        *(f"{name} is in the file but not in the backbone" for name in refused(skipped, allow)),
        *(_misfit(name, own[name], tensors.get(name)) for name in refused(reinitialised, allow)),
    ]
    if problems:
        rest = f"; and {len(problems) - 3} more" if len(problems) > 3 else ""
        raise WeightsError(
            f"{weights} does not fit this backbone: {'; '.join(problems[:3])}{rest}.\n"
            "Build the backbone with the options of the weights, or allow these tensors by name."
        )
    with torch.no_grad():
        for name in fitting:
            own[name].copy_(tensors[name])
    count = sum(parameter.numel() for parameter in module.parameters())
    return TransferReport(weights, fitting, skipped, reinitialised, count)


def refused(names: Iterable[str], allow: Sequence[str]) -> list[str]:
    """The names that no allowed name or pattern covers.

    Examples
    --------
    >>> refused(["stem.weight", "layers.0.bias"], ["stem.*"])
    ['layers.0.bias']
    """
    return [name for name in names if not any(fnmatchcase(name, pattern) for pattern in allow)]


def _misfit(name: str, own: Tensor, found: Tensor | None) -> str:
    if found is None:
        return f"{name} is in the backbone but not in the file"
    return f"{name} has shape {tuple(found.shape)} in the file and {tuple(own.shape)} in the backbone"
