"""Reading SMILES quietly, many at a time on all processors."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
CHUNK = 500  # molecules that a worker takes at a time


def read(smiles: str) -> Any:
    """The RDKit molecule of a SMILES, or None where RDKit cannot read it or it has no atom."""
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles)
    return molecule if molecule is not None and molecule.GetNumAtoms() else None


def mapped(function: Callable[[Sequence[str]], T], smiles: Sequence[str], *, least: int) -> list[T]:
    """A function of SMILES, chunk by chunk in order, in several processes where there are at least `least` of them.

    The workers are forked, so they start at once and only read; where a platform cannot fork safely, or this process
    is itself a worker that may have no children, one process does it all.

    Parameters
    ----------
    function
        A function of a module (not a closure); it gets at most 500 SMILES.
    smiles
        All SMILES.
    least
        Number of SMILES from which more than one process is worth its start.

    Returns
    -------
    list
        One result a chunk.
    """
    chunks = [smiles[start : start + CHUNK] for start in range(0, len(smiles), CHUNK)]
    workers = min(_processors(), len(chunks)) if len(smiles) >= least else 1
    if workers < 2:
        return [_quiet(function, chunk) for chunk in chunks]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        return list(pool.map(_quiet, [function] * len(chunks), chunks))


def _quiet(function: Callable[[Sequence[str]], T], smiles: Sequence[str]) -> T:
    from rdkit import rdBase

    with rdBase.BlockLogs():
        return function(smiles)


def _processors() -> int:
    if sys.platform != "linux" or multiprocessing.current_process().daemon:
        return 1
    return len(os.sched_getaffinity(0))
