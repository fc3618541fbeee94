"""How well a ranking finds actives early, and how much of that is owed to how the molecules were collected."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.chem.counted import Keys, References, keys
from exapt.core.errors import DataError
from exapt.tasks.screening.fusion import ranks

Rows = NDArray[np.int64]
METRICS = ("auroc", "ef1", "ef5", "bedroc")
BLOCK = 500  # known molecules compared at a time; bounds the memory
STEPS = 100  # thresholds of distance in the asymmetric validation embedding


@dataclass(frozen=True)
class Draw:
    """Row numbers of one repetition: what is known, and what is ranked."""

    actives: Rows
    inactives: Rows
    test: Rows


def draws(
    truth: NDArray[np.int64], *, actives: int = 5, inactives: float = 0.2, repeats: int = 50, seed: int = 0
) -> Iterator[Draw]:
    """The protocol of the benchmarking platform of Riniker and Landrum, with own seeded draws.

    Parameters
    ----------
    truth
        (n,) 1 = active, 0 = not.
    actives
        Actives that are known.
    inactives
        Share of the others that is known, in (0, 1).
    repeats
        Number of draws.
    seed
        Of the draws.

    Yields
    ------
    Draw
        Everything that is not known is ranked.

    Raises
    ------
    DataError
        Where no active or no other molecule is left to be ranked.

    References
    ----------
    Riniker and Landrum (2013), Open-source platform to benchmark fingerprints. doi:10.1186/1758-2946-5-26

    Examples
    --------
    >>> draw = next(draws(np.repeat([1, 0], [8, 20])))
    >>> len(draw.actives), len(draw.inactives), len(draw.test)
    (5, 4, 19)
    """
    yes, no = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    few = round(inactives * len(no))
    if len(yes) <= actives or not 0 < few < len(no):
        raise DataError(f"{len(yes)} actives and {len(no)} others cannot give {actives} and {few} and leave some.")
    chance = np.random.default_rng(seed)
    for _ in range(repeats):
        known = chance.choice(yes, actives, replace=False), chance.choice(no, few, replace=False)
        yield Draw(*known, np.setdiff1d(np.arange(len(truth)), np.concatenate(known)))


def measures(truth: NDArray[np.int64], scores: NDArray[np.float64]) -> dict[str, float]:
    """AUROC, enrichment factors of the top 1 % and 5 %, and BEDROC with alpha 20.

    Parameters
    ----------
    truth
        (n,) 1 = active, 0 = not.
    scores
        (n,) higher is better; a molecule without a score stands at the end.

    Examples
    --------
    >>> found = measures(np.repeat([1, 0], [2, 98]), -np.arange(100.0))
    >>> {name: round(value, 2) for name, value in found.items()}
    {'auroc': 1.0, 'ef1': 50.0, 'ef5': 20.0, 'bedroc': 1.0}
    """
    from exapt.evaluate.metrics._metric import find

    places = ranks(np.where(np.isnan(scores), -np.inf, scores))
    chances = 1 - (places - 0.5) / len(places)
    columns = np.stack([1 - chances, chances], axis=1)
    return {name: find(name).value(truth, columns) for name in METRICS}


def scaffold_recall(
    scaffolds: Sequence[str | None], truth: NDArray[np.int64], scores: NDArray[np.float64], top: float = 0.05
) -> float:
    """Share of the scaffolds of all actives of which one stands in the top of the ranking.

    Parameters
    ----------
    scaffolds
        n Murcko scaffolds, as `exapt.bio.chem.scaffolds.murcko` writes them.
    truth
        (n,) 1 = active, 0 = not.
    scores
        (n,) higher is better.
    top
        Share of the ranking, rounded up to whole molecules.

    Examples
    --------
    >>> scaffold_recall(["a", "a", "b", "c"], np.array([1, 1, 1, 0]), np.array([4.0, 3.0, 1.0, 2.0]), top=0.5)
    0.5
    """
    places = ranks(np.where(np.isnan(scores), -np.inf, scores))
    inside = places <= np.ceil(top * len(places) - 1e-9)
    every = {scaffold for scaffold, one in zip(scaffolds, truth, strict=True) if one}
    seen = {scaffold for scaffold, one, here in zip(scaffolds, truth, inside, strict=True) if one and here}
    return len(seen) / len(every) if every else float("nan")


@dataclass(frozen=True)
class Bias:
    """Asymmetric validation embedding: how much nearer test molecules stand to known ones of their own kind.

    Attributes
    ----------
    actives
        Test actives to known actives, less to known inactives, in [-1, 1].
    inactives
        Test inactives to known inactives, less to known actives, in [-1, 1].
    """

    actives: float
    inactives: float

    @property
    def total(self) -> float:
        """Their sum, in [-2, 2]; 0 where a nearest neighbour can say nothing."""
        return self.actives + self.inactives


def bias(smiles: Sequence[str], truth: NDArray[np.int64], draw: Draw, family: str = "ecfp4") -> Bias:
    """AVE bias of one draw.

    Parameters
    ----------
    smiles
        n SMILES.
    truth
        (n,) 1 = active, 0 = not.
    draw
        What is known and what is ranked.
    family
        Fingerprint whose Tanimoto distance is taken.

    References
    ----------
    Wallach and Heifets (2018), Most ligand-based classification benchmarks reward memorization rather than
    generalization. doi:10.1021/acs.jcim.7b00403
    """
    found = keys(smiles, family)
    near = {
        name: _nearest(found, rows, draw.test)
        for name, rows in (("active", draw.actives), ("inactive", draw.inactives))
    }
    yes = truth[draw.test] == 1
    said = {
        (kind, name): _within(values[rows])
        for kind, rows in (("active", yes), ("inactive", ~yes))
        for name, values in near.items()
    }
    return Bias(
        said["active", "active"] - said["active", "inactive"],
        said["inactive", "inactive"] - said["inactive", "active"],
    )


def _nearest(found: Keys, known: Rows, test: Rows) -> NDArray[np.float32]:
    """Similarity of each test molecule to the nearest known one, (t,)."""
    queries, best = found.take(test), np.zeros(len(test), dtype=np.float32)
    for start in range(0, len(known), BLOCK):
        best = np.maximum(best, References(found.take(known[start : start + BLOCK])).similarity(queries).max(1))
    return best


def _within(similarity: NDArray[np.float32]) -> float:
    """Mean over the thresholds 0, 0.01, ..., 1 of the share of molecules whose nearest one is no farther."""
    thresholds = np.linspace(0, 1, STEPS + 1)
    return float((1 - similarity[:, None] <= thresholds + 1e-6).mean())


def summary(values: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Mean, standard deviation and 95 % interval of the mean of each measure over the draws.

    The interval speaks of further draws from these same molecules, not of other targets.

    Parameters
    ----------
    values
        What each draw gave, or the difference of two methods in each draw; at least two.

    Examples
    --------
    >>> found = summary([{"auroc": 0.7}, {"auroc": 0.8}, {"auroc": 0.9}])["auroc"]
    >>> {name: round(value, 3) for name, value in found.items()}
    {'mean': 0.8, 'sd': 0.1, 'low': 0.552, 'high': 1.048}
    """
    from scipy.special import stdtrit

    if len(values) < 2:
        raise DataError(f"An interval over draws needs at least two of them; found {len(values)}.")
    result = {}
    for name in values[0]:
        column = np.array([one[name] for one in values])
        mean, sd = float(column.mean()), float(column.std(ddof=1))
        half = float(stdtrit(len(column) - 1, 0.975)) * sd / math.sqrt(len(column))
        result[name] = {"mean": mean, "sd": sd, "low": mean - half, "high": mean + half}
    return result
