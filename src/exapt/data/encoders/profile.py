"""Numeric profiles as a row of positions with one channel: spectra, arrays, expression for a 1-D convolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.core.errors import ConfigError
from exapt.core.examples import stack
from exapt.data.encoders._cells import NORMALISE, Scale
from exapt.data.encoders._profiles import Learned, Recipe, apply, learn
from exapt.data.encoders._state import as_json, check_choice, check_positive, freeze


@dataclass(frozen=True)
class Profile(Encoder):
    """Vectors of F numbers, in the order of the training rows, as float32 "x" (F, 1).

    Columns are matched by name where they have names, else by position.

    Parameters
    ----------
    normalise
        As in encoder `expression`; the default takes the numbers as given.
    n_features
        The most variable columns of the training rows; None = all.
    scale
        Standardise each column with the mean and standard deviation of the training rows.
    clip
        Largest absolute standardised value; None = no limit.
    unit
        Unit of the values, None = judged from them where `normalise` asks.
    features, mean, std, learned_scale
        What `fit` learned; an encoder that has learned keeps it.

    Examples
    --------
    >>> import numpy as np
    >>> values = Matrix(np.array([[1.0, 10.0], [3.0, 10.0]]))
    >>> Profile().fit(values).encode(values)[0]["x"].tolist()
    [[-1.0], [0.0]]
    """

    normalise: str = "none"
    n_features: int | None = None
    scale: bool = True
    clip: float | None = 10.0
    unit: str | None = None
    features: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    learned_scale: Scale | None = None

    modalities: ClassVar[tuple[Modality, ...]] = ("number", "expression")

    def __post_init__(self) -> None:
        freeze(self, "features", "mean", "std")
        check_choice("profile", "normalise", self.normalise, NORMALISE)
        check_positive("profile", "n_features", self.n_features)
        check_positive("profile", "clip", self.clip)

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """Learn columns, their mean and standard deviation from training rows."""
        if self.learned_scale is not None:
            return self
        learned = learn(values, self._recipe(), n=self.n_features, min_share=0.0)
        return replace(self, features=learned.names, mean=learned.mean, std=learned.std, learned_scale=learned.scale)

    def inputs(self) -> Inputs:
        """Values, one channel."""
        return Inputs("values", 1)

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One float32 array "x" (F, 1) a row."""
        if self.learned_scale is None:
            raise ConfigError("encoder 'profile' has learned no columns yet: fit it on the training rows.")
        learned = Learned(self.learned_scale, self.features, self.mean, self.std)
        rows = apply(values, learned, self._recipe())
        return [{"x": row} for row in rows[:, :, None]]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Tensor "x" (B, F, 1) and "mask" (B, F)."""
        return stack(items)

    def state(self) -> dict[str, Any]:
        """The options and what was learned."""
        return as_json(self)

    def _recipe(self) -> Recipe:
        return Recipe("profile", "columns", self.normalise, self.unit, self.scale, self.clip)


EXPORT = Profile
