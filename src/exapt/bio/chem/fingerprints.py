"""Morgan (ECFP) fingerprints, folded or as hashes, and RDKit's two-dimensional descriptors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.bio.chem._molecules import mapped, read

LEAST = 4000  # molecules from which several processes are worth their start
LEAST_DESCRIBED = 300  # the same for descriptors, which take milliseconds each
FURTHEST = 1e6  # absolute value at which descriptors are cut; few molecules reach it

_TYPES = {"PEOE_VSA": 14, "SMR_VSA": 10, "SlogP_VSA": 12, "EState_VSA": 11, "VSA_EState": 10}
_SHAPE = """
    SPS MolWt HeavyAtomMolWt ExactMolWt NumValenceElectrons NumRadicalElectrons MaxPartialCharge MinPartialCharge
    MaxAbsPartialCharge MinAbsPartialCharge FpDensityMorgan1 FpDensityMorgan2 FpDensityMorgan3 BCUT2D_MWHI BCUT2D_MWLOW
    BCUT2D_CHGHI BCUT2D_CHGLO BCUT2D_LOGPHI BCUT2D_LOGPLOW BCUT2D_MRHI BCUT2D_MRLOW AvgIpc BalabanJ BertzCT Chi0 Chi0n
    Chi0v Chi1 Chi1n Chi1v Chi2n Chi2v Chi3n Chi3v Chi4n Chi4v HallKierAlpha Kappa1 Kappa2 Kappa3 LabuteASA TPSA
    FractionCSP3 HeavyAtomCount NHOHCount NOCount NumAliphaticCarbocycles NumAliphaticHeterocycles NumAliphaticRings
    NumAmideBonds NumAromaticCarbocycles NumAromaticHeterocycles NumAromaticRings NumAtomStereoCenters
    NumBridgeheadAtoms NumHAcceptors NumHDonors NumHeteroatoms NumHeterocycles NumRotatableBonds
    NumSaturatedCarbocycles NumSaturatedHeterocycles NumSaturatedRings NumSpiroAtoms NumUnspecifiedAtomStereoCenters
    Phi RingCount MolLogP MolMR
"""
_FRAGMENTS = """
    Al_COO Al_OH Al_OH_noTert ArN Ar_COO Ar_N Ar_NH Ar_OH COO COO2 C_O C_O_noCOO C_S HOCCN Imine NH0 NH1 NH2 N_O
    Ndealkylation1 Ndealkylation2 Nhpyrrole SH aldehyde alkyl_carbamate alkyl_halide allylic_oxid amide amidine aniline
    aryl_methyl azide azo barbitur benzene benzodiazepine bicyclic diazo dihydropyridine epoxide ester ether furan
    guanido halogen hdrzine hdrzone imidazole imide isocyan isothiocyan ketone ketone_Topliss lactam lactone methoxy
    morpholine nitrile nitro nitro_arom nitro_arom_nonortho nitroso oxazole oxime para_hydroxylation phenol
    phenol_noOrthoHbond phos_acid phos_ester piperdine piperzine priamide prisulfonamd pyridine quatN sulfide sulfonamd
    sulfone term_acetylene tetrazole thiazole thiocyan thiophene unbrch_alkane urea
