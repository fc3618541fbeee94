"""Early recognition: where in a ranking the positive rows stand, equal scores in random order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from exapt.evaluate.metrics._metric import Floats, divide
from exapt.evaluate.metrics._ranking import Found, Ranking


def enrichment(fraction: float) -> Callable[[Ranking], Floats]:
    """Enrichment factor: the share of positive rows in the top of a ranking over their share in all of it.

    Parameters
    ----------
    fraction
        The top, as a share of all rows, in (0, 1); rounded up to whole rows.

    Returns
    -------
    callable
        Ranking -> (R,) from 0 to 1 / fraction; chance is 1, and no ranking exceeds 1 / share of positives.
    """
    return partial(Ranking.mean, score=partial(_enrichment, fraction=fraction))


def boltzmann(alpha: float) -> Callable[[Ranking], Floats]:
    """BEDROC: exponentially weighted ranks of the positive rows, from the worst ranking (0) to the best (1).

    Parameters
    ----------
    alpha
        How early is early: with 20 the first 8 % of the ranking hold 80 % of the weight.

    Returns
    -------
    callable
        Ranking -> (R,).
    """
    return partial(Ranking.mean, score=partial(_boltzmann, alpha=alpha))


def _places(found: Found) -> tuple[Floats, Floats]:
    """Weight of the rows that score higher than each positive one, and of those that score as high, (r, p) both."""
    from_top = found.problem.from_top
    before = found.positives.take(np.searchsorted(from_top, from_top, side="left"), axis=1)
    start = found.negatives_from(ties=False) + before
    return start, found.negatives_from(ties=True) + found.positives_from() - start


def _enrichment(found: Found, *, fraction: float) -> Floats:
    start, tied = _places(found)
    positives = found.positives[:, -1]
    rows = positives + found.negatives[:, -1]
    top = np.ceil(rows * fraction - 1e-9)
    inside = np.divide(top[:, None] - start, tied, out=np.zeros_like(start), where=tied > 0)
    hits = np.einsum("rm,rm->r", found.weights, np.clip(inside, 0, 1))
    return divide(hits * rows, top * positives)


def _boltzmann(found: Found, *, alpha: float) -> Floats:
    start, tied = _places(found)
    positives = found.positives[:, -1]
    rows = positives + found.negatives[:, -1]
    rate = divide(np.full_like(rows, alpha), rows)
    # The mean of exp(-rate * rank) over the ranks start + 1 ... start + tied, a geometric sum.
    each = divide(np.exp(-rate[:, None] * start) * -np.expm1(-rate[:, None] * tied), tied * np.expm1(rate)[:, None])
    total = np.einsum("rm,rm->r", found.weights, np.nan_to_num(each))
    share = divide(positives, rows)
    best = -np.expm1(-alpha * share) / np.expm1(rate)
    worst = best * np.exp(-alpha * (1 - share))
    return divide(total - worst, best - worst)
