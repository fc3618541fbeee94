"""Bemis-Murcko scaffolds: ring systems and the linkers between them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any

from exapt.bio.chem._molecules import mapped, read

LEAST = 2000  # molecules from which several processes are worth their start


def murcko(smiles: Sequence[str], *, chirality: bool = False) -> list[str | None]:
    """Bemis-Murcko scaffold of each molecule as canonical SMILES.

    Parameters
    ----------
    smiles
        n SMILES.
    chirality
        Keep the stereo of the scaffold, as the protocol of Hu et al. does.

    Returns
    -------
    list
        n scaffolds; "" where a molecule has no ring, None where RDKit cannot read it.

    References
    ----------
    Bemis and Murcko (1996), The properties of known drugs. 1. Molecular frameworks. doi:10.1021/jm9602928

    Examples
    --------
    >>> murcko(["Cc1ccccc1CCN", "CCO", "x"])
    ['c1ccccc1', '', None]
    """
    return list(chain.from_iterable(mapped(partial(_murcko, chirality=chirality), smiles, least=LEAST)))


def _murcko(smiles: Sequence[str], *, chirality: bool) -> list[str | None]:
    from rdkit.Chem.Scaffolds import MurckoScaffold

    scaffold: Any = MurckoScaffold.MurckoScaffoldSmiles  # RDKit does not say what it takes
    molecules = (read(text) for text in smiles)
    return [None if m is None else scaffold(mol=m, includeChirality=chirality) for m in molecules]
