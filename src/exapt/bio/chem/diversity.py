"""Choose few molecules that are unlike each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

from exapt.bio.chem._molecules import mapped, read
from exapt.core.errors import ConfigError, nearest

Rule = Literal["sphere", "maxmin"]
RULES: tuple[str, ...] = get_args(Rule)
BITS = 2048
LEAST = 1 << 62  # one process: fingerprints of RDKit cross between processes more slowly than they are made


def pick(
    smiles: Sequence[str], count: int, *, how: str = "sphere", at_most: float = 0.5, family: str = "ecfp4"
) -> list[int]:
    """Rows of a diverse choice from a list in which the best stands first.

    Parameters
    ----------
    smiles
        n SMILES, the best first; those that RDKit cannot read are never picked.
    count
        How many are wanted; fewer come where there are no more, or no more that are unlike.
    how
        ``sphere``: the best, then the next best that is unlike all before (sphere exclusion). ``maxmin``: the best,
        then always the one whose nearest neighbour among the picked is the farthest, whatever its place in the list.
    at_most
        Tanimoto similarity from which a molecule is too like one that ``sphere`` picked before, in (0, 1].
    family
        ``ecfp4`` or ``fcfp4``, 2,048 bits.

    Returns
    -------
    list
        Row numbers in the order of the choice.

    Raises
    ------
    ConfigError
        Where an option is out of its range.

    References
    ----------
    Ashton et al. (2002), Identification of diverse database subsets using property-based and fragment-based molecular
    descriptions. doi:10.1002/qsar.200290002
    Gobbi and Lee (2003), DISE: directed sphere exclusion. doi:10.1021/ci025554v

    Examples
    --------
    >>> pick(["CCCCCO", "CCCCCCO", "x", "c1ccccc1", "CCCCCN"], 3)
    [0, 3, 4]
    >>> pick(["CCCCCO", "CCCCCCO", "x", "c1ccccc1", "CCCCCN"], 2, how="maxmin")
    [0, 3]
    """
    from rdkit.SimDivFilters import rdSimDivPickers

    if how not in RULES:
        raise ConfigError(f"Unknown rule of picking {how!r}. {nearest(how, RULES)}")
    if not 0 < at_most <= 1:
        raise ConfigError(f"at_most is a Tanimoto similarity in (0, 1]; found {at_most:g}.")
    if family not in ("ecfp4", "fcfp4"):
        raise ConfigError(f"Unknown family of fingerprints {family!r}. {nearest(family, ('ecfp4', 'fcfp4'))}")
    parts = mapped(_ecfp4 if family == "ecfp4" else _fcfp4, smiles, least=LEAST)
    found = [fingerprint for part in parts for fingerprint in part]
    rows = [row for row, fingerprint in enumerate(found) if fingerprint is not None]
    known = [found[row] for row in rows]
    wanted = min(count, len(known))
    if wanted < 1:
        return []
    if how == "maxmin":
        picker = rdSimDivPickers.MaxMinPicker()
        chosen = picker.LazyBitVectorPick(known, len(known), wanted, firstPicks=[0], seed=0)
    else:
        chosen = rdSimDivPickers.LeaderPicker().LazyBitVectorPick(known, len(known), 1 - at_most, wanted)
    return [rows[number] for number in chosen]


def _ecfp4(smiles: Sequence[str]) -> list[Any]:
    return _bits(smiles, features=False)


def _fcfp4(smiles: Sequence[str]) -> list[Any]:
    return _bits(smiles, features=True)


def _bits(smiles: Sequence[str], *, features: bool) -> list[Any]:
    from rdkit.Chem import rdFingerprintGenerator as of

    types = of.GetMorganFeatureAtomInvGen() if features else None
    generator = of.GetMorganGenerator(radius=2, fpSize=BITS, atomInvariantsGenerator=types)
    molecules = (read(text) for text in smiles)
    return [None if molecule is None else generator.GetFingerprint(molecule) for molecule in molecules]
