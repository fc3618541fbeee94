"""Molecules as graphs: small integers for each atom and each bond, many molecules at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.chem._molecules import mapped, read

LEAST = 4000  # molecules from which several processes are worth their start
MASKED = 119  # level of the first feature of an atom that stands for a masked one, in both schemes
MASKED_BOND = 5  # the same of a bond
MOST_ATOMS = 2**15 - 1  # atom numbers are int16
ELEMENTS = 118

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Scheme:
    """Which features describe an atom and a bond: name -> number of levels, in the order of the columns."""

    atom: Mapping[str, int]
    bond: Mapping[str, int]


SCHEMES: dict[str, Scheme] = {
    "full": Scheme(
        {
            "atomic number": 120,  # 0 = none (wildcard), 1 ... 118, 119 = masked
            "neighbours": 8,  # 0 ... 6, 7 = more
            "charge": 8,  # -3 ... 3 as 0 ... 6, 7 = beyond
            "hydrogens": 6,  # 0 ... 4, 5 = more
            "hybridisation": 8,  # other, s, sp, sp2, sp3, sp2d, sp3d, sp3d2
            "aromatic": 2,
            "smallest ring": 8,  # 0 = in none, 3 ... 8 as 1 ... 6, 7 = larger
            "stereo": 4,  # none, R, S, stated without a label
        },
        {
            "type": 6,  # single, double, triple, aromatic, other, masked
            "conjugated": 2,
            "in a ring": 2,
            "stereo": 4,  # none, Z, E, stated without a label
        },
    ),
    "hu": Scheme(
        {
            "atomic number": 120,  # Z - 1, 118 = none (wildcard), 119 = masked
            "chirality": 3,  # of RDKit: unspecified or other, clockwise, counter-clockwise
        },
        {
            "type": 6,  # single, double, triple, aromatic, self-loop (made by the network), masked or other
            "direction": 3,  # none, up, down
        },
    ),
}


@dataclass(frozen=True)
class Graphs:
    """n molecules one after another.

    Attributes
    ----------
    atoms
        (all atoms, A) uint8: a feature a column.
    bonds
        (2 x all bonds, 2 + F) int16: from, to (counted within the molecule) and features. The two directions of a bond
        follow one another.
    atom_ends, bond_ends
        (n + 1,) int64: molecule i has ``atoms[atom_ends[i]:atom_ends[i + 1]]``; an unreadable one has no atom.
    """

    atoms: NDArray[np.uint8]
    bonds: NDArray[np.int16]
    atom_ends: Codes
    bond_ends: Codes

    def __len__(self) -> int:
        return len(self.atom_ends) - 1

    def __getitem__(self, i: int) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
        atoms, bonds = self.atom_ends, self.bond_ends
        return self.atoms[atoms[i] : atoms[i + 1]], self.bonds[bonds[i] : bonds[i + 1]]


def graphs(smiles: Sequence[str], scheme: str = "full") -> Graphs:
    """Atoms and bonds of molecules as small integers, in the order in which RDKit reads them.

    ``full`` describes what RDKit perceives, and does not depend on how a molecule is written: charge, hydrogens,
    hybridisation, aromaticity, rings, R/S and Z/E. ``hu`` is the featurisation of published graph networks:
    atomic number and chirality, type and direction of bonds [1]_.

    Parameters
    ----------
    smiles
        n SMILES.
    scheme
        A name of `SCHEMES`, which says what each level means.

    Returns
    -------
    Graphs
        Of the n molecules. One that RDKit cannot read, or that has no atom or more than 32,767, has no atom here.

    References
    ----------
    .. [1] Hu et al. (2020), Strategies for pre-training graph neural networks. arXiv:1905.12265

    Examples
    --------
    >>> found = graphs(["CO", "x", "[Na+].[Cl-]"], "hu")
    >>> found[0][0].tolist(), found[0][1].tolist()
    ([[5, 0], [7, 0]], [[0, 1, 0, 0], [1, 0, 0, 0]])
    >>> [len(found[i][0]) for i in range(3)]
    [2, 0, 2]
    """
    chosen = SCHEMES[scheme]
    parts = mapped(partial(_graphs, scheme=scheme), smiles, least=LEAST)
    empty = np.zeros((0, len(chosen.atom)), np.uint8), np.zeros((0, 2 + len(chosen.bond)), np.int16)
    none = np.zeros(0, dtype=np.int64)
    atoms, bonds, sizes, counts = zip((*empty, none, none), *parts, strict=True)
    ends = [np.concatenate([[0], np.cumsum(np.concatenate(numbers))]) for numbers in (sizes, counts)]
    return Graphs(np.concatenate(atoms), np.concatenate(bonds), *ends)


def _graphs(smiles: Sequence[str], *, scheme: str) -> tuple[NDArray[np.uint8], NDArray[np.int16], Codes, Codes]:
    """Atoms, both directions of bonds, and how many of each molecule."""
    molecules = [_small(read(text)) for text in smiles]
    real = [row for row, molecule in enumerate(molecules) if molecule is not None]
    chunk = _Chunk([molecules[row] for row in real], [smiles[row] for row in real])
    sizes, counts = np.zeros((2, len(smiles)), dtype=np.int64)
    sizes[real], counts[real] = np.diff(chunk.atom_starts), 2 * np.diff(chunk.bond_starts)
    atoms, bonds = (_full if scheme == "full" else _hu)(chunk)
    forward = np.stack([chunk.begins, chunk.ends, *bonds], axis=1).astype(np.int16)
    both = np.repeat(forward, 2, axis=0)
    both[1::2, :2] = forward[:, 1::-1]
    return np.stack(atoms, axis=1).astype(np.uint8), both, sizes, counts


def _small(molecule: Any) -> Any:
    return None if molecule is None or molecule.GetNumAtoms() > MOST_ATOMS else molecule


def _full(chunk: _Chunk) -> tuple[list[Codes], list[Codes]]:
    from rdkit.Chem import Atom, Bond

    numbers, types = chunk.of_atoms(Atom.GetAtomicNum), chunk.bond_types(other=4)
    charge = chunk.of_atoms(Atom.GetFormalCharge, "[")
    smallest, in_ring = chunk.rings()
    atoms = [
        np.where(numbers > ELEMENTS, 0, numbers),
        np.minimum(chunk.count_at_atoms(types >= 0), 7),
        np.where(np.abs(charge) > 3, 7, charge + 3),
        np.minimum(chunk.of_atoms(Atom.GetTotalNumHs), 5),
        chunk.of_atoms(Atom.GetHybridization) % 8,  # 0 = unspecified, 8 = other
        np.minimum(chunk.count_at_atoms(types == AROMATIC), 1),
        np.clip(smallest - 2, 0, 7),
        chunk.of_atoms(_label, "@", "|"),
    ]
    stereo = _BOND_STEREO[chunk.of_bonds(Bond.GetStereo, "/", "\\", "|")]
    return atoms, [types, chunk.of_bonds(Bond.GetIsConjugated), in_ring, stereo]


def _hu(chunk: _Chunk) -> tuple[list[Codes], list[Codes]]:
    from rdkit.Chem import Atom, Bond

    numbers = chunk.of_atoms(Atom.GetAtomicNum)
    chirality = chunk.of_atoms(Atom.GetChiralTag, "@", "|")
    atoms = [
        np.where((numbers < 1) | (numbers > ELEMENTS), ELEMENTS, numbers - 1),
        np.where(chirality > 2, 0, chirality),
    ]
    direction = chunk.of_bonds(Bond.GetBondDir, "/", "\\")
    return atoms, [chunk.bond_types(other=MASKED_BOND), _BOND_DIRECTION[direction]]


_BOND_TYPE = {1: 0, 2: 1, 3: 2, 12: 3}  # RDKit's numbers of single, double, triple and aromatic bonds
_BOND_STEREO = np.array([0, 3, 1, 2, 3, 3, 3, 3])  # of RDKit's none, any, Z, E, cis, trans and two atropisomers
_BOND_DIRECTION = np.array([0, 0, 0, 2, 1, 0, 0])  # of RDKit's 3 = down and 4 = up; others are of drawings
AROMATIC = 3


def _label(atom: Any) -> int:
    """1 = R, 2 = S, 3 = stereo is stated, but the centre has no label (in a ring, or not tetrahedral)."""
    if int(atom.GetChiralTag()) == 0:
        return 0
    return {"R": 1, "S": 2}.get(atom.GetProp("_CIPCode"), 3) if atom.HasProp("_CIPCode") else 3


class _Chunk:
    """Some molecules, whose atoms and bonds are asked one question at a time.

    Calls of RDKit cost more than anything else here, so there are few: what can be counted from the bonds is, and
    questions that only some letters of a SMILES can give an answer to are put to those molecules alone.
    """

    def __init__(self, molecules: list[Any], texts: list[str]) -> None:
        from rdkit.Chem import Bond

        self.molecules, self.texts = molecules, texts
        atoms, bonds = ([m.GetNumAtoms() for m in molecules], [m.GetNumBonds() for m in molecules])
        self.atoms = [atom for m, n in zip(molecules, atoms, strict=True) for atom in map(m.GetAtomWithIdx, range(n))]
        self.bonds = [bond for m, n in zip(molecules, bonds, strict=True) for bond in map(m.GetBondWithIdx, range(n))]
        self.atom_starts, self.bond_starts = np.cumsum([0, *atoms]), np.cumsum([0, *bonds])
        self.begins, self.ends = self.of_bonds(Bond.GetBeginAtomIdx), self.of_bonds(Bond.GetEndAtomIdx)

    def of_atoms(self, ask: Callable[[Any], int], *letters: str) -> Codes:
        """An answer an atom; with letters, 0 in molecules whose SMILES has none of them."""
        return self._ask(ask, self.atoms, self.atom_starts, letters)

    def of_bonds(self, ask: Callable[[Any], int], *letters: str) -> Codes:
        """An answer a bond; with letters, 0 in molecules whose SMILES has none of them."""
        return self._ask(ask, self.bonds, self.bond_starts, letters)

    def _ask(self, ask: Callable[[Any], int], items: list[Any], starts: Codes, letters: Sequence[str]) -> Codes:
        if not letters:
            return np.fromiter(map(ask, items), dtype=np.int64, count=len(items))
        found = np.zeros(len(items), dtype=np.int64)
        for row, text in enumerate(self.texts):
            if any(letter in text for letter in letters):
                here = slice(starts[row], starts[row + 1])
                found[here] = list(map(ask, items[here]))
        return found

    def bond_types(self, other: int) -> Codes:
        """0 ... 3 = single, double, triple, aromatic."""
        from rdkit.Chem import Bond

        table = np.full(32, other)
        table[list(_BOND_TYPE)] = list(_BOND_TYPE.values())
        return table[self.of_bonds(Bond.GetBondType)]

    def count_at_atoms(self, chosen: NDArray[np.bool_]) -> Codes:
        """How many of the chosen bonds each atom has."""
        offsets = np.repeat(self.atom_starts[:-1], np.diff(self.bond_starts))
        touched = np.concatenate([(offsets + self.begins)[chosen], (offsets + self.ends)[chosen]])
        return np.bincount(touched, minlength=len(self.atoms))

    def rings(self) -> tuple[Codes, Codes]:
        """Size of the smallest ring of each atom, 0 without one; and whether each bond is in a ring, 0 or 1."""
        known = [molecule.GetRingInfo() for molecule in self.molecules]
        smallest = np.full(len(self.atoms), MOST_ATOMS)
        where, sizes = _members([info.AtomRings() for info in known], self.atom_starts)
        np.minimum.at(smallest, where, sizes)
        in_ring = np.zeros(len(self.bonds), dtype=np.int64)
        in_ring[_members([info.BondRings() for info in known], self.bond_starts)[0]] = 1
        return np.where(smallest == MOST_ATOMS, 0, smallest), in_ring


def _members(rings: Sequence[Sequence[Sequence[int]]], starts: Codes) -> tuple[Codes, Codes]:
    """Members of all rings of a chunk, and the size of the ring that each stands in."""
    flat = [(start, ring) for start, found in zip(starts[:-1].tolist(), rings, strict=True) for ring in found]
    sizes = np.fromiter((len(ring) for _, ring in flat), dtype=np.int64, count=len(flat))
    offsets = np.fromiter((start for start, _ in flat), dtype=np.int64, count=len(flat))
    members = np.fromiter(chain.from_iterable(ring for _, ring in flat), dtype=np.int64, count=int(sizes.sum()))
    return members + np.repeat(offsets, sizes), np.repeat(sizes, sizes)
