"""Descriptors of many molecules, kept on disk piece by piece, because each takes milliseconds."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exapt.bio.chem.fingerprints import DESCRIPTORS, descriptors
from exapt.core.paths import atomic, storage_errors
from exapt.core.progress import bar
from exapt.data.download import cache_folder

PIECE = 4096  # molecules a file; fewer are not kept


def described(smiles: Sequence[str]) -> NDArray[np.float32]:
    """Descriptors as `exapt.bio.chem.fingerprints.descriptors` gives them.

    Whole pieces of 4,096 molecules are kept in the cache folder, so that a repeated or interrupted call computes none
    of them again.

    Parameters
    ----------
    smiles
        n SMILES.

    Returns
    -------
    array
        (n, D) float32.
    """
    pieces = [smiles[start : start + PIECE] for start in range(0, len(smiles), PIECE)]
    if len(pieces) < 2:
        return descriptors(smiles)
    found = np.empty((len(smiles), len(DESCRIPTORS)), dtype=np.float32)
    with bar("descriptors", len(smiles), unit="molecules", quiet=False) as progress:
        for number, piece in enumerate(pieces):
            found[number * PIECE : number * PIECE + len(piece)] = _kept(piece)
            progress.advance(len(piece))
    return found


def _kept(piece: Sequence[str]) -> NDArray[np.float32]:
    path = _place(piece)
    try:
        with np.load(path) as archive:
            kept: NDArray[np.float32] = archive["descriptors"]
        if kept.shape == (len(piece), len(DESCRIPTORS)):
            return kept
    except (FileNotFoundError, OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # not there, or damaged: compute it
    made = descriptors(piece)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as temporary, Path(temporary).open("wb") as file:
            np.savez_compressed(file, descriptors=made)
    return made


def _place(piece: Sequence[str]) -> Path:
    """A file name that follows from the molecules, the descriptors and the version that computes them."""
    from rdkit import __version__

    text = "\n".join([__version__, *DESCRIPTORS, *piece])
    return cache_folder() / "descriptors" / f"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}.npz"
