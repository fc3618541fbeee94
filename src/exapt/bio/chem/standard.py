"""One spelling for each molecule, and one key for all salts, charges and stereo forms of a parent molecule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.chem._molecules import mapped, parsed_once, read

__all__ = ["canonical", "neutral", "parsed_once", "problem", "readable"]
INCHI = "InChI="
LEAST = 4000  # molecules from which several processes are worth their start
# Charges that a proton more or less removes: those beside an opposite charge (nitro, N-oxide, azide) belong there.
_CHARGED = "[+1!h0!$([*]~[-1,-2,-3,-4]),-1!$([*]~[+1,+2,+3,+4])]"


def canonical(smiles: Sequence[str], *, stereo: bool = True) -> list[str | None]:
    """Canonical isomeric SMILES of RDKit: stereo, isotopes, charges and all fragments as written.

    Parameters
    ----------
    smiles
        n SMILES.
    stereo
        False: leave stereo and isotopes out.

    Returns
    -------
    list
        n spellings; None where RDKit cannot read the molecule, or it has no atom.

    Examples
    --------
    >>> canonical(["OCC", "C(C)O", "c1ccccc1.Cl", "C(C)(C)(C)(C)C"])
    ['CCO', 'CCO', 'Cl.c1ccccc1', None]
    """
    return list(chain.from_iterable(mapped(partial(_canonical, stereo=stereo), smiles, least=LEAST)))


def neutral(smiles: Sequence[str]) -> list[str | None]:
    """Canonical SMILES of the largest organic fragment, its charges neutralised, without isotopes and stereo.

    It is the same for the salts, protonation states, stereoisomers and labelled forms of one parent molecule, so it
    finds the copies that `canonical` misses. Charges that cannot be neutralised by protons (quaternary nitrogen,
    nitro groups) stay; tautomers stay different.

    Parameters
    ----------
    smiles
        n SMILES.

    Returns
    -------
    list
        n spellings; None where RDKit cannot read the molecule, or it has no atom.

    Examples
    --------
    >>> neutral(["C[C@H](N)C(=O)O", "C[C@@H]([NH3+])C(=O)[O-]", "[Na+].CC(N)C(=O)[O-]", "x"])
    ['CC(N)C(=O)O', 'CC(N)C(=O)O', 'CC(N)C(=O)O', None]
    """
    return list(chain.from_iterable(mapped(_neutral, smiles, least=LEAST)))


def readable(smiles: Sequence[str]) -> NDArray[np.bool_]:
    """Whether RDKit can read each of n SMILES and finds an atom, (n,).

    Examples
    --------
    >>> readable(["CCO", "", "C(C"]).tolist()
    [True, False, False]
    """
    parts = mapped(_readable, smiles, least=LEAST)
    return np.fromiter(chain.from_iterable(parts), dtype=np.bool_, count=len(smiles))


def problem(smiles: str) -> str | None:
    """Why RDKit cannot read a SMILES; None where it can.

    Examples
    --------
    >>> problem("CCO"), problem("C(C")
    (None, 'the spelling is no SMILES')
    >>> problem("CN(C)(C)C")
    'Explicit valence for atom # 1 N, 4, is greater than permitted'
    >>> problem("InChI=1S/CH4/h1H4")
    'an InChI, no SMILES; the rule from_inchi reads it'
    """
    from rdkit import Chem, rdBase

    if not smiles.strip():
        return "no atom"
    if smiles.startswith(INCHI):
        return "an InChI, no SMILES; the rule from_inchi reads it"
    with rdBase.BlockLogs():
        if read(smiles) is not None:
            return None
        molecule = Chem.MolFromSmiles(smiles, sanitize=False)
        if molecule is None:
            comma = " (it holds a comma: is the separator of the file right?)" if "," in smiles else ""
            return f"the spelling is no SMILES{comma}"
        if not molecule.GetNumAtoms():
            return "no atom"
        found = Chem.DetectChemistryProblems(molecule)
        return str(found[0].Message()) if found else "RDKit cannot make a molecule of it"


def _canonical(smiles: Sequence[str], *, stereo: bool) -> list[str | None]:
    from rdkit import Chem

    molecules = (read(text) for text in smiles)
    return [None if molecule is None else Chem.MolToSmiles(molecule, isomericSmiles=stereo) for molecule in molecules]


def _readable(smiles: Sequence[str]) -> list[bool]:
    return [read(text) is not None for text in smiles]


def _neutral(smiles: Sequence[str]) -> list[str | None]:
    from rdkit import Chem

    found: list[str | None] = []
    for text in smiles:
        molecule = read(text)
        if molecule is None:
            found.append(None)
            continue
        if "." in text:
            molecule = _parent(molecule)
        if "[" in text:  # charges, isotopes and atom numbers stand in brackets only
            molecule = _uncharged(molecule)
        found.append(Chem.MolToSmiles(molecule, isomericSmiles=False))
    return found


def _parent(molecule: Any) -> Any:
    """The fragment with carbon and the most heavy atoms; of equal ones the heaviest, then the first by spelling."""
    from rdkit import Chem
    from rdkit.Chem.rdMolDescriptors import CalcExactMolWt

    def order(fragment: Any) -> tuple[bool, int, float, str]:
        organic = any(atom.GetAtomicNum() == 6 for atom in fragment.GetAtoms())
        spelled = Chem.MolToSmiles(fragment, isomericSmiles=False)
        return not organic, -fragment.GetNumHeavyAtoms(), -CalcExactMolWt(fragment), spelled

    return min(Chem.GetMolFrags(molecule, asMols=True), key=order)


def _uncharged(molecule: Any) -> Any:
    from rdkit import Chem

    molecule = Chem.Mol(molecule)
    labelled = False
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(0)
        if atom.GetIsotope():
            labelled = True
            atom.SetIsotope(0)
    for (number,) in molecule.GetSubstructMatches(_charged_pattern()):
        _neutralise(molecule.GetAtomWithIdx(number))
    return Chem.RemoveHs(molecule) if labelled else molecule


def _neutralise(atom: Any) -> None:
    """Add or take hydrogens for the charge of an atom, unless it has no place for them (tetrafluoroborate)."""
    from rdkit import Chem

    charge, explicit, hydrogens = atom.GetFormalCharge(), atom.GetNumExplicitHs(), atom.GetTotalNumHs()
    atom.SetFormalCharge(0)
    atom.SetNumExplicitHs(hydrogens - charge)
    try:
        atom.UpdatePropertyCache()
    except Chem.AtomValenceException:
        atom.SetFormalCharge(charge)
        atom.SetNumExplicitHs(explicit)
        atom.UpdatePropertyCache()


@cache
def _charged_pattern() -> Any:
    from rdkit import Chem

    return Chem.MolFromSmarts(_CHARGED)
