"""The state of every random generator, as JSON and tensors."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from exapt.core.seeds import seed_everything


def capture() -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Python's and NumPy's state as JSON, torch's as tensors of bytes."""
    version, numbers, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    plain = {
        "python": [version, list(numbers), gauss],
        "numpy": [name, np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    }
    tensors = {"torch": torch.get_rng_state()}
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        tensors |= {f"cuda.{index}": state for index, state in enumerate(torch.cuda.get_rng_state_all())}
    return plain, tensors


def restore(plain: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Go back to a captured state."""
    version, numbers, gauss = plain["python"]
    random.setstate((version, tuple(numbers), gauss))
    name, keys, position, has_gauss, cached = plain["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(tensors["torch"])
    for key in tensors:
        if key.startswith("cuda.") and int(key[5:]) < torch.cuda.device_count():
            torch.cuda.set_rng_state(tensors[key], int(key[5:]))


@contextmanager
def fixed(seed: int) -> Iterator[None]:
    """Draw from a seed inside; outside nothing has been drawn.

    Examples
    --------
    >>> with fixed(0):
    ...     first = random.random()
    >>> with fixed(0):
    ...     first == random.random()
    True
    """
    state = capture()
    try:
        seed_everything(seed)
        yield
    finally:
        restore(*state)
