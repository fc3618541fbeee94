"""From mol blocks (the structures of an SDF) to SMILES, many at a time; what cannot be read comes with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from exapt.bio.chem._molecules import log_of, mapped

LEAST = 2000  # blocks from which several processes are worth their start


class Structure(NamedTuple):
    """A molecule that was drawn.

    Attributes
    ----------
    smiles
        Canonical isomeric SMILES, its stereo from wedges (2D) or coordinates (3D); of a molecule with a chemical
        problem as drawn; empty where there is nothing to spell.
    problem
        Why RDKit cannot read it; None where it can.
    """

    smiles: str
    problem: str | None = None


def structures(blocks: Sequence[str]) -> list[Structure]:
    r"""Read mol blocks (V2000 or V3000).

    Parameters
    ----------
    blocks
        n mol blocks, from the title to ``M  END``.

    Returns
    -------
    list
        n structures.

    Examples
    --------
    >>> head, atom = "\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n", "    0.0000    0.0000    0.0000 {:3} 0  0\n"
    >>> structures([head + atom.format("O") + "M  END\n"])
    [Structure(smiles='O', problem=None)]
    >>> structures(["x\n\n\nbroken\nM  END\n"])[0].problem
    "Cannot convert 'bro' to unsigned int on line 4"
    """
    found = list(chain.from_iterable(mapped(_read, blocks, least=LEAST)))
    return [_explained(block) if one is None else one for block, one in zip(blocks, found, strict=True)]


def _read(blocks: Sequence[str]) -> list[Structure | None]:
    from rdkit import Chem

    molecules = (Chem.MolFromMolBlock(block) for block in blocks)
    return [Structure(Chem.MolToSmiles(one)) if one is not None and one.GetNumAtoms() else None for one in molecules]


def _explained(block: str) -> Structure:
    from rdkit import Chem, rdBase

    molecule, log = log_of(Chem.MolFromMolBlock, block, sanitize=False)
    if molecule is None:
        return Structure("", log or "RDKit cannot read the mol block")
    if not molecule.GetNumAtoms():
        return Structure("", "no atom")
    with rdBase.BlockLogs():
        problems = Chem.DetectChemistryProblems(molecule)
        spelled = Chem.MolToSmiles(molecule)
    return Structure(spelled, str(problems[0].Message()) if problems else "RDKit cannot make a molecule of it")
