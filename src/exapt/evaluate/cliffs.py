"""Activity cliffs: molecules that differ little and whose targets differ much, and how well they are predicted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.contracts import Kind, Rows
from exapt.evaluate.bands import plain
from exapt.evaluate.intervals import interval
from exapt.evaluate.metrics._metric import find

TANIMOTO = 0.9
MOST_MATCHED = 5000  # molecules among which matched pairs are looked for; beyond, similarity alone decides
FEWEST = 10  # test molecules on cliffs that are scored


@dataclass(frozen=True)
class Cliffs:
    """Pairs of similar molecules of which at least one is a test molecule, the largest difference first.

    Attributes
    ----------
    pairs
        (m, 2) row numbers; the first is a test molecule.
    tanimoto
        (m,) of ECFP4; NaN for a matched pair below 0.9.
    difference
        (m,) absolute difference of the targets; 1 for different classes, else 0.
    least
        Difference from which a pair is a cliff.
    matched
        Whether matched pairs were looked for.
    """

    pairs: Rows
    tanimoto: NDArray[np.float64]
    difference: NDArray[np.float64]
    least: float
    matched: bool

    @property
    def steep(self) -> NDArray[np.bool_]:
        """(m,) which pairs are cliffs."""
        return np.asarray(self.difference >= self.least)


def activity_cliffs(
    smiles: Sequence[str], targets: ArrayLike, test: Rows, train: Rows, *, kind: Kind, least: float = 1.0
) -> Cliffs:
    """Find the pairs: ECFP4 Tanimoto of 0.9 or more, or a matched pair; equal molecules are no pair.

    Parameters
    ----------
    smiles
        n SMILES.
    targets
        (n,) numbers, NaN = unknown, or class numbers, below 0 = unknown.
    test, train
        Row numbers; a test molecule may have its partner in either part.
    kind
        ``number`` or ``class``.
    least
        Difference of numbers from which a pair is a cliff: 1 on a log10 scale is the tenfold change of [1]_. Different
        classes always are one.

    References
    ----------
    .. [1] van Tilborg, Alenicheva and Grisoni (2022), Exposing the limitations of molecular machine learning with
       activity cliffs, doi:10.1021/acs.jcim.2c01073

    Examples
    --------
    >>> found = activity_cliffs(["CCCCCCO", "CCCCCCN", "c1ccccc1"], [0.0, 3.0, 0.0], np.array([0]), np.array([1, 2]),
    ...                         kind="number")
    >>> found.pairs.tolist(), found.difference.tolist(), found.steep.tolist()
    ([[0, 1]], [3.0], [True])
    """
    from exapt.bio.chem.pairs import matched_pairs, similar_pairs
    from exapt.bio.chem.standard import canonical

    values = np.asarray(targets, dtype=np.float64)
    rows = np.concatenate([test, train])
    known = rows[np.isfinite(values[rows]) if kind == "number" else values[rows] >= 0]
    texts = [smiles[i] for i in known]
    near, tanimoto = similar_pairs(texts, at_least=TANIMOTO)
    score = {tuple(pair): float(value) for pair, value in zip(near.tolist(), tanimoto, strict=True)}
    matched = len(known) <= MOST_MATCHED
    both = sorted({*score, *map(tuple, matched_pairs(texts).tolist())}) if matched else sorted(score)
    spelled = canonical(texts)
    kept = [(a, b) for a, b in both if spelled[a] != spelled[b]]
    local = np.array(kept, dtype=np.int64).reshape(-1, 2)
    pairs = known[local]
    tested = np.isin(pairs, test)
    pairs = np.where(tested[:, :1], pairs, pairs[:, ::-1])
    difference = np.abs(values[pairs[:, 0]] - values[pairs[:, 1]])
    if kind == "class":
        difference, least = (difference > 0).astype(np.float64), 1.0
    similarity = np.array([score.get(pair, np.nan) for pair in kept], dtype=np.float64)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], -np.nan_to_num(similarity), -difference))
    order = order[np.asarray(tested.any(1))[order]]
    return Cliffs(pairs[order], similarity[order], difference[order], least, matched)


def across_cliffs(
    cliffs: Cliffs, test: Rows, truth: NDArray[Any], predicted: NDArray[np.float64], *, kind: Kind
) -> dict[str, Any]:
    """Score the test molecules that stand on a cliff apart from the others.

    Parameters
    ----------
    cliffs
        Of the same rows.
    test
        (k,) row numbers of the test molecules.
    truth, predicted
        (k,) numbers, or (k,) classes and (k, C) probabilities.
    kind
        ``number``: RMSE, on cliffs the RMSE_cliff of van Tilborg et al. 2022; ``class``: accuracy.

    Returns
    -------
    dict
        metric, pairs, cliffs (numbers of pairs), n_cliff, n_other (test molecules), cliff and other (value, low, high;
        None below 10 molecules), least, tanimoto, matched.
    """
    metric = find("rmse" if kind == "number" else "accuracy")
    on = np.isin(test, cliffs.pairs[cliffs.steep])
    found: dict[str, Any] = {
        "metric": metric.name,
        "pairs": len(cliffs.pairs),
        "cliffs": int(cliffs.steep.sum()),
        "n_cliff": int(on.sum()),
        "n_other": int((~on).sum()),
        "least": cliffs.least,
        "tanimoto": TANIMOTO,
        "matched": cliffs.matched,
    }
    for name, part in (("cliff", on), ("other", ~on)):
        few = part.sum() < FEWEST
        scored = None if few else interval(metric, truth[part], [predicted[part]], np.arange(int(part.sum())))
        found[name] = None if scored is None else plain(scored)
    return found
