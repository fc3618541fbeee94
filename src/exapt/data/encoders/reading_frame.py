"""Transcripts as one position: the longest open reading frame, its place and its codons, standardised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from exapt.bio.transcripts.reading_frames import FEATURES, frame_features
from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.core.errors import ConfigError, DataError
from exapt.core.examples import stack
from exapt.data.encoders._columns import moments
from exapt.data.encoders._state import as_json, check_positive, freeze


@dataclass(frozen=True)
class ReadingFrame(Encoder):
    """What tells coding from non-coding transcripts (`exapt.bio.transcripts.reading_frames`), float32 "x" (1, F).

    Parameters
    ----------
    clip
        Largest absolute standardised value; None = no limit.
    mean, std
        What `fit` learned on the training rows; an encoder that has learned keeps it.

    Examples
    --------
    >>> encoder = ReadingFrame().fit(["CCATGAAACCCTAAG", "CCCCCCCC"])
    >>> encoder.encode(["ATGTAA"])[0]["x"].shape
    (1, 83)
    """

    clip: float | None = 10.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    modalities: ClassVar[tuple[Modality, ...]] = ("dna", "rna")

    def __post_init__(self) -> None:
        freeze(self, "mean", "std")
        check_positive("reading_frame", "clip", self.clip)

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """Learn mean and standard deviation of the training rows."""
        if self.mean:
            return self
        if not len(values):
            raise DataError("encoder 'reading_frame': no training rows to learn from.")
        mean, std = moments(iter([(slice(None), frame_features(_texts(values)))]), len(FEATURES))
        return replace(self, mean=tuple(mean.tolist()), std=tuple(std.tolist()))

    def inputs(self) -> Inputs:
        """Values, one channel a feature."""
        return Inputs("values", len(FEATURES))

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One float32 array "x" (1, F) a transcript.

        Raises
        ------
        ConfigError
            Where nothing was learned yet.
        """
        if not self.mean:
            raise ConfigError("encoder 'reading_frame' has learned nothing yet: fit it on the training rows.")
        scaled = (frame_features(_texts(values)) - np.array(self.mean)) / np.array(self.std)
        x = (scaled if self.clip is None else np.clip(scaled, -self.clip, self.clip)).astype(np.float32)
        return [{"x": x[row : row + 1]} for row in range(len(x))]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Tensor "x" (B, 1, F) and "mask" (B, 1)."""
        return stack(items)

    def state(self) -> dict[str, Any]:
        """The options and what was learned."""
        return as_json(self)


def _texts(values: Sequence[Any] | Matrix) -> list[str]:
    if isinstance(values, Matrix):
        raise DataError("encoder 'reading_frame' reads sequences; found a matrix.")
    return list(values)


EXPORT = ReadingFrame
