"""Images as positions of a grid with a channel a colour, standardised by channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.core.errors import ConfigError, DataError
from exapt.core.examples import stack
from exapt.data.encoders._columns import moments
from exapt.data.encoders._state import as_json, freeze

CHUNK = 512  # images made floats at a time


@dataclass(frozen=True)
class Pixels(Encoder):
    """Images (H, W) or (H, W, C) of any number type as float32 "x" (H, W, C).

    Parameters
    ----------
    mean, std
        Mean and standard deviation of each channel over all pixels of the training rows, learned by `fit`;
        an encoder that has learned keeps them.

    Examples
    --------
    >>> images = Matrix(np.array([[[0, 255], [255, 0]]], dtype=np.uint8))
    >>> encoder = Pixels().fit(images)
    >>> encoder.mean, encoder.encode(images)[0]["x"].shape
    ((127.5,), (2, 2, 1))
    """

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    modalities: ClassVar[tuple[Modality, ...]] = ("image",)

    def __post_init__(self) -> None:
        freeze(self, "mean", "std")

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """Learn mean and standard deviation of each channel."""
        if self.mean:
            return self
        first = next(_chunks(values), None)
        if first is None:
            raise DataError("encoder 'pixels': no training rows to learn from.")
        channels = first.shape[-1]
        pixels = ((slice(0), chunk.reshape(-1, channels)) for chunk in _chunks(values, channels))
        mean, std = moments(pixels, channels)
        return replace(self, mean=tuple(mean.tolist()), std=tuple(std.tolist()))

    def inputs(self) -> Inputs:
        """An image with as many channels as the training rows."""
        self._check_learned()
        return Inputs("image", len(self.mean))

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One float32 array "x" (H, W, C) an image."""
        self._check_learned()
        mean, std = np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)
        chunks = _chunks(values, len(self.mean))
        return [{"x": image} for chunk in chunks for image in (chunk.astype(np.float32) - mean) / std]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Padded to the largest with 0, the average: "x" (B, H, W, C) and "mask" (B, H, W)."""
        return stack(items)

    def state(self) -> dict[str, Any]:
        """Means and standard deviations."""
        return as_json(self)

    def _check_learned(self) -> None:
        if not self.mean:
            raise ConfigError("encoder 'pixels' has learned no channels yet: fit it on the training rows.")


def _chunks(values: Sequence[Any] | Matrix, channels: int | None = None) -> Iterator[NDArray[Any]]:
    """Images (n, H, W, C), many at once where all have one size, else one by one."""
    if isinstance(values, Matrix):
        parts = (np.asarray(values.values[start : start + CHUNK]) for start in range(0, len(values), CHUNK))
    else:
        parts = (np.asarray(image)[None] for image in values)
    row = 0
    for part in parts:
        images = part[..., None] if part.ndim == 3 else part
        if images.ndim != 4 or (channels is not None and images.shape[-1] != channels):
            wanted = "(H, W) or (H, W, C)" if channels is None else f"{channels} channels, as in the training rows"
            raise DataError(f"encoder 'pixels': image {row} has shape {part.shape[1:]}; expected {wanted}.")
        if not np.isfinite(images).all():
            raise DataError(f"encoder 'pixels': image {row} or one after it holds a value that is not finite.")
        row += len(images)
        yield images


EXPORT = Pixels
