"""What a shortcut view is: a few features of a row from which nobody would accept a prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from exapt.evaluate.metrics._metric import Floats

Level = Literal["leak", "warning", "information"]


@dataclass(frozen=True)
class View:
    """One view of the training and the test rows.

    Attributes
    ----------
    name, column, what, level
        As a finding states them.
    features
        One phrase a feature, F of them, such as that a sentence can begin with it.
    train, test
        (n, F): a dense array; or a CSR matrix of 0 and 1 where the features are tokens.
    neutral
        What makes the same view of the standardised values, (train, test, unreadable rows); None = there is no
        standard form.
    """

    name: str
    column: str
    what: str
    level: Level
    features: Sequence[str]
    train: Any
    test: Any
    neutral: Callable[[], tuple[Floats, Floats, int]] | None = None

    def varies(self) -> bool:
        """Whether any feature differs between training rows."""
        if isinstance(self.train, np.ndarray):
            return bool(self.train.size and (self.train != self.train[:1]).any())
        filled = np.asarray(self.train.sum(0)).ravel()
        return bool(((filled > 0) & (filled < self.train.shape[0])).any())


def spread(values: Sequence[NDArray[Any]]) -> Floats:
    """Columns side by side as (n, F) float64."""
    return np.stack([np.asarray(value, dtype=np.float64) for value in values], axis=1)
