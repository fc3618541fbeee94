"""Score by what parts known actives from molecules that do not act: learned weights of fingerprint features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.bio.chem.counted import Keys, keys_of
from exapt.core.errors import ConfigError
from exapt.tasks.screening.scorer import Floats, Plain, Scorer
from exapt.tasks.screening.similarity import check_readable

FAMILIES = ("ecfp4", "fcfp4", "atom_pairs", "torsions")
STRENGTH = 30.0
STEPS = 300  # of the solver at most


class LearnedScorer(Scorer):
    """Logistic regression on the counted features of several families of fingerprints.

    Similarity gives every feature the same say; here a feature that inactive molecules have too counts for little, and
    one that all actives share for much. Each family has the same length in each molecule, and both sides the same
    weight in the loss, however few actives there are.

    Parameters
    ----------
    actives
        SMILES of molecules that are known to act; five are enough to begin with.
    inactives
        SMILES of molecules that do not act: tested ones, or some thousand drawn from the library, of which few act.
    name
        Name of the scorer.
    families
        Some of `exapt.bio.chem.counted.FAMILIES`.
    strength
        Inverse of the L2 penalty, above 0.

    Raises
    ------
    DataError
        Where one side is empty, or a molecule cannot be read.

    References
    ----------
    Riniker, Fechner and Landrum (2013), Heterogeneous classifier fusion for ligand-based virtual screening.
    doi:10.1021/ci400466r

    Examples
    --------
    >>> scorer = LearnedScorer(["CCO", "CCCO"], ["CCC", "CCN", "CCCl"])
    >>> good, bad, broken = scorer.score(["CCCCO", "CCCC", "x"])
    >>> bool(good > bad), float(broken)
    (True, nan)
    """

    def __init__(
        self,
        actives: Sequence[str],
        inactives: Sequence[str],
        name: str = "learned",
        *,
        families: Sequence[str] = FAMILIES,
        strength: float = STRENGTH,
    ) -> None:
        if not families:
            raise ConfigError(f"scorer {name!r}: no family of fingerprints is given; the usual are {FAMILIES}.")
        if not strength > 0:
            raise ConfigError(f"scorer {name!r}: strength is a number above 0; found {strength}.")
        self.name = name
        self.actives, self.inactives = list(actives), list(inactives)
        self.families, self.strength = tuple(families), float(strength)
        molecules = [*self.actives, *self.inactives]
        found = keys_of(molecules, self.families)
        readable = found[0].readable.tolist()
        check_readable(name, "active", self.actives, readable[: len(self.actives)])
        check_readable(name, "inactive", self.inactives, readable[len(self.actives) :])
        self._vocabularies = [np.unique(one.codes) for one in found]
        self._learn(found)

    def _learn(self, found: Sequence[Keys]) -> None:
        from sklearn.linear_model import LogisticRegression

        truth = np.repeat([1, 0], [len(self.actives), len(self.inactives)])
        model = LogisticRegression(C=self.strength, class_weight="balanced", solver="liblinear", max_iter=STEPS)
        model.fit(self._features(found), truth)
        self._weights: NDArray[np.float64] = np.asarray(model.coef_[0], dtype=np.float64)
        self._offset = float(model.intercept_[0])

    def _features(self, found: Sequence[Keys]) -> Any:
        """(n, V) CSR matrix of 32-bit indices, as the solver takes it; V counts what the training molecules have."""
        parts = []
        for one, vocabulary in zip(found, self._vocabularies, strict=True):
            length = np.sqrt(np.maximum(one.sizes, 1) * len(found))
            parts.append(sparse.diags_array(1 / length) @ one.columns(vocabulary))
        joined = sparse.csr_matrix(sparse.hstack(parts))
        joined.indices, joined.indptr = joined.indices.astype(np.int32), joined.indptr.astype(np.int32)
        return joined

    def score(self, smiles: Sequence[str]) -> Floats:
        """Log odds of acting, (n,); only their order has a meaning. NaN where a molecule cannot be read."""
        found = keys_of(smiles, self.families)
        odds = self._features(found) @ self._weights + self._offset
        return np.where(found[0].readable, odds, np.nan)

    def plain(self) -> Plain:
        """All options and the molecules; the weights are learned again from them."""
        return {
            "kind": "learned",
            "name": self.name,
            "actives": self.actives,
            "inactives": self.inactives,
            "families": list(self.families),
            "strength": self.strength,
        }
