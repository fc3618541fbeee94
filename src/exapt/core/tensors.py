"""Named tensors: safetensors files, written whole or not at all, and fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from exapt.core.errors import WeightsError
from exapt.core.paths import atomic


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes, whatever the order.

    Examples
    --------
    >>> import torch
    >>> a, b = torch.zeros(2), torch.ones(3, dtype=torch.bfloat16)
    >>> digest({"a": a, "b": b}) == digest({"b": b, "a": a})
    True
    """
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        total.update(flat.view(torch.uint8).numpy().data if flat.numel() else b"")
    return total.hexdigest()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file atomically."""
    from safetensors.torch import save_file

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        save_file(plain, str(temporary), metadata=dict(metadata or {"format": "pt"}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises
    ------
    WeightsError
        Where the file is missing, cut short or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file; the weights are not complete. Get them again.") from None
    except (SafetensorError, OSError) as error:
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"{path}: not a whole safetensors file, cut short or damaged ({reason}). Get it again."
        ) from None
