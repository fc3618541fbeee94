"""Try several strategies for a part of the epochs and keep the best on the validation rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from exapt.core.contracts import Model, Strategy
from exapt.core.errors import ConfigError, TrainingError
from exapt.transfer.strategies._blocks import is_number, require
from exapt.transfer.strategies._combine import combine, named

CANDIDATES = ("frozen", "discriminative_lr", "gradual_unfreeze", "lp_ft", "full")


class Auto(Strategy):
    """Declares what is tried and what it may cost; whoever trains resolves it before the real training.

    Each candidate trains for `trial_epochs`, its best validation score goes to `choose`, and the chosen one
    trains anew for all epochs. Only validation rows decide, never test rows.

    Parameters
    ----------
    candidates
        Strategies by name, ``+`` joins several into one; in a tie the earlier wins, so list the cheapest first.
    budget
        Part of the epochs that each candidate may use, in (0, 1].
    """

    def __init__(self, candidates: Sequence[str] = CANDIDATES, budget: float = 0.25) -> None:
        require(is_number(budget, 0, 1) and budget > 0, "auto", "budget", budget, "a number above 0, at most 1")
        names = [candidates] if isinstance(candidates, str) else list(candidates)
        require(len(names) > 0, "auto", "candidates", names, "a list of at least one strategy")
        if "auto" in names:
            raise ConfigError("strategy 'auto': 'auto' cannot be a candidate of itself.")
        self.candidates = {name: named(name) for name in names}
        self.budget = budget
        for candidate in self.candidates.values():
            combine(candidate)

    @staticmethod
    def choose(results: Mapping[str, float]) -> str:
        """See `choose`."""
        return choose(results)

    def trial_epochs(self, epochs: int) -> int:
        """Epochs of each trial.

        Examples
        --------
        >>> Auto(budget=0.25).trial_epochs(20), Auto(budget=0.1).trial_epochs(3)
        (5, 1)
        """
        return max(1, round(self.budget * epochs))

    def prepare(self, model: Model) -> None:
        """Refuse to train unresolved.

        Raises
        ------
        ConfigError
            Always.
        """
        raise ConfigError("strategy 'auto' names candidates; train each, `choose` one and train that instead.")


def choose(results: Mapping[str, float]) -> str:
    """The candidate with the highest validation score; the earlier in a tie, never one without a score.

    Parameters
    ----------
    results
        Candidate -> validation score, higher is better, NaN = none.

    Raises
    ------
    TrainingError
        Where no candidate has a score.

    Examples
    --------
    >>> choose({"frozen": 0.8, "full": 0.8, "lp_ft": float("nan")})
    'frozen'
    """
    known = {name: score for name, score in results.items() if not math.isnan(score)}
    if not known:
        raise TrainingError(f"strategy 'auto': none of the candidates {', '.join(results)} has a validation score.")
    return max(known, key=lambda name: known[name])


EXPORT = Auto
