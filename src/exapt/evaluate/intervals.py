"""Intervals over groups and seeds, for one arm and for the paired difference of two, and verdicts.

An interval covers what other groups of the same kind and other seeds of training would have given. The score is the
mean of the metric over the seeds; its interval is ``score ± critical * standard error``:

- **Groups.** Two standard errors are taken, and the larger one counts: that of the bootstrap over groups, times
  G / (G - 1) under the root, and that of the jackknife that leaves out one group at a time [1]. The bootstrap is too
  small where a few large groups decide (it draws them too often together with themselves), the jackknife where a score
  jumps (a class that a replicate does not hold). Both are taken around the score, not around their own mean, so that
  a score which is biased in small samples is not thought certain.
- **Degrees of freedom.** A group contributes to the score at most in proportion to its number of rows n. So a standard
  error over groups of unequal size has the degrees of freedom min(G, 3 (sum n^2)^2 / sum n^4) - 1: G - 1 where sizes
  are alike, fewer where a few large groups decide (Satterthwaite's formula [2], the kurtosis being that of the sizes).
- **Seeds.** Their variance, S - 1 degrees of freedom, is added. The critical value is the mean of both quantiles of t,
  weighted by both variances [3]. This is conservative; Satterthwaite's formula is not for two or three seeds.
- **Scale.** The score of one arm cannot leave its bounds, and its distribution is skewed near them. Its interval is
  made on the scale log(x - lowest) - log(highest - x): the logit for accuracy, Fisher's z for a correlation, the
  logarithm for an error. Differences stay on their own scale.

`docs/explanation/intervals.md` shows how often these intervals hold the truth, and what was tried beside them.

References
----------
1. MacKinnon, Nielsen and Webb 2023, Fast and reliable jackknife and bootstrap methods for cluster-robust inference.
   arXiv:2301.04527
2. Satterthwaite 1946, An approximate distribution of estimates of variance components. doi:10.2307/3002019
3. Cochran and Cox 1957, Experimental designs, 2nd edition, section 4.14
4. Cameron, Gelbach and Miller 2008, Resampling-based improvements for inference with clustered errors.
   doi:10.1162/rest.90.3.414
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri, stdtrit  # not scipy.stats, which takes a second to import

from exapt.evaluate.metrics._metric import Metric
from exapt.evaluate.resampling import (
    FEWEST_REPLICATES,
    REPLICATES,
    Resampling,
    SeedScores,
    group_codes,
    resample,
    score,
)

__all__ = [
    "FEWEST_GROUPS", "FEWEST_REPLICATES", "LEVEL", "REPLICATES", "Interval", "Resampling", "SeedScores", "Spread",
    "Verdict", "difference", "group_codes", "groups_needed", "interval", "resample", "score", "summary", "verdict",
]  # fmt: skip

Verdict = Literal["helped", "no evidence", "hurt"]
Bounds = tuple[float, float]

LEVEL = 0.95
POWER = 0.8  # chance of finding the difference with the number of groups that is said to be needed
FEWEST_GROUPS = 6  # for a verdict: with five not even a sign-flip test, which assumes least, reaches 5 % (2 / 2^5)
WHOLE_LINE: Bounds = (-np.inf, np.inf)
ROUNDING = 1e-12


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval; `low` and `high` are NaN where no interval can be given."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Spread:
    """Variance of a score (mean over the seeds) from the groups and from the seeds, with degrees of freedom."""

    groups: float
    groups_freedom: float
    seeds: float
    seeds_freedom: int

    @classmethod
    def of(cls, scores: SeedScores, draws: Resampling) -> Spread | None:
        """As the docstring of this module says; None where it cannot be known.

        It is unknown with one group, and where the metric is undefined without one of the groups (or parts).
        """
        value, seeds, n_groups = scores.values.mean(), len(scores.values), draws.n_groups
        apart = scores.left_out.mean(0) - value
        drawn = scores.replicates.mean(0) - value
        drawn = drawn[np.isfinite(drawn)]
        if n_groups < 2 or not np.isfinite(apart).all() or not len(drawn):
            return None
        jackknife = float((apart**2).mean()) * (len(apart) - 1)
        bootstrap = float((drawn**2).mean()) * n_groups / (n_groups - 1)
        of_seeds = float(scores.values.var(ddof=1)) / seeds if seeds > 1 else 0.0
        return cls(max(jackknife, bootstrap), draws.freedom, of_seeds, max(1, seeds - 1))

    def half_width(self) -> float:
        """Half the width of the 95 % interval."""
        total = self.groups + self.seeds
        if total == 0:
            return 0.0
        of_groups, of_seeds = stdtrit([self.groups_freedom, self.seeds_freedom], (1 + LEVEL) / 2)
        return float((self.groups * of_groups + self.seeds * of_seeds) / np.sqrt(total))


def summary(scores: SeedScores, draws: Resampling, bounds: Bounds = WHOLE_LINE) -> Interval:
    """Mean over the seeds with its interval; no interval where the spread is unknown (see `Spread.of`)."""
    value, spread = float(scores.values.mean()), Spread.of(scores, draws)
    if spread is None or not np.isfinite(value):
        return Interval(value, float("nan"), float("nan"))
    return Interval(value, *_within(value, spread.half_width(), bounds, draws.n_groups))


def _within(value: float, half: float, bounds: Bounds, n_groups: int) -> tuple[float, float]:
    """The ends, made on the scale on which the bounds lie at infinity."""
    lowest, highest = bounds
    below, above = value - lowest, highest - value
    if half <= ROUNDING and np.isfinite(bounds).all() and min(below, above) <= ROUNDING:
        # Perfect, or as bad as can be, in every group: how much another group could differ is not in these data. If
        # at most a share p of groups did (Clopper and Pearson for 0 of G), the score could be so much off.
        off = (highest - lowest) * (1 - ((1 - LEVEL) / 2) ** (1 / n_groups))
        return (value - off, value) if above < below else (value, value + off)
    if min(below, above) <= 0 or not half:
        return value - half, value + half
    place = (np.log(below) if np.isfinite(below) else 0.0) - (np.log(above) if np.isfinite(above) else 0.0)
    reach = half * (1 / below + 1 / above)
    if np.isfinite(bounds).all():
        low, high = lowest + (highest - lowest) * expit([place - reach, place + reach])
    elif np.isfinite(lowest):
        low, high = lowest + np.exp([place - reach, place + reach])
    elif np.isfinite(highest):
        low, high = highest - np.exp([reach - place, -reach - place])
    else:
        low, high = value - half, value + half
    return float(low), float(high)


def interval(
    metric: Metric,
    truth: ArrayLike,
    predictions: Sequence[ArrayLike],
    groups: Sequence[Any] | NDArray[Any],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """Score an arm with a 95 % interval.

    Parameters
    ----------
    metric
        From the registry of metrics.
    truth
        (n,) or (n, T), as the metric takes it.
    predictions
        One array a seed, all of the same test rows.
    groups
        (n,) group of each test row; ``np.arange(n)`` where rows are independent. A row that was tested more than once
        (repeated splits) stands there more than once, each time with the same group: it is one unit still.
    replicates
        Of the bootstrap, at least 1,000.
    seed
        Of the draws.

    Examples
    --------
    >>> from exapt.core.registry import METRICS
    >>> truth = np.tile([0, 1], 50)
    >>> guess = np.where(np.arange(100) < 80, truth, 1 - truth)
    >>> result = interval(METRICS.get("accuracy"), truth, [np.eye(2)[guess]], np.arange(100))
    >>> result.value, round(result.low, 2), round(result.high, 2)
    (0.8, 0.7, 0.87)
    """
    draws = Resampling.over(groups, replicates=replicates, seed=seed)
    return summary(score([(metric, predictions)], truth, draws)[0], draws, metric.bounds)


def difference(
    metric: Metric,
    truth: ArrayLike,
    arms: tuple[Sequence[ArrayLike], Sequence[ArrayLike]],
    groups: Sequence[Any] | NDArray[Any],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
) -> Interval:
    """Score of the first arm minus the second, paired: same groups and same seeds in every replicate.

    Positive means that the first is better, for errors too: the difference of an error is turned round.

    Parameters
    ----------
    metric, truth, groups, replicates, seed
        As for `interval`.
    arms
        The predictions of two arms; one with a single prediction (a method without randomness) is compared with
        every seed of the other.
    """
    draws = Resampling.over(groups, replicates=replicates, seed=seed)
    first, second = score([(metric, predictions) for predictions in arms], truth, draws)
    return summary(first.minus(second).times(metric.sign), draws)


def verdict(gain: Interval) -> Verdict:
    """Helped if the interval of the gain lies above 0, hurt if below, else no evidence.

    Examples
    --------
    >>> verdict(Interval(0.1, 0.02, 0.2)), verdict(Interval(-0.1, -0.2, -0.02)), verdict(Interval(0.1, -0.1, 0.3))
    ('helped', 'hurt', 'no evidence')
    """
    if gain.low > 0:
        return "helped"
    return "hurt" if gain.high < 0 else "no evidence"


def groups_needed(gain: SeedScores, draws: Resampling, smallest: float) -> int | None:
    """About how many test groups would show the difference in four of five studies like this one.

    The variance that the groups bring falls with their number, that of the seeds does not. So a difference d is found
    with a chance of 80 % at m = G V_groups / (d^2 / (1.96 + 0.84)^2 - V_seeds) groups, at least six.

    Parameters
    ----------
    gain
        Paired differences of two arms.
    draws
        Over their G groups.
    smallest
        The smallest difference that is of interest; it stands for d where the observed one is smaller.

    Returns
    -------
    int or None
        Rounded up to two digits; None where the spread is unknown, or where only more seeds would help.
    """
    spread = Spread.of(gain, draws)
    if spread is None or not np.isfinite(gain.values.mean()):
        return None
    found = max(abs(float(gain.values.mean())), smallest)
    left = (found / (ndtri((1 + LEVEL) / 2) + ndtri(POWER))) ** 2 - spread.seeds
    if left <= 0:
        return None
    needed = draws.n_groups * spread.groups / left
    step = 10.0 ** max(0, np.floor(np.log10(max(needed, 1))) - 1)
    return max(FEWEST_GROUPS, int(np.ceil(needed / step) * step))
