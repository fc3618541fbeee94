"""Models that predict the score of a molecule from the scores of others, and how sure they are of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exapt.bio.chem.counted import Keys, References, keys

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
Surrogate = Callable[["Molecules", Rows, Floats, Rows, int], tuple[Floats, Floats]]

BITS = 2048
TREES = 100
FOREST_ROWS = 5000  # rows predicted at a time
PROCESS_ROWS = 5000  # the same; bounds the memory of their covariances with the scored ones
NOISE = np.geomspace(0.01, 10, 13)  # variance of the noise over that of the signal, from which the likeliest is taken
JITTER = 1e-8


class Molecules:
    """A library as the surrogates see it, computed once.

    Parameters
    ----------
    smiles
        n SMILES.
    features
        (n, D) that stand for the fingerprints, or None.

    Attributes
    ----------
    readable
        (n,) whether a molecule can be predicted.
    """

    def __init__(self, smiles: Sequence[str], features: Floats | None) -> None:
        self._smiles = smiles
        self._keys = keys(smiles, "ecfp4")
        self.readable = self._keys.readable
        self._features = None if features is None else _standard(np.asarray(features, dtype=np.float64))

    @cached_property
    def _folded(self) -> Keys:
        return keys(self._smiles, "ecfp4", bits=BITS)

    def __len__(self) -> int:
        return len(self.readable)

    def dense(self, rows: Rows) -> NDArray[np.float32]:
        """(r, D) of 0 and 1, or of the given features."""
        if self._features is not None:
            return self._features[rows].astype(np.float32)
        return np.asarray(self._folded.take(rows).columns(np.arange(BITS, dtype=np.uint64)).toarray())

    def covariance(self, rows: Rows) -> Callable[[Rows], NDArray[np.float32]]:
        """Of any molecules with the given ones, (m, r), 1 with themselves."""
        if self._features is None:
            references = References(self._keys.take(rows))
            return lambda others: references.similarity(self._keys.take(others))
        features = self._features
        fixed = features[rows]
        return lambda others: np.exp(-_squares(features[others], fixed) / 2).astype(np.float32)


def process(molecules: Molecules, known: Rows, scores: Floats, rows: Rows, seed: int) -> tuple[Floats, Floats]:
    """Gaussian process: mean and standard deviation of the score without noise, (r,) each.

    The share of noise is the likeliest of a grid, each of which costs one pass over the eigenvalues.

    References
    ----------
    Rasmussen and Williams (2006), Gaussian processes for machine learning, sections 2.2 and 5.4.
    """
    centre, scale = float(scores.mean()), float(scores.std()) or 1.0
    target = (scores - centre) / scale
    covariance = molecules.covariance(known)
    values, vectors = np.linalg.eigh(covariance(known).astype(np.float64))
    values = np.maximum(values, 0) + JITTER
    turned = vectors.T @ target
    noise = max(NOISE, key=lambda one: _evidence(values, turned, float(one)))
    signal = float(np.mean(turned**2 / (values + noise)))
    solved = vectors @ (turned / (values + noise))
    half = (vectors / np.sqrt(values + noise)).astype(np.float32)
    mean, variance = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), PROCESS_ROWS):
        here = slice(start, start + PROCESS_ROWS)
        across = covariance(rows[here])
        mean[here] = across @ solved
        variance[here] = 1 - np.square(across @ half).sum(1)
    return centre + scale * mean, scale * np.sqrt(signal * np.maximum(variance, 0))


def forest(molecules: Molecules, known: Rows, scores: Floats, rows: Rows, seed: int) -> tuple[Floats, Floats]:
    """Random forest: mean and standard deviation over its trees, (r,) each."""
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(TREES, max_features="sqrt", n_jobs=-1, random_state=seed)
    model.fit(molecules.dense(known), scores)
    mean, deviation = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), FOREST_ROWS):
        here = slice(start, start + FOREST_ROWS)
        features = molecules.dense(rows[here])
        votes = np.stack([tree.tree_.predict(features)[:, 0] for tree in model.estimators_])
        mean[here], deviation[here] = votes.mean(0), votes.std(0)
    return mean, deviation


SURROGATES: dict[str, Surrogate] = {"process": process, "forest": forest}


def _evidence(values: Floats, turned: Floats, noise: float) -> float:
    """Log marginal likelihood of one share of noise, at the likeliest variance of the signal, up to a constant."""
    spread = values + noise
    return float(-len(turned) * np.log(np.mean(turned**2 / spread)) - np.log(spread).sum()) / 2


def _standard(features: Floats) -> Floats:
    """Centred, and scaled so that two molecules are 1 apart on average in squared distance."""
    centred = features - features.mean(0)
    return np.asarray(centred / np.sqrt(2 * centred.var(0).sum() or 1.0))


def _squares(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.maximum((one**2).sum(1)[:, None] + (other**2).sum(1) - 2 * one @ other.T, 0))
