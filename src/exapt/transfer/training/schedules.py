"""Learning rates over time, as pure functions: the factor on the base rate at one step."""

from __future__ import annotations

import math
from typing import Literal


def factor(schedule: Literal["cosine", "linear", "constant"], step: int, steps: int, warmup: float) -> float:
    """Factor on the base rate: a linear warm-up, then the schedule down towards 0 (or constant).

    Parameters
    ----------
    schedule
        Shape after the warm-up.
    step
        Optimiser step, 0 to steps - 1.
    steps
        Steps of the whole training, at least 1.
    warmup
        Part of the steps that warm up, in [0, 1).

    Returns
    -------
    float
        Above 0, at most 1.

    Examples
    --------
    >>> [round(factor("linear", step, 6, 0.34), 2) for step in range(6)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    >>> [round(factor("cosine", step, 4, 0.0), 2) for step in range(4)]
    [1.0, 0.85, 0.5, 0.15]
    """
    rising = round(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / max(1, steps - rising)
    return {"cosine": (1 + math.cos(math.pi * done)) / 2, "linear": 1 - done, "constant": 1.0}[schedule]