"""
_INDICES = ("MaxAbsEStateIndex", "MaxEStateIndex", "MinAbsEStateIndex", "MinEStateIndex")
# All descriptors of RDKit but two: Ipc grows without bound (AvgIpc is here), and qed is a function of eight others.
DESCRIPTORS: tuple[str, ...] = (
    *_INDICES,
    *_SHAPE.split(),
    *(f"{name}{number}" for name, count in _TYPES.items() for number in range(1, count + 1)),
    *(f"fr_{name}" for name in _FRAGMENTS.split()),
)


def morgan(smiles: Sequence[str], *, radius: int = 2, bits: int = 2048) -> sparse.csr_array:
    """Morgan fingerprints, folded: radius 2 is ECFP4.

    Parameters
    ----------
    smiles
        n SMILES.
    radius
        Bonds around each atom.
    bits
        Width.

    Returns
    -------
    csr_array
        (n, bits) float32 of 0 and 1, columns sorted in each row; the row of an unreadable molecule is empty.

    References
    ----------
    Rogers and Hahn (2010), Extended-connectivity fingerprints. doi:10.1021/ci100050t

    Examples
    --------
    >>> rows = morgan(["CCO", "OCC", "x"])
    >>> rows.shape, rows.sum(1).tolist(), (rows[[0]] != rows[[1]]).nnz
    ((3, 2048), [6.0, 6.0, 0.0], 0)
    """
    indptr, codes = features(smiles, radius)
    rows = np.repeat(np.arange(len(smiles)), np.diff(indptr))
    cells = np.unique(rows * bits + (codes % np.uint64(bits)).astype(np.int64))
    counts = np.bincount(cells // bits, minlength=len(smiles))
    bounds = np.concatenate([[0], np.cumsum(counts)])
    ones = np.ones(len(cells), dtype=np.float32)
    return sparse.csr_array((ones, cells % bits, bounds), shape=(len(smiles), bits))


def features(smiles: Sequence[str], radius: int = 2) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Morgan fingerprints, not folded: the hashes of the atom environments of each molecule, each once.

    Parameters
    ----------
    smiles
        n SMILES.
    radius
        Bonds around each atom.

    Returns
    -------
    indptr : array
        (n + 1,) int64; the hashes of molecule i are `codes[indptr[i]:indptr[i + 1]]`.
    codes : array
        uint64, sorted in each molecule; none for an unreadable one.

    Examples
    --------
    >>> indptr, codes = features(["CC", "x"])
    >>> indptr.tolist(), len(codes)
    ([0, 2, 2], 2)
    """
    parts = mapped(partial(_features, radius=radius), smiles, least=LEAST)
    lengths = [np.zeros(1, dtype=np.int64), *(part[0] for part in parts)]
    codes = [np.empty(0, dtype=np.uint64), *(part[1] for part in parts)]
    return np.cumsum(np.concatenate(lengths)), np.concatenate(codes)


def descriptors(smiles: Sequence[str]) -> NDArray[np.float32]:
    """Two-dimensional descriptors of RDKit: counts, weights, charges, surfaces, topology, functional groups.

    Parameters
    ----------
    smiles
        n SMILES.

    Returns
    -------
    array
        (n, D) float32 in the order of `DESCRIPTORS`, within -1e6 and 1e6; 0 where RDKit finds no value (partial
        charges of some metals), and for an unreadable molecule.

    Examples
    --------
    >>> found = descriptors(["CCO", "x"])
    >>> found.shape == (2, len(DESCRIPTORS)), round(float(found[0, DESCRIPTORS.index("MolWt")]), 2), found[1].any()
    (True, 46.07, np.False_)
    """
    parts = mapped(_descriptors, smiles, least=LEAST_DESCRIBED)
    return np.concatenate([np.empty((0, len(DESCRIPTORS)), dtype=np.float32), *parts])


def _features(smiles: Sequence[str], *, radius: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    from rdkit.Chem.rdFingerprintGenerator import GetMorganGenerator

    generator = GetMorganGenerator(radius=radius)
    rows = []
    for text in smiles:
        molecule = read(text)
        found = () if molecule is None else generator.GetSparseCountFingerprint(molecule).GetNonzeroElements()
        rows.append(sorted(found))
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    return lengths, np.array([code for row in rows for code in row], dtype=np.uint64)


def _descriptors(smiles: Sequence[str]) -> NDArray[np.float32]:
    functions = _functions()
    found = np.zeros((len(smiles), len(DESCRIPTORS)))
    for row, text in zip(found, smiles, strict=True):
        molecule = read(text)
        if molecule is not None:
            row[: len(_INDICES)] = _electronic_states(molecule)
            row[len(_INDICES) :] = [_value(function, molecule) for function in functions]
    return np.clip(np.nan_to_num(found, nan=0.0), -FURTHEST, FURTHEST).astype(np.float32)


def _value(function: Callable[[Any], float], molecule: Any) -> float:
    try:
        return function(molecule)
    except ZeroDivisionError:  # an average over the atoms of a molecule of wildcards alone
        return 0.0


@cache
def _functions() -> tuple[Callable[[Any], float], ...]:
    from rdkit.Chem.Descriptors import descList

    known = dict(descList)
    return tuple(known[name] for name in DESCRIPTORS[len(_INDICES) :])


def _electronic_states(molecule: Any) -> tuple[float, float, float, float]:
    """The four descriptors of `_INDICES`; RDKit computes the vector behind them four times over."""
    from rdkit.Chem import EState

    indices: Any = EState.EStateIndices  # RDKit does not say what it takes
    states = indices(molecule)
    sizes = np.abs(states)
    return sizes.max(), states.max(), sizes.min(), states.min()
