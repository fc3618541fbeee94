"""Molecules as graphs: small integers for each atom and each bond, many molecules at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
    chunk = (_full_chunk if scheme == "full" else _hu_chunk)(smiles)
    atoms, bonds = (_full if scheme == "full" else _hu)(chunk)
    forward = np.stack([chunk.bond["begin"], chunk.bond["end"], *bonds], axis=1).astype(np.int16)
    both = np.repeat(forward, 2, axis=0)
    both[1::2, :2] = forward[:, 1::-1]
    return np.stack(atoms, axis=1).astype(np.uint8), both, chunk.atoms, 2 * chunk.bonds


Question = tuple[Callable[[Any], int], str]  # what is asked, and the letters of which a SMILES needs one


class _Chunk:
    """What RDKit says about some molecules, one after another.

    Calls of RDKit cost more than anything else here, so there are few: what can be counted from bonds is, and where
    only certain letters of a SMILES can give an answer other than 0, a molecule without them is not asked. The objects
    of a molecule are let go before those of the next are made, or the garbage collector would walk over all of them.

    Attributes
    ----------
    atoms, bonds
        How many each molecule has, (n,); none where it cannot be read or is too large.
    atom, bond
        Name of a question -> an answer an atom or bond.
    atom_rings, bond_rings
        Members of all rings, counted over the chunk, and the size of the ring of each.
    """

    def __init__(self, smiles: Sequence[str], atom: Mapping[str, Question], bond: Mapping[str, Question]) -> None:
        atom_answers: dict[str, list[int]] = {name: [] for name in atom}
        bond_answers: dict[str, list[int]] = {name: [] for name in bond}
        self.atom_rings, self.bond_rings = _Rings(), _Rings()
        sizes = np.zeros((len(smiles), 2), dtype=np.int64)
        for row, text in enumerate(smiles):
            molecule = read(text)
            if molecule is None or molecule.GetNumAtoms() > MOST_ATOMS:
                continue
            sizes[row] = n_atoms, n_bonds = molecule.GetNumAtoms(), molecule.GetNumBonds()
            _ask(atom, atom_answers, [molecule.GetAtomWithIdx(i) for i in range(n_atoms)], text)
            _ask(bond, bond_answers, [molecule.GetBondWithIdx(i) for i in range(n_bonds)], text)
            self.atom_rings.add(molecule.GetRingInfo().AtomRings(), n_atoms)
            self.bond_rings.add(molecule.GetRingInfo().BondRings(), n_bonds)
        self.atoms, self.bonds = sizes.T
        self.atom = {name: np.array(found, dtype=np.int64) for name, found in atom_answers.items()}
        self.bond = {name: np.array(found, dtype=np.int64) for name, found in bond_answers.items()}

    def at_atoms(self, chosen: NDArray[np.bool_]) -> Codes:
        """How many of the chosen bonds each atom has."""
        starts = np.repeat(np.cumsum(self.atoms) - self.atoms, self.bonds)
        ends = [(starts + self.bond[end])[chosen] for end in ("begin", "end")]
        return np.bincount(np.concatenate(ends), minlength=int(self.atoms.sum()))


def _ask(questions: Mapping[str, Question], answers: dict[str, list[int]], items: list[Any], text: str) -> None:
    for name, (ask, letters) in questions.items():
        relevant = not letters or any(letter in text for letter in letters)
        answers[name].extend(map(ask, items) if relevant else [0] * len(items))


class _Rings:
    """The rings of a chunk, gathered molecule by molecule."""

    def __init__(self) -> None:
        self.count = 0
        self.members: list[int] = []
        self.sizes: list[int] = []

    def add(self, rings: Sequence[Sequence[int]], count: int) -> None:
        """The rings of a molecule with that many atoms or bonds."""
        for ring in rings:
            self.members.extend([self.count + member for member in ring])
            self.sizes.extend([len(ring)] * len(ring))
        self.count += count

    def smallest(self) -> Codes:
        """Size of the smallest ring of each atom or bond; 0 without one."""
        found = np.full(self.count, MOST_ATOMS)
        np.minimum.at(found, np.array(self.members, dtype=np.int64), np.array(self.sizes, dtype=np.int64))
        return np.where(found == MOST_ATOMS, 0, found)


AROMATIC = 3
_BOND_TYPE = {1: 0, 2: 1, 3: 2, 12: AROMATIC}  # RDKit's numbers of single, double, triple and aromatic bonds
_BOND_STEREO = np.array([0, 3, 1, 2, 3, 3, 3, 3])  # of RDKit's none, any, Z, E, cis, trans and two atropisomers
_BOND_DIRECTION = np.array([0, 0, 0, 2, 1, 0, 0])  # of RDKit's 3 = down and 4 = up; others are of drawings


def _full_chunk(smiles: Sequence[str]) -> _Chunk:
    from rdkit.Chem import Atom, Bond

    atom: dict[str, Question] = {
        "number": (Atom.GetAtomicNum, ""),
        "charge": (Atom.GetFormalCharge, "["),
        "hydrogens": (Atom.GetTotalNumHs, ""),
        "hybridisation": (Atom.GetHybridization, ""),
        "stereo": (_label, "@|"),
    }
    return _Chunk(
        smiles, atom, _ends() | {"conjugated": (Bond.GetIsConjugated, ""), "stereo": (Bond.GetStereo, "/\\|")}
    )


def _full(chunk: _Chunk) -> tuple[list[Codes], list[Codes]]:
    atom, bond, types = chunk.atom, chunk.bond, _bond_types(chunk, other=4)
    atoms = [
        np.where(atom["number"] > ELEMENTS, 0, atom["number"]),
        np.minimum(chunk.at_atoms(types >= 0), 7),
        np.where(np.abs(atom["charge"]) > 3, 7, atom["charge"] + 3),
        np.minimum(atom["hydrogens"], 5),
        atom["hybridisation"] % 8,  # 0 = unspecified, 8 = other
        np.minimum(chunk.at_atoms(types == AROMATIC), 1),
        np.clip(chunk.atom_rings.smallest() - 2, 0, 7),
        atom["stereo"],
    ]
    in_ring = np.minimum(chunk.bond_rings.smallest(), 1)
    return atoms, [types, bond["conjugated"], in_ring, _BOND_STEREO[bond["stereo"]]]


def _hu_chunk(smiles: Sequence[str]) -> _Chunk:
    from rdkit.Chem import Atom, Bond

    atom: dict[str, Question] = {"number": (Atom.GetAtomicNum, ""), "chirality": (Atom.GetChiralTag, "@|")}
    return _Chunk(smiles, atom, _ends() | {"direction": (Bond.GetBondDir, "/\\")})


def _hu(chunk: _Chunk) -> tuple[list[Codes], list[Codes]]:
    number, chirality = chunk.atom["number"], chunk.atom["chirality"]
    atoms = [
        np.where((number < 1) | (number > ELEMENTS), ELEMENTS, number - 1),
        np.where(chirality > 2, 0, chirality),
    ]
    return atoms, [_bond_types(chunk, other=MASKED_BOND), _BOND_DIRECTION[chunk.bond["direction"]]]


def _ends() -> dict[str, Question]:
    from rdkit.Chem import Bond

    return {"begin": (Bond.GetBeginAtomIdx, ""), "end": (Bond.GetEndAtomIdx, ""), "type": (Bond.GetBondType, "")}


def _bond_types(chunk: _Chunk, other: int) -> Codes:
    """0 ... 3 = single, double, triple, aromatic."""
    table = np.full(32, other)
    table[list(_BOND_TYPE)] = list(_BOND_TYPE.values())
    return table[chunk.bond["type"]]


def _label(atom: Any) -> int:
    """1 = R, 2 = S, 3 = stereo is stated, but the centre has no label (in a ring, or not tetrahedral)."""
    if int(atom.GetChiralTag()) == 0:
        return 0
    return {"R": 1, "S": 2}.get(atom.GetProp("_CIPCode"), 3) if atom.HasProp("_CIPCode") else 3
