"""Reading SMILES quietly, many at a time on all processors."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
CHUNK = 500  # molecules that a worker takes at a time


_parsed: dict[str, Any] | None = None  # what `parsed_once` remembers


def read(smiles: str) -> Any:
    """The RDKit molecule of a SMILES, or None where RDKit cannot read it or it has no atom."""
    if _parsed is None:
        return _read(smiles)
    if smiles not in _parsed:
        _parsed[smiles] = _read(smiles)
    return _parsed[smiles]


def _read(smiles: str) -> Any:
    from rdkit import Chem

    molecule = Chem.MolFromSmiles(smiles)
    return molecule if molecule is not None and molecule.GetNumAtoms() else None


@contextmanager
def parsed_once() -> Iterator[None]:
    """Parse each spelling once, for several functions over the same few molecules; they are forgotten at the end."""
    global _parsed
    _parsed = {}
    try:
        yield
    finally:
        _parsed = None


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


def log_of(function: Callable[..., T], *args: Any, **options: Any) -> tuple[T, str]:
    """A result, and the last thing that RDKit's log said meanwhile, without its time stamp."""
    from rdkit import rdBase

    with contextlib.redirect_stderr(io.StringIO()) as log:
        rdBase.LogToPythonStderr()
        try:
            result = function(*args, **options)
        finally:
            rdBase.LogToCppStreams()
    lines = [line.strip() for line in log.getvalue().splitlines() if line.strip()]
    return result, re.sub(r"^\[[\d:]+\] (ERROR:)?", "", lines[-1]).strip() if lines else ""
