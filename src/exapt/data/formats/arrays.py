"""NumPy `.npy` and `.npz`: images (n, H, W) or (n, H, W, C), or profiles (n, F), with labels beside them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Matrix
from exapt.core.errors import DataError
from exapt.data.formats import Format, Hint, Raw


@dataclass(frozen=True)
class Arrays(Format):
    """One row along the first axis of every array.

    An array with three or four axes is an input of images; one with two axes an input of profiles, named by the
    array ``features`` of the same file where there is one; one with a single axis a column. A ``.npy`` file holds one
    input only, and is mapped, not read.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".npy", ".npz")

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All arrays; pickled objects are refused."""
        try:
            loaded = np.load(path, mmap_mode="r" if path.suffix == ".npy" else None, allow_pickle=False)
            arrays = {"image" if loaded.ndim > 2 else "expression": loaded} if path.suffix == ".npy" else dict(loaded)
        except (ValueError, EOFError, OSError, BadZipFile) as error:
            raise DataError(f"{path}: not a readable NumPy file: {error}") from None
        return _rows(arrays, path)


def _rows(arrays: Mapping[str, NDArray[Any]], path: Path) -> Raw:
    names = tuple(map(str, arrays["features"])) if "features" in arrays else ()
    arrays = {name: array for name, array in arrays.items() if name != "features"}
    lengths = {name: len(array) if array.ndim else 0 for name, array in arrays.items()}
    if len(set(lengths.values())) != 1:
        found = ", ".join(f"{name} {n}" for name, n in lengths.items()) or "no array"
        raise DataError(f"{path}: all arrays need the same number of rows; found {found}.")
    frame = pd.DataFrame({name: array for name, array in arrays.items() if array.ndim == 1})
    if not len(frame.columns):
        frame = pd.DataFrame(index=pd.RangeIndex(next(iter(lengths.values()))))
    matrices, hints = {}, {}
    for name, array in arrays.items():
        if array.ndim == 2:
            if names and len(names) != array.shape[1]:
                raise DataError(f"{path}: {len(names)} features for the {array.shape[1]} columns of {name!r}.")
            matrices[name], hints[name] = Matrix(array, names), Hint("input", "expression")
        elif array.ndim in (3, 4):
            matrices[name] = Matrix(array if array.ndim == 4 else array[..., None])
            hints[name] = Hint("input", "image")
        elif array.ndim > 4:
            raise DataError(f"{path}: array {name!r} has shape {array.shape}; images are (n, H, W) or (n, H, W, C).")
    return Raw(frame, matrices, hints)


EXPORT = Arrays
