"""Which molecules to dock or measure next, learned from those that already have a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from exapt.core.errors import ConfigError, DataError, nearest
from exapt.tasks.screening._surrogates import SURROGATES, Molecules

Rule = Literal["greedy", "ucb", "thompson", "random"]
RULES: tuple[str, ...] = get_args(Rule)
FEWEST = 5  # scored molecules from which something can be learned


class Campaign:
    """A library of which little is scored so far, and a rule that says what to score next.

    Parameters
    ----------
    smiles
        n SMILES; those that RDKit cannot read are never proposed.
    rule
        ``greedy``: the best predicted. ``ucb``: the best of prediction + `explore` standard deviations. ``thompson``:
        the best of one draw from each prediction. ``random``: any.
    surrogate
        ``process``: a Gaussian process with the Tanimoto similarity of counted ECFP4 as covariance. ``forest``: random
        forest on ECFP4 of 2,048 bits, standard deviation between trees. ``features`` may stand for the fingerprints.
    explore
        Standard deviations that ``ucb`` adds, from 0.
    seed
        Of all chance: the same scores give the same proposal.
    features
        (n, D) numbers that stand for the molecules, such as the embedding of a trained model; None = fingerprints.

    References
    ----------
    Graff, Shakhnovich and Coley (2021), Accelerating high-throughput virtual screening through molecular pool-based
    active learning. doi:10.1039/D0SC06805E
    Srinivas, Krause, Kakade and Seeger (2010), Gaussian process optimization in the bandit setting. arXiv:0912.3995

    Examples
    --------
    >>> library = ["C" * (i + 1) for i in range(12)] + ["C" * (i + 1) + "O" for i in range(12)]
    >>> scores = np.full(24, np.nan)
    >>> campaign = Campaign(library, rule="greedy")
    >>> first = campaign.propose(scores, 6)  # nothing is known: any six
    >>> scores[first] = [float("O" in library[row]) for row in first]
    >>> all("O" in library[row] for row in campaign.propose(scores, 4))
    True
    """

    def __init__(
        self,
        smiles: Sequence[str],
        *,
        rule: str = "greedy",
        surrogate: str = "process",
        explore: float = 1.0,
        seed: int = 0,
        features: NDArray[np.float64] | None = None,
    ) -> None:
        if rule not in RULES:
            raise ConfigError(f"Unknown rule of acquisition {rule!r}. {nearest(rule, RULES)}")
        if surrogate not in SURROGATES:
            raise ConfigError(f"Unknown surrogate {surrogate!r}. {nearest(surrogate, SURROGATES)}")
        if not explore >= 0:
            raise ConfigError(f"explore is a number of standard deviations from 0; found {explore}.")
        if features is not None and (np.ndim(features) != 2 or len(features) != len(smiles)):
            raise DataError(f"features of {len(smiles)} molecules have shape {np.shape(features)}; needed is (n, D).")
        self.rule, self.surrogate, self.explore, self.seed = rule, surrogate, explore, seed
        self.molecules = Molecules(list(smiles), features)

    def propose(self, scores: NDArray[np.float64], count: int) -> NDArray[np.int64]:
        """Rows to score next, the most promising first.

        Parameters
        ----------
        scores
            (n,) what is known so far, higher is better (minus a docking energy); NaN = not scored.
        count
            How many are wanted; fewer come where no more are left.

        Returns
        -------
        array
            (count,) int64 row numbers of molecules without a score.

        Raises
        ------
        DataError
            Where there are not as many scores as molecules.
        """
        scores = self._checked(scores)
        left = np.flatnonzero(np.isnan(scores) & self.molecules.readable)
        chance = np.random.default_rng([self.seed, int(np.isfinite(scores).sum())])
        if self.rule == "random" or np.isfinite(scores).sum() < FEWEST:
            return chance.permutation(left)[:count]
        mean, deviation = self._predicted(scores, left)
        value = mean
        if self.rule == "ucb":
            value = mean + self.explore * deviation
        elif self.rule == "thompson":
            value = chance.normal(mean, deviation)
        return left[np.argsort(-value, kind="stable")[:count]]

    def predict(self, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the surrogate expects of all molecules, from the scores so far.

        Parameters
        ----------
        scores
            (n,) as `propose` takes them; at least five are known.

        Returns
        -------
        mean, deviation : array
            (n,) in the unit of the scores; NaN where a molecule cannot be read.
        """
        scores = self._checked(scores)
        if np.isfinite(scores).sum() < FEWEST:
            raise DataError(f"{int(np.isfinite(scores).sum())} molecules have a score; a surrogate needs {FEWEST}.")
        mean, deviation = np.full((2, len(scores)), np.nan)
        rows = np.flatnonzero(self.molecules.readable)
        mean[rows], deviation[rows] = self._predicted(scores, rows)
        return mean, deviation

    def _predicted(
        self, scores: NDArray[np.float64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        known = np.flatnonzero(np.isfinite(scores) & self.molecules.readable)
        return SURROGATES[self.surrogate](self.molecules, known, scores[known], rows, self.seed)

    def _checked(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.asarray(scores, dtype=np.float64)
        if found.shape != (len(self.molecules),):
            raise DataError(f"{len(self.molecules)} molecules got scores of shape {found.shape}; NaN = not scored.")
        return found
