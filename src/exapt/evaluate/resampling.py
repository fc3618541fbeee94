"""Test rows resampled by group: the bootstrap and the jackknife, for all arms, seeds and metrics at once.

The resampling unit is the group (homology cluster, scaffold, donor), because rows of one group are not independent. A
replicate is a row of weights (how often each group was drawn), shared by all arms and seeds, so that differences are
paired. Metrics prepare statistics of the groups once (see `Metric`), so a replicate costs a matrix product, or a
cumulative sum for rank scores. Blocks of replicates have their own random numbers and run on all processors: neither
the memory nor the result depends on how many there are.

References
----------
Field and Welsh 2007, Bootstrapping clustered data. doi:10.1111/j.1467-9868.2007.00593.x
Efron and Stein 1981, The jackknife estimate of variance. doi:10.1214/aos/1176345462
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import ConfigError, DataError
from exapt.evaluate.metrics._metric import Codes, Floats, Metric

REPLICATES = 1000  # what the simulation of coverage used; the standard error varies by 2 % then
FEWEST_REPLICATES = 1000  # below, the standard error of a bootstrap is itself too uncertain
BLOCK = 1 << 20  # weights drawn at a time, 8 MiB a processor
ALONE = 1 << 24  # weights of rows up to which one processor is done before others have begun
LEFT_OUT = 200  # parts of the jackknife: single groups up to so many, else equal parts of them


@dataclass(frozen=True)
class Resampling:
    """The weights that all arms share.

    Parameters
    ----------
    codes
        (n,) group of each row, from 0.
    replicates
        Number of bootstrap replicates R.
    seed
        Of the draws; the same seed gives the same intervals.
    """

    codes: Codes
    replicates: int = REPLICATES
    seed: int = 0

    @classmethod
    def over(cls, groups: Sequence[Any] | NDArray[Any], *, replicates: int = REPLICATES, seed: int = 0) -> Resampling:
        """Weights over the groups of the test rows; a row without a group (None, NaN) is its own group.

        Raises
        ------
        ConfigError
            Where fewer than 1,000 replicates are asked for.
        DataError
            Where there are no rows.
        """
        if replicates < FEWEST_REPLICATES:
            raise ConfigError(f"{replicates} replicates are too few for a 95 % interval; at least {FEWEST_REPLICATES}.")
        codes = group_codes(groups)
        if not len(codes):
            raise DataError("No test rows with a known target: nothing can be scored. Check the split and the target.")
        return cls(codes, replicates, seed)

    @property
    def n_groups(self) -> int:
        """Number of distinct groups G."""
        return int(self.codes.max()) + 1

    @property
    def freedom(self) -> float:
        """Degrees of freedom of a standard error over these groups, see `exapt.evaluate.intervals`; at least 1."""
        squares = np.bincount(self.codes).astype(np.float64) ** 2
        effective = 3 * squares.sum() ** 2 / (squares**2).sum()
        return float(max(1.0, min(effective, self.n_groups, LEFT_OUT) - 1))

    def starts(self) -> range:
        """The number of the first replicate of each block."""
        return range(0, self.replicates, min(256, max(1, BLOCK // self.n_groups)))

    def drawn(self, start: int) -> Floats:
        """(r, G): how often each replicate of a block holds each group, drawn with replacement."""
        n_groups = self.n_groups
        size = min(self.starts().step, self.replicates - start)
        cells = np.random.default_rng([self.seed, start]).integers(0, n_groups, (size, n_groups), dtype=np.int32)
        cells += (n_groups * np.arange(size, dtype=np.int32))[:, None]
        return np.bincount(cells.ravel(), minlength=cells.size).reshape(cells.shape).astype(np.float64)

    def left_out(self) -> Floats:
        """(B, G): all groups but one; for more than 200 groups all but one of 200 random parts of them.

        Leaving out parts estimates the same variance with B - 1 degrees of freedom, at a bounded price.
        """
        n_groups = self.n_groups
        parts = np.arange(n_groups)
        if n_groups > LEFT_OUT:
            parts = np.random.default_rng([self.seed, self.replicates]).permutation(parts) % LEFT_OUT
        kept: NDArray[np.bool_] = parts != np.arange(min(n_groups, LEFT_OUT))[:, None]
        return kept.astype(np.float64)


@dataclass(frozen=True)
class SeedScores:
    """One metric of one arm for S seeds.

    Parameters
    ----------
    values
        (S,), of the test rows as they are.
    replicates
        (S, R), bootstrapped.
    left_out
        (S, B), without one group, or without one part of the groups.
    """

    values: Floats
    replicates: Floats
    left_out: Floats

    def minus(self, other: SeedScores) -> SeedScores:
        """Paired difference; an arm with one seed is compared with every seed of the other.

        Raises
        ------
        DataError
            Where both have several seeds, but not equally many.
        """
        sizes = {len(self.values), len(other.values)} - {1}
        if len(sizes) > 1:
            raise DataError(f"Arms with {sorted(sizes)} seeds cannot be paired. Run them with the same seeds.")
        return SeedScores(
            self.values - other.values, self.replicates - other.replicates, self.left_out - other.left_out
        )

    def times(self, sign: float) -> SeedScores:
        """All scores times a number."""
        return SeedScores(sign * self.values, sign * self.replicates, sign * self.left_out)

    def undefined(self) -> int:
        """Number of replicates that leave the metric undefined for at least one seed."""
        return int(np.isnan(self.replicates).any(0).sum())


def group_codes(groups: Sequence[Any] | NDArray[Any]) -> Codes:
    """Groups as numbers from 0; a missing group is a group of its own.

    Examples
    --------
    >>> group_codes(["a", "b", None, "a", None]).tolist()
    [0, 1, 2, 0, 3]
    """
    import pandas as pd

    codes = np.asarray(pd.factorize(np.asarray(groups, dtype=object))[0], dtype=np.int64)
    missing = codes < 0
    codes[missing] = codes.max(initial=-1) + 1 + np.arange(missing.sum())
    return codes


def resample(groups: Sequence[Any] | NDArray[Any], *, replicates: int = REPLICATES, seed: int = 0) -> Floats:
    """Draw groups with replacement, as many as there are.

    Parameters
    ----------
    groups
        (n,) group of each row; ``np.arange(n)`` where rows are independent.
    replicates
        Number of replicates R, at least 1,000.
    seed
        Of the draws.

    Returns
    -------
    ndarray
        (R, n): how often each replicate holds each row; rows of one group have the same number.

    Examples
    --------
    >>> weights = resample(["a", "a", "b"], replicates=1000)
    >>> weights.shape, bool((weights[:, 0] == weights[:, 1]).all()), set((weights[:, 0] + weights[:, 2]).tolist())
    ((1000, 3), True, {2.0})
    """
    draws = Resampling.over(groups, replicates=replicates, seed=seed)
    return np.concatenate([draws.drawn(start)[:, draws.codes] for start in draws.starts()])


def score(jobs: Sequence[tuple[Metric, Sequence[ArrayLike]]], truth: ArrayLike, draws: Resampling) -> list[SeedScores]:
    """Score predictions on the test rows and on every resample of them.

    Parameters
    ----------
    jobs
        A metric and the predictions of S seeds, as the metric takes them. What metrics share is computed once for
        the same prediction object.
    truth
        The truth of the test rows.
    draws
        The weights, shared by all jobs.

    Returns
    -------
    list of SeedScores
        One a job.
    """
    needed = {(metric.prepare, id(one)): (metric, one) for metric, predictions in jobs for one in predictions}
    statistics = {
        key: metric.statistic(truth, one, draws.codes, draws.n_groups) for key, (metric, one) in needed.items()
    }

    def scored(weights: Floats) -> list[Floats]:
        """One array (S, r) a job."""
        found = {key: statistic(weights) for key, statistic in statistics.items()}
        return [
            np.stack([metric.finish(found[metric.prepare, id(one)]) for one in predictions])
            for metric, predictions in jobs
        ]

    left_out = draws.left_out()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        over = pool.map if len(draws.codes) * draws.replicates > ALONE else map
        drawn = list(over(lambda start: scored(draws.drawn(start)), draws.starts()))
        without = list(over(scored, np.array_split(left_out, max(1, left_out.size // BLOCK))))
    values = scored(np.ones((1, draws.n_groups)))
    return [
        SeedScores(value[:, 0], np.concatenate(replicates, axis=1), np.concatenate(parts, axis=1))
        for value, replicates, parts in zip(values, zip(*drawn, strict=True), zip(*without, strict=True), strict=True)
    ]
