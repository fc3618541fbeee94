"""Fingerprints of several families with the number of times that each feature occurs, not folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.bio.chem._molecules import mapped, read
from exapt.core.errors import ConfigError, nearest

Family = Literal["atoms", "ecfp4", "ecfp6", "fcfp4", "atom_pairs", "torsions", "paths"]
FAMILIES: tuple[str, ...] = get_args(Family)
Measure = Literal["dice", "tanimoto"]
MEASURES: tuple[str, ...] = get_args(Measure)
LEAST = 4000  # molecules from which several processes are worth their start
STEP = np.uint64(0x9E3779B97F4A7C15)  # parts the first, second, ... occurrence of a feature
LONGEST = 5  # bonds in a path of the family "paths"


@dataclass(frozen=True)
class Keys:
    """Features of n molecules; the k-th occurrence of a feature is a key of its own.

    So what two molecules share, counted with multiplicity (the sum of the smaller counts), is the number of keys that
    both have.

    Attributes
    ----------
    indptr
        (n + 1,) int64; the keys of molecule i are `codes[indptr[i]:indptr[i + 1]]`.
    codes
        uint64, each once in a molecule.
    readable
        (n,) False where RDKit cannot read the molecule, which then has no key.
    """

    indptr: NDArray[np.int64]
    codes: NDArray[np.uint64]
    readable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.readable)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of keys of each molecule, (n,)."""
        return np.diff(self.indptr)

    def take(self, rows: NDArray[np.int64]) -> Keys:
        """The given molecules, in the given order."""
        sizes = self.sizes[rows]
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        places = np.arange(bounds[-1]) + np.repeat(self.indptr[rows] - bounds[:-1], sizes)
        return Keys(bounds, self.codes[places], self.readable[rows])

    def columns(self, vocabulary: NDArray[np.uint64]) -> sparse.csr_array:
        """(n, V) float32 of 0 and 1: which of V sorted keys each molecule has."""
        if not len(vocabulary):
            return sparse.csr_array(np.zeros((len(self), 0), dtype=np.float32))
        place = np.searchsorted(vocabulary, self.codes)
        place[place == len(vocabulary)] = 0
        known = vocabulary[place] == self.codes
        bounds = np.concatenate([[0], np.cumsum(known)])[self.indptr]
        found = place[known]
        return sparse.csr_array((np.ones(len(found), np.float32), found, bounds), shape=(len(self), len(vocabulary)))


def keys(smiles: Sequence[str], family: str = "ecfp4", *, bits: int | None = None) -> Keys:
    """Features of each molecule.

    Parameters
    ----------
    smiles
        n SMILES.
    family
        ``atoms`` (each atom with its bonds, the smallest environment of ECFP), ``ecfp4`` and ``ecfp6`` (environments
        of up to two and three bonds), ``fcfp4`` (the same of pharmacophoric atom types), ``atom_pairs`` (two atoms and
        the bonds between them), ``torsions`` (four atoms in a row), ``paths`` (linear and branched, up to five bonds).
    bits
        Fold to that many bits and forget the counts; None = neither.

    Returns
    -------
    Keys
        Of n molecules.

    Raises
    ------
    ConfigError
        Where the family is unknown.

    References
    ----------
    Rogers and Hahn (2010), Extended-connectivity fingerprints. doi:10.1021/ci100050t
    Carhart, Smith and Venkataraghavan (1985), Atom pairs as molecular features. doi:10.1021/ci00046a002
    Nilakantan, Bauman, Dixon and Venkataraghavan (1987), Topological torsion. doi:10.1021/ci00054a008

    Examples
    --------
    >>> found = keys(["CCO", "CCCCO", "x"], "atoms")
    >>> found.sizes.tolist(), found.readable.tolist()
    ([3, 5, 0], [True, True, False])
    """
    return keys_of(smiles, [family], bits=bits)[0]


def keys_of(smiles: Sequence[str], families: Sequence[str], *, bits: int | None = None) -> list[Keys]:
    """Features of several families, each molecule read once; otherwise as `keys`.

    Parameters
    ----------
    smiles
        n SMILES.
    families
        Some of `FAMILIES`.
    bits
        Fold to that many bits and forget the counts; None = neither.

    Returns
    -------
    list
        Of each family the `Keys` of n molecules.

    Examples
    --------
    >>> [found.sizes.tolist() for found in keys_of(["CCO", "x"], ["atoms", "torsions"])]
    [[3, 0], [0, 0]]
    """
    for family in families:
        if family not in FAMILIES:
            raise ConfigError(f"Unknown family of fingerprints {family!r}. {nearest(family, FAMILIES)}")
    if bits is not None and bits < 1:
        raise ConfigError(f"A fingerprint is folded to at least 1 bit; found {bits}.")
    parts = mapped(partial(_keys, families=tuple(families), bits=bits), smiles, least=LEAST)
    return [_joined([part[number] for part in parts]) for number in range(len(families))]


