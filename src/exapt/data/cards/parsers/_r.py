"""Objects of R files: what rdata gives, as pandas, NumPy and SciPy know it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from exapt.core.errors import DataError


def read(path: Path, name: str) -> Any:
    """One object of an .rda or .RData file."""
    import rdata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # S4 classes come back as plain attributes, which is wanted
        objects = rdata.read_rda(path)
    if name not in objects:
        raise DataError(f"{path}: no object {name!r}; it holds {', '.join(map(str, objects))}.")
    return objects[name]


def sparse(matrix: Any) -> tuple[Any, list[str], list[str]]:
    """A dgCMatrix as CSR of float32, with its row and column names."""
    from scipy.sparse import csc_matrix

    rows, names = matrix.Dimnames
    parts = (matrix.x.astype(np.float32), matrix.i, matrix.p)
    columns = csc_matrix(parts, shape=(len(rows), len(names)))
    return columns.tocsr(), [str(name) for name in rows], [str(name) for name in names]
