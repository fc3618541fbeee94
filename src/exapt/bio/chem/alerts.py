"""Marks on molecules that deserve a second look: PAINS, Brenk, the rule of five, own SMARTS. Marks hide nothing."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from exapt.bio.chem._molecules import mapped, read
from exapt.core.errors import ConfigError, nearest

Catalogue = Literal["pains", "brenk", "rule_of_five"]
CATALOGUES: tuple[str, ...] = get_args(Catalogue)
LEAST = 1000  # molecules from which several processes are worth their start
BITS = 2048  # of the fingerprints that say which patterns a molecule cannot hold
BROKEN = 2  # limits of the rule of five that a marked molecule breaks: one alone is common among drugs


class Alerts:
    """What is looked for in a molecule.

    Parameters
    ----------
    catalogues
        ``pains`` (substructures of frequent hitters in many assays, three sets), ``brenk`` (substructures unwanted in
        leads: reactive, toxic, unstable), ``rule_of_five`` (at least two of: weight above 500 Da, logP above 5, more
        than 5 donors, more than 10 acceptors).
    smarts
        Name -> SMARTS of further substructures.

    Raises
    ------
    ConfigError
        Where a catalogue is unknown, or a SMARTS cannot be read.

    References
    ----------
    Baell and Holloway (2010), Pan assay interference compounds. doi:10.1021/jm901137j
    Brenk et al. (2008), Assembling screening libraries for neglected diseases. doi:10.1002/cmdc.200700139
    Lipinski et al. (1997), Experimental and computational approaches to estimate solubility and permeability.
    doi:10.1016/S0169-409X(96)00423-1

    Examples
    --------
    >>> alerts = Alerts(smarts={"nitrile": "C#N"})
    >>> alerts.mark(["CCO", "CC#N", "O=C1C=CC(=O)C=C1", "x"])
    ['', 'nitrile', 'pains: quinone_A(370); brenk: chinone_1', '']
    """

    def __init__(self, catalogues: Sequence[str] = CATALOGUES, smarts: Mapping[str, str] | None = None) -> None:
        for name in catalogues:
            if name not in CATALOGUES:
                raise ConfigError(f"Unknown catalogue of alerts {name!r}. {nearest(name, CATALOGUES)}")
        self.catalogues = tuple(dict.fromkeys(catalogues))
        self.smarts = dict(smarts or {})
        for name, pattern in self.smarts.items():
            if _pattern(pattern) is None:
                raise ConfigError(f"alert {name!r}: {pattern!r} is no SMARTS. Mend it or leave it out.")

    def mark(self, smiles: Sequence[str]) -> list[str]:
        """What is found in each of n molecules, parted by "; "; "" where nothing is, or RDKit cannot read it.

        A catalogue stands with what it found (``brenk: nitro_group, aldehyde``), an own SMARTS with its name alone.
        """
        work = partial(_marks, catalogues=self.catalogues, smarts=tuple(self.smarts.items()))
        return list(chain.from_iterable(mapped(work, smiles, least=LEAST)))


def _marks(smiles: Sequence[str], *, catalogues: Sequence[str], smarts: Sequence[tuple[str, str]]) -> list[str]:
    marks = []
    for text in smiles:
        molecule = read(text)
        if molecule is None:
            marks.append("")
            continue
        found = [(name, _found(name, molecule)) for name in catalogues]
        said = [f"{name}: {', '.join(what)}" for name, what in found if what]
        marks.append("; ".join(said + [name for name, one in smarts if molecule.HasSubstructMatch(_pattern(one))]))
    return marks


def _found(catalogue: str, molecule: Any) -> list[str]:
    if catalogue == "rule_of_five":
        return _broken(molecule)
    if catalogue == "pains":
        return _pains(molecule)
    return list(dict.fromkeys(entry.GetDescription() for entry in _brenk().GetMatches(molecule)))


def _pains(molecule: Any) -> list[str]:
    """What `FilterCatalog.GetMatches` finds, four times as fast: most patterns need bits that a molecule has not."""
    from rdkit import Chem

    entries, needed = _pains_patterns()
    missing = needed & ~_words(Chem.PatternFingerprint(molecule, fpSize=BITS))
    possible = (entries[number] for number in np.flatnonzero(~missing.any(axis=1)))
    return list(dict.fromkeys(entry.GetDescription() for entry in possible if entry.HasFilterMatch(molecule)))


def _broken(molecule: Any) -> list[str]:
    from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

    logp: Any = Crippen.MolLogP  # type: ignore[attr-defined]  # RDKit makes it at run time
    weight: Any = Descriptors.MolWt  # type: ignore[attr-defined]
    values = {
        "weight": (weight(molecule), 500, ".0f"),
        "logP": (logp(molecule), 5, ".1f"),
        "donors": (rdMolDescriptors.CalcNumLipinskiHBD(molecule), 5, "d"),
        "acceptors": (rdMolDescriptors.CalcNumLipinskiHBA(molecule), 10, "d"),
    }
    broken = [f"{name} {value:{form}}" for name, (value, limit, form) in values.items() if value > limit]
    return broken if len(broken) >= BROKEN else []


@cache
def _brenk() -> Any:
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    return FilterCatalog(FilterCatalogParams.FilterCatalogs.BRENK)


@cache
def _pains_patterns() -> tuple[list[Any], NDArray[np.uint64]]:
    """The entries of the three sets, and (entries, words) the bits that each needs, from the SMARTS beside RDKit."""
    from rdkit import Chem, RDConfig
    from rdkit.Chem.FilterCatalog import FilterCatalog, FilterCatalogParams

    catalogue = FilterCatalog(FilterCatalogParams.FilterCatalogs.PAINS)
    entries = [catalogue.GetEntryWithIdx(number) for number in range(catalogue.GetNumEntries())]
    with (Path(RDConfig.RDDataDir) / "Pains" / "wehi_pains.csv").open(encoding="utf-8", newline="") as file:
        smarts = {name.removeprefix("<regId=").removesuffix(">"): pattern for pattern, name in csv.reader(file)}
    patterns = (Chem.MolFromSmarts(smarts[entry.GetDescription()], mergeHs=True) for entry in entries)
    return entries, np.stack([_words(Chem.PatternFingerprint(pattern, fpSize=BITS)) for pattern in patterns])


def _words(fingerprint: Any) -> NDArray[np.uint64]:
    from rdkit import DataStructs

    return np.frombuffer(DataStructs.BitVectToBinaryText(fingerprint), dtype=np.uint64)


@cache
def _pattern(smarts: str) -> Any:
    from rdkit import Chem, rdBase

    with rdBase.BlockLogs():
        return Chem.MolFromSmarts(smarts) if smarts.strip() else None