def _joined(parts: Sequence[tuple[NDArray[np.int64], NDArray[np.uint64]]]) -> Keys:
    lengths = np.concatenate([np.empty(0, dtype=np.int64), *(part[0] for part in parts)])
    codes = np.concatenate([np.empty(0, dtype=np.uint64), *(part[1] for part in parts)])
    readable = lengths >= 0
    return Keys(np.concatenate([[0], np.cumsum(np.where(readable, lengths, 0))]), codes, readable)


class References:
    """Molecules to which others are compared.

    Parameters
    ----------
    found
        Keys of m molecules.

    Examples
    --------
    >>> References(keys(["CCO"])).similarity(keys(["OCC", "CCN"]), "tanimoto").round(2).tolist()
    [[1.0], [0.33000001311302185]]
    """

    def __init__(self, found: Keys) -> None:
        self.vocabulary = np.unique(found.codes)
        self._sizes = found.sizes.astype(np.float32)
        self._columns = np.ascontiguousarray(found.columns(self.vocabulary).toarray().T)

    def similarity(self, queries: Keys, measure: str = "tanimoto") -> NDArray[np.float32]:
        """Similarity of every query with every reference.

        Parameters
        ----------
        queries
            Keys of n molecules, of the same family.
        measure
            ``tanimoto`` (shared / all) or ``dice`` (shared / mean size).

        Returns
        -------
        array
            (n, m) float32 in [0, 1]; 0 where neither has a key.
        """
        if measure not in MEASURES:
            raise ConfigError(f"Unknown measure of similarity {measure!r}. {nearest(measure, MEASURES)}")
        shared = np.asarray(queries.columns(self.vocabulary) @ self._columns)
        both = queries.sizes.astype(np.float32)[:, None] + self._sizes
        if measure == "dice":
            return np.asarray(np.divide(2 * shared, both, out=np.zeros_like(shared), where=both > 0))
        return np.asarray(np.divide(shared, both - shared, out=np.zeros_like(shared), where=both > 0))


def _keys(
    smiles: Sequence[str], *, families: Sequence[str], bits: int | None
) -> list[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    molecules = [read(text) for text in smiles]
    return [_of_family(molecules, _generator(family), bits) for family in families]


def _of_family(
    molecules: Sequence[Any], generator: Any, bits: int | None
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Number of keys of each molecule, -1 where it could not be read, and all keys."""
    lengths = np.empty(len(molecules), dtype=np.int64)
    codes: list[int] = []
    counts: list[int] = []
    for row, molecule in enumerate(molecules):
        found = {} if molecule is None else generator.GetSparseCountFingerprint(molecule).GetNonzeroElements()
        folded = dict.fromkeys((code % bits for code in found), 1) if bits else found
        codes.extend(folded)
        counts.extend(folded.values())
        lengths[row] = -1 if molecule is None else sum(folded.values())
    repeats = np.array(counts, dtype=np.int64)
    starts = np.cumsum(repeats) - repeats
    occurrence = np.arange(int(repeats.sum())) - np.repeat(starts, repeats)
    each = np.repeat(np.array([code & 0xFFFFFFFFFFFFFFFF for code in codes], dtype=np.uint64), repeats)
    return lengths, each + occurrence.astype(np.uint64) * STEP


def _generator(family: str) -> Any:
    from rdkit.Chem import rdFingerprintGenerator as of

    if family == "atom_pairs":
        return of.GetAtomPairGenerator()
    if family == "torsions":
        return of.GetTopologicalTorsionGenerator()
    if family == "paths":
        return of.GetRDKitFPGenerator(maxPath=LONGEST)
    if family == "fcfp4":
        return of.GetMorganGenerator(radius=2, atomInvariantsGenerator=of.GetMorganFeatureAtomInvGen())
    return of.GetMorganGenerator(radius={"atoms": 0, "ecfp4": 2, "ecfp6": 3}[family])
