"""What a scorer is: it ranks a library, can be written as JSON and built again in another process.

A scorer knows nothing of the library but the molecules that it is given, so any part of a library may be scored
anywhere. Ranks, and what is made of the ranks of several scorers, need the whole library: see `fusion`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.errors import ConfigError

Floats = NDArray[np.float64]
Plain = dict[str, Any]


class Scorer(ABC):
    """Molecules -> one number each, higher is better."""

    name: str  # the column of the ranked table; unique among the scorers of a screen

    @abstractmethod
    def score(self, smiles: Sequence[str]) -> Floats:
        """Scores (n,) of n SMILES, higher is better; NaN where a molecule cannot be read.

        The score of a molecule does not depend on those beside it.
        """

    @abstractmethod
    def plain(self) -> Plain:
        """JSON with a "kind", from which `build_scorer` makes an equal scorer in any process."""


class CallableScorer(Scorer):
    """A function that was made elsewhere: the predictions of a run, or the affinity to one protein.

    Parameters
    ----------
    name
        Name of the scorer.
    function
        n SMILES -> (n,) numbers, higher is better, NaN where there is none.
    recipe
        JSON with a "kind" that one of the makers given to `build_scorer` understands.

    Examples
    --------
    >>> scorer = CallableScorer("length", lambda smiles: [len(text) for text in smiles], {"kind": "length"})
    >>> scorer.score(["C", "CC"]).tolist(), scorer.plain()
    ([1.0, 2.0], {'kind': 'length', 'name': 'length'})
    """

    def __init__(self, name: str, function: Callable[[Sequence[str]], Any], recipe: Mapping[str, Any]) -> None:
        self.name = name
        self.function = function
        self.recipe = dict(recipe)

    def score(self, smiles: Sequence[str]) -> Floats:
        """What the function says, (n,)."""
        found = np.asarray(self.function(smiles), dtype=np.float64)
        if found.shape != (len(smiles),):
            raise ConfigError(f"scorer {self.name!r}: {len(smiles)} molecules got scores of shape {found.shape}.")
        return found

    def plain(self) -> Plain:
        """The recipe."""
        return {**self.recipe, "name": self.name}
