"""What a baseline is: a cheap method that a transfer has to beat, trained on the same rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import DataError
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table

ALL_KINDS: frozenset[Kind] = frozenset({"class", "multilabel", "number"})
ALL_MODALITIES = frozenset({"dna", "rna", "protein", "molecule", "expression", "image", "number"})


@dataclass(frozen=True)
class Problem:
    """Training targets, checked.

    `targets` are (n,) int64 classes, or (n, T) float64 labels or values where NaN = missing.
    """

    targets: NDArray[Any]
    kind: Kind
    classes: int
    flat: bool
    seed: int

    def shaped(self, prediction: Floats) -> Floats:
        """Values (n, T) in the shape that the targets had: (n,) where they had one axis."""
        return prediction[:, 0] if self.flat else prediction


class Baseline(ABC):
    """Fit on the training rows, predict any rows; `fit` is checked here, a subclass says what to learn."""

    kinds: ClassVar[frozenset[Kind]] = ALL_KINDS
    modalities: ClassVar[frozenset[str]] = ALL_MODALITIES  # of the inputs that it can read
    default: ClassVar[frozenset[str]] = ALL_MODALITIES  # of the inputs for which it runs unasked
    default_for_pairs: ClassVar[bool] = True  # False: a row of features for every pair costs more than it tells
    deterministic: ClassVar[bool] = True  # False: another seed gives another model

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """Whether it can learn this kind of target from inputs of these modalities."""
        return kind in cls.kinds and bool(modalities) and set(modalities) <= cls.modalities

    @classmethod
    def suits(cls, train: Table | None) -> bool:
        """Whether it can read these very rows; None = they are not known yet."""
        return True

    def fit(self, train: Table, targets: ArrayLike, kind: Kind, seed: int = 0, *, classes: int | None = None) -> Self:
        """Learn from training rows.

        Parameters
        ----------
        train
            The training rows.
        targets
            (n,) classes; (n, T) of 0, 1 or NaN; (n,) or (n, T) values. Rows without a known target are left out.
        kind
            What the targets are.
        seed
            Of all random choices.
        classes
            Number of classes; None = as many as the training rows show.

        Returns
        -------
        Baseline
            Itself.

        Raises
        ------
        DataError
            Where no training row has a known target, or the inputs cannot be read.
        """
        values = np.asarray(targets, dtype=np.float64)
        flat = kind == "number" and values.ndim == 1
        if kind != "class" and values.ndim == 1:
            values = values[:, None]
        known = values >= 0 if kind == "class" else np.isfinite(values).any(1)
        rows = np.flatnonzero(known)
        if not len(rows):
            raise DataError(f"{train.source}: no training row has a known target; a baseline has nothing to learn.")
        if kind == "class":
            labels = values[rows].astype(np.int64)
            problem = Problem(labels, kind, classes or int(labels.max()) + 1, flat, seed)
        else:
            problem = Problem(values[rows], kind, 0, flat, seed)
        self.learn(train if len(rows) == len(train) else train.take(rows), problem)
        return self

    @abstractmethod
    def learn(self, train: Table, problem: Problem) -> None:
        """Learn from rows that all have a known target."""

    @abstractmethod
    def predict(self, table: Table) -> Floats:
        """Probabilities (n, C) or (n, T), or values (n,) or (n, T), in the shape of the targets."""
