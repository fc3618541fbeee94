"""Standardisation of molecules, one step each, by RDKit's MolStandardize.

A molecule that needs no change keeps its spelling, and one that cannot be read is left as it is. What each step looks
for shows in the spelling (a dot, a charge, an isotope, a stereo mark), so that only molecules that may have it are read
at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import chain
from typing import Any

from exapt.bio.chem._molecules import log_of, mapped, read
from exapt.bio.chem.standard import INCHI

LEAST = 2000  # molecules from which several processes are worth their start
_SALT = re.compile(r"\.")
_CHARGE = re.compile(r"\[[^\]]*[+-][^\]]*\]")
_ISOTOPE = re.compile(r"\[\d")
_STEREO = re.compile(r"[@/\\]")


def largest_fragment(smiles: Sequence[str]) -> list[str]:
    """The largest organic fragment of each molecule that has several: salts, counter-ions and solvents are left out.

    Largest is the one with the most atoms, hydrogens included; of equal ones the heaviest, then the first by spelling.
    A molecule without an organic fragment keeps its largest one.

    Parameters
    ----------
    smiles
        n SMILES.

    Returns
    -------
    list
        n SMILES.

    Examples
    --------
    >>> largest_fragment(["OCC", "Cl.CCN", "CC(=O)[O-].[Na+]", "[Na+].[Cl-]"])
    ['OCC', 'CCN', 'CC(=O)[O-]', '[Cl-]']
    """
    return _changed(smiles, _SALT, _largest)


def neutralise(smiles: Sequence[str]) -> list[str]:
    """Molecules without charges that a proton more or less removes.

    Charges that belong to a neutral molecule stay (nitro groups, N-oxides, azides), and so do those that no proton can
    take (quaternary nitrogen) with the opposite charge that balances them: an inner salt stays an inner salt.

    Parameters
    ----------
    smiles
        n SMILES.

    Returns
    -------
    list
        n SMILES.

    Examples
    --------
    >>> neutralise(["C[NH3+]", "C[C@H]([NH3+])C(=O)[O-]", "C[N+](=O)[O-]", "C[N+](C)(C)CC(=O)[O-]", "OCC"])
    ['CN', 'C[C@H](N)C(=O)O', 'C[N+](=O)[O-]', 'C[N+](C)(C)CC(=O)[O-]', 'OCC']
    """
    return _changed(smiles, _CHARGE, _neutral)


def without_isotopes(smiles: Sequence[str]) -> list[str]:
    """Molecules without isotope labels; labelled hydrogens become ordinary ones.

    Examples
    --------
    >>> without_isotopes(["[13CH3]O", "[2H]C(Cl)(Cl)Cl", "OC"])
    ['CO', 'ClC(Cl)Cl', 'OC']
    """
    return _changed(smiles, _ISOTOPE, _unlabelled)


def without_stereo(smiles: Sequence[str]) -> list[str]:
    """Molecules without stereo centres and double-bond geometry.

    Examples
    --------
    >>> without_stereo(["C[C@H](N)C(=O)O", "C/C=C/C", "OC"])
    ['CC(N)C(=O)O', 'CC=CC', 'OC']
    """
    return _changed(smiles, _STEREO, _flat)


def from_inchi(texts: Sequence[str]) -> list[str | None]:
    """SMILES of those that are InChI; others as they are, None where RDKit cannot read the InChI.

    Examples
    --------
    >>> from_inchi(["InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3", "CC", "InChI=1S/xx"])
    ['CCO', 'CC', None]
    """
    return _each(texts, [text.startswith(INCHI) for text in texts], _of_inchi)


def problem_of_inchi(text: str) -> str:
    """Why RDKit cannot read an InChI."""
    from rdkit import Chem

    _, log = log_of(Chem.MolFromInchi, text)
    return log or "RDKit cannot read this InChI"


def _changed(smiles: Sequence[str], sign: re.Pattern[str], change: Callable[[Any], Any]) -> list[str]:
    """Change the molecules whose spelling shows the sign; a spelling that stays the same molecule is not touched."""
    chosen = [sign.search(text) is not None for text in smiles]
    found = _each(smiles, chosen, partial(_spelled, change=change))
    return [text if new is None else new for text, new in zip(smiles, found, strict=True)]


def _each(
    texts: Sequence[str], chosen: Sequence[bool], function: Callable[[Sequence[str]], list[str | None]]
) -> list[str | None]:
    """A function of the chosen texts, each different one once; the others as they are."""
    distinct = list(dict.fromkeys(text for text, wanted in zip(texts, chosen, strict=True) if wanted))
    known = dict(zip(distinct, chain.from_iterable(mapped(function, distinct, least=LEAST)), strict=True))
    return [known.get(text, text) if wanted else text for text, wanted in zip(texts, chosen, strict=True)]


def _spelled(smiles: Sequence[str], *, change: Callable[[Any], Any]) -> list[str | None]:
    """Canonical spelling after a change; None where nothing changed, or the molecule cannot be read."""
    from rdkit import Chem

    found: list[str | None] = []
    for text in smiles:
        molecule = read(text)
        if molecule is None:
            found.append(None)
            continue
        before, after = Chem.MolToSmiles(molecule), Chem.MolToSmiles(change(molecule))
        found.append(None if after == before else after)
    return found


def _of_inchi(texts: Sequence[str]) -> list[str | None]:
    from rdkit import Chem

    parse: Any = Chem.MolFromInchi
    molecules = (parse(text) for text in texts)
    return [Chem.MolToSmiles(one) if one is not None and one.GetNumAtoms() else None for one in molecules]


def _largest(molecule: Any) -> Any:
    return _tools()[0].choose(molecule)


def _neutral(molecule: Any) -> Any:
    return _tools()[1].uncharge(molecule)


@cache
def _tools() -> tuple[Any, Any]:
    from rdkit.Chem.MolStandardize import rdMolStandardize

    return rdMolStandardize.LargestFragmentChooser(preferOrganic=True), rdMolStandardize.Uncharger()


def _unlabelled(molecule: Any) -> Any:
    from rdkit import Chem

    molecule = Chem.Mol(molecule)
    for atom in molecule.GetAtoms():
        atom.SetIsotope(0)
    if not any(atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()):
        return molecule
    return Chem.RemoveHs(molecule)


def _flat(molecule: Any) -> Any:
    from rdkit import Chem

    molecule = Chem.Mol(molecule)
    Chem.RemoveStereochemistry(molecule)
    return molecule
