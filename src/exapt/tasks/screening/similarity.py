"""Score by similarity to known actives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exapt.bio.chem.counted import References, keys
from exapt.core.errors import ConfigError, DataError
from exapt.tasks.screening.scorer import Floats, Plain, Scorer


class SimilarityScorer(Scorer):
    """Mean similarity to the nearest known actives; to the nearest one by default.

    Parameters
    ----------
    actives
        SMILES of molecules that are known to act.
    name
        Name of the scorer.
    fingerprint
        One of `exapt.bio.chem.counted.FAMILIES`.
    measure
        ``tanimoto`` or ``dice``.
    bits
        Width of a folded fingerprint without counts; None = features are counted and not folded.
    nearest
        Number of nearest actives of which the mean is taken; fewer where there are not as many.

    Raises
    ------
    DataError
        Where there is no active, or one of them cannot be read.

    References
    ----------
    Hert et al. (2004), Comparison of fingerprint-based methods for virtual screening using multiple bioactive
    reference structures. doi:10.1021/ci034231b

    Examples
    --------
    >>> SimilarityScorer(["CCO"]).score(["OCC", "CCN", "x"]).round(2).tolist()
    [1.0, 0.33, nan]
    """

    def __init__(
        self,
        actives: Sequence[str],
        name: str = "similarity",
        *,
        fingerprint: str = "ecfp4",
        measure: str = "tanimoto",
        bits: int | None = None,
        nearest: int = 1,
    ) -> None:
        if nearest < 1:
            raise ConfigError(f"scorer {name!r}: nearest is a whole number of at least 1; found {nearest}.")
        self.name = name
        self.actives = list(actives)
        self.fingerprint, self.measure, self.bits, self.nearest = fingerprint, measure, bits, nearest
        found = keys(self.actives, fingerprint, bits=bits)
        check_readable(name, "active", self.actives, found.readable.tolist())
        self._references = References(found)
        self._references.similarity(found, measure)  # an unknown measure is found before a library is read

    def score(self, smiles: Sequence[str]) -> Floats:
        """Similarity in [0, 1], (n,); NaN where a molecule cannot be read."""
        found = keys(smiles, self.fingerprint, bits=self.bits)
        similar = self._references.similarity(found, self.measure).astype(np.float64)
        count = min(self.nearest, similar.shape[1])
        best = similar.max(1) if count == 1 else np.partition(similar, -count, axis=1)[:, -count:].mean(1)
        return np.where(found.readable, best, np.nan)

    def plain(self) -> Plain:
        """All options."""
        return {
            "kind": "similarity",
            "name": self.name,
            "actives": self.actives,
            "fingerprint": self.fingerprint,
            "measure": self.measure,
            "bits": self.bits,
            "nearest": self.nearest,
        }


def check_readable(name: str, what: str, smiles: Sequence[str], readable: Sequence[bool]) -> None:
    """Refuse no molecule at all, and name the first that cannot be read.

    Raises
    ------
    DataError
        With the number and the spelling of the molecule, and why RDKit refuses it.
    """
    from exapt.bio.chem.standard import problem

    if not smiles:
        raise DataError(f"scorer {name!r}: no {what} is given; at least one molecule is needed.")
    for number, (text, good) in enumerate(zip(smiles, readable, strict=True), start=1):
        if not good:
            raise DataError(
                f"scorer {name!r}: {what} {number} of {len(smiles)}, {text!r}, cannot be read: {problem(text)}. "
                f"Mend it or leave it out."
            )
