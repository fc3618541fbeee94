"""Shares (of rows answered, of errors, of true values covered) with an interval that is honest for few rows.

A bootstrap of 50 right answers says "0 errors, from 0 to 0". The interval here is the exact binomial one for as many
independent rows as the grouped rows are worth, so it says "0 errors, up to 7 %".

References
----------
Clopper and Pearson 1934, The use of confidence or fiducial limits. doi:10.1093/biomet/26.4.404
Korn and Graubard 1998, Confidence intervals for proportions with small expected number of positive counts estimated
from survey data. Survey Methodology 24, 193-201
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.evaluate.intervals import LEVEL, Interval, group_codes
from exapt.evaluate.metrics._metric import Floats


def share(
    events: Sequence[ArrayLike], among: Sequence[ArrayLike], groups: Sequence[Any] | NDArray[Any] | None = None
) -> Interval:
    """The share of events, mean over the seeds, with its 95 % interval over groups and seeds.

    The variance of the share comes from the groups (linearised ratio) and the seeds. It says how many independent rows
    would vary as much; for that many rows the interval is the exact one of Clopper and Pearson. With no event, or
    nothing but events, each group counts as one row.

    Parameters
    ----------
    events
        One array (n,) a seed: events of each row, 0 up to what `among` has there.
    among
        One array (n,) a seed: 1 for each row that counts, else 0; or how often it counts. A seed in which nothing
        counts is left out.
    groups
        (n,) group of each row; None = rows are independent.

    Returns
    -------
    Interval
        Without an interval (NaN) where fewer than two groups count, and without a value where nothing counts.

    Examples
    --------
    >>> found = share([[0] * 50], [[1] * 50])
    >>> found.value, found.low, round(found.high, 3)
    (0.0, 0.0, 0.071)
    >>> round(share([[0] * 50], [[1] * 50], groups=np.arange(50) // 10).high, 3)
    0.522
    """
    pairs = [(np.asarray(e, dtype=float), np.asarray(a, dtype=float)) for e, a in zip(events, among, strict=True)]
    pairs = [(event, count) for event, count in pairs if count.sum() > 0]
    if not pairs:
        return Interval(float("nan"), float("nan"), float("nan"))
    totals = np.array([count.sum() for _, count in pairs])
    shares = np.array([event.sum() / total for (event, _), total in zip(pairs, totals, strict=True)])
    value = float(shares.mean())
    codes = np.arange(len(pairs[0][0])) if groups is None else group_codes(groups)
    counted = np.unique(codes[np.any([count > 0 for _, count in pairs], axis=0)])
    if len(counted) < 2:
        return Interval(value, float("nan"), float("nan"))
    rows = zip(pairs, shares, totals, strict=True)
    pulls = np.mean([(event - part * count) / total for (event, count), part, total in rows], axis=0)
    size = _worth(value, _by_group(pulls, codes, len(counted)), shares, len(counted))
    return Interval(value, *_exact(value, min(size, float(totals.mean()))))


def _by_group(pulls: Floats, codes: NDArray[np.int64], groups: int) -> float:
    sums = np.bincount(codes, weights=pulls)
    return float((sums**2).sum() * groups / (groups - 1))


def _worth(value: float, group_variance: float, shares: Floats, groups: int) -> float:
    """Number of independent rows that would vary as much, fewer where the variance is known from few units."""
    from scipy.special import ndtri, stdtrit

    seeds = len(shares)
    seed_variance = float(shares.var(ddof=1)) / seeds if seeds > 1 else 0.0
    variance = group_variance + seed_variance
    if value in (0.0, 1.0) or variance < 1e-15:
        return float(groups)
    uncertainty = group_variance**2 / (groups - 1) + (seed_variance**2 / (seeds - 1) if seeds > 1 else 0.0)
    tail = (1 + LEVEL) / 2
    stretch = stdtrit(variance**2 / uncertainty, tail) / ndtri(tail)
    return float(value * (1 - value) / variance / stretch**2)


def _exact(value: float, size: float) -> tuple[float, float]:
    from scipy.special import betaincinv

    events, tail = value * size, (1 - LEVEL) / 2
    low = betaincinv(events, size - events + 1, tail) if value > 0 else 0.0
    high = betaincinv(events + 1, size - events, 1 - tail) if value < 1 else 1.0
    return float(low), float(high)
