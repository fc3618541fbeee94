"""Pairs of molecules that differ little: by fingerprint, or by one group at one place (matched pairs)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.chem._molecules import mapped, read
from exapt.bio.chem.fingerprints import morgan
from exapt.bio.chem.similarity import _similar

Pairs = NDArray[np.int64]

LEAST = 1000  # molecules from which several processes are worth their start
LARGEST = 13  # heavy atoms of an exchanged group
APART = 8  # heavy atoms by which the two groups may differ
HYDROGEN = "[H][*:1]"
CORE = 2  # heavy atoms of the shared part, as a multiple of those of the larger group
Cut = tuple[str, int, int, str]  # shared part, its heavy atoms, heavy atoms of the group, the group


def similar_pairs(smiles: Sequence[str], *, at_least: float = 0.9) -> tuple[Pairs, NDArray[np.float32]]:
    """Pairs by the Tanimoto similarity of ECFP4 fingerprints.

    Parameters
    ----------
    smiles
        n SMILES.
    at_least
        Similarity, in (0, 1].

    Returns
    -------
    pairs : array
        (m, 2) int64, the smaller row number first.
    tanimoto : array
        (m,) float32.

    Examples
    --------
    >>> pairs, tanimoto = similar_pairs(["CCCCCCO", "c1ccccc1", "CCCCCCN", "OCCCCCC"])
    >>> pairs.tolist(), tanimoto.tolist()
    ([[0, 3]], [1.0])
    """
    prints = morgan(smiles)
    pairs, scores = [np.empty((0, 2), dtype=np.int64)], [np.empty(0, dtype=np.float32)]
    for first, second, tanimoto in _similar(prints, prints, at_least):
        once = first < second
        pairs.append(np.stack([first[once], second[once]], 1).astype(np.int64))
        scores.append(tanimoto[once])
    return np.concatenate(pairs), np.concatenate(scores)


def matched_pairs(smiles: Sequence[str]) -> Pairs:
    """Pairs that differ by one group at one place: one cut of a single bond, hydrogen counts as a group.

    The exchanged groups have at most 13 heavy atoms and differ by at most 8; what both molecules share has at least
    twice as many as the larger group, as in [1]_. Salts and mixtures are left out.

    Parameters
    ----------
    smiles
        n SMILES.

    Returns
    -------
    array
        (m, 2) int64, the smaller row number first, sorted.

    References
    ----------
    .. [1] Hu, Hu, Vogt, Stumpfe and Bajorath (2012), MMP-cliffs, doi:10.1021/ci3001138

    Examples
    --------
    >>> matched_pairs(["c1ccccc1CC(=O)O", "Clc1ccc(cc1)CC(=O)O", "c1ccccc1CC(=O)OC", "CCO"]).tolist()
    [[0, 1], [0, 2]]
    """
    cuts = list(chain.from_iterable(mapped(_cuts, smiles, least=LEAST)))
    members: dict[str, list[tuple[int, Cut]]] = {}
    for row, found in enumerate(cuts):
        for cut in found:
            members.setdefault(cut[0], []).append((row, cut))
    pairs = {
        (first, second)
        for same in members.values()
        for (first, one), (second, other) in combinations(same, 2)
        if first != second and one[3] != other[3] and abs(one[2] - other[2]) <= APART
    }
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _cuts(smiles: Sequence[str]) -> list[list[Cut]]:
    """Every way to cut a molecule into a large part and a small group, with hydrogens as groups."""
    return [_cuts_of(text) for text in smiles]


def _cuts_of(text: str) -> list[Cut]:
    from rdkit import Chem
    from rdkit.Chem.rdMMPA import FragmentMol

    molecule = read(text)
    if molecule is None or "." in text:
        return []
    Chem.RemoveStereochemistry(molecule)
    heavy = molecule.GetNumHeavyAtoms()
    found = {(core, heavy, 0, HYDROGEN) for core in _hydrogens(molecule)}
    for _, parts in FragmentMol(molecule, minCuts=1, maxCuts=1, maxCutBonds=40, resultsAsMols=False):
        sides = [(part, Chem.MolFromSmiles(part)) for part in parts.split(".")]
        for (core, side), (group, _) in zip(sides, sides[::-1], strict=True):
            size = side.GetNumAtoms() - 1  # without the mark of the cut
            if heavy - size <= LARGEST and size >= CORE * (heavy - size):
                found.add((core, size, heavy - size, group))
    return sorted(found)


def _hydrogens(molecule: Any) -> set[str]:
    """The molecule with the mark of a cut in place of a hydrogen, at each kind of atom that has one."""
    from rdkit import Chem

    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False))
    found = set()
    for atom in {ranks[a.GetIdx()]: a.GetIdx() for a in molecule.GetAtoms() if a.GetTotalNumHs()}.values():
        edited = Chem.RWMol(molecule)
        mark = Chem.Atom(0)
        mark.SetAtomMapNum(1)
        at = edited.GetAtomWithIdx(atom)
        if at.GetNumExplicitHs():
            at.SetNumExplicitHs(at.GetNumExplicitHs() - 1)
        edited.AddBond(atom, edited.AddAtom(mark), Chem.BondType.SINGLE)
        found.add(Chem.MolToSmiles(edited))
    return found
