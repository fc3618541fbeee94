"""AnnData `.h5ad`: one row a cell, expression as the wide input, `obs` as columns."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from exapt.core.contracts import Matrix
from exapt.core.errors import DataError, nearest
from exapt.data.formats import Format, Hint, Raw, unique_names

INPUT = "expression"


@dataclass(frozen=True)
class _Opened:
    """Values (a handle that gives rows by slice), names of rows and columns, and `obs`."""

    values: Any
    obs: pd.DataFrame
    var: pd.DataFrame


@dataclass(frozen=True)
class H5ad(Format):
    """Only what is asked for is read; sparse values stay sparse (CSR).

    Parameters
    ----------
    layer
        ``X``, ``raw``, or the name of a layer.
    features
        Column of ``var`` that names the genes; None = ``var_names``.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".h5ad",)
    layer: str = "X"
    features: str | None = None

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All cells."""
        with self._opened(path) as file:
            return self._rows(file, slice(0, len(file.obs)), path)

    def chunks(self, path: Path, rows: int, text: Collection[str] = ()) -> Iterator[Raw]:
        """Runs of cells; the others stay in the file."""
        with self._opened(path) as file:
            for start in range(0, len(file.obs), rows):
                yield self._rows(file, slice(start, min(start + rows, len(file.obs))), path)

    @contextmanager
    def _opened(self, path: Path) -> Iterator[_Opened]:
        import h5py

        try:
            with h5py.File(path) as file:
                if {"obs", "var"} - set(file):
                    raise DataError(f"{path}: not an AnnData file: it has no 'obs' and 'var'.")
                old = isinstance(file["obs"], h5py.Dataset)
                yield self._open_old(path) if old else self._open(file, path)
        except OSError as error:
            raise DataError(f"{path}: not a readable HDF5 file, or cut short: {str(error).splitlines()[0]}") from None

    def _open(self, file: Any, path: Path) -> _Opened:
        from anndata.io import read_elem, sparse_dataset

        place = {"X": "X", "raw": "raw/X"}.get(self.layer, f"layers/{self.layer}")
        if place not in file:
            have = [name for name, key in (("X", "X"), ("raw", "raw/X")) if key in file] + list(file.get("layers", []))
            raise DataError(f"{path}: no layer {self.layer!r}. {nearest(self.layer, have)}")
        element = file[place]
        values = sparse_dataset(element) if hasattr(element, "keys") else element
        if getattr(values, "format", "csr") == "csc":  # stored by gene: rows cannot be cut out of the file
            values = values.to_memory().tocsr()
        return _Opened(values, read_elem(file["obs"]), read_elem(file["raw/var" if self.layer == "raw" else "var"]))

    def _open_old(self, path: Path) -> _Opened:
        """Files of anndata before 0.7 are converted by anndata itself, in memory."""
        import anndata

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says where it puts what exapt does not read
            data = anndata.read_h5ad(path)
        if self.layer == "raw" and data.raw is not None:
            return _Opened(data.raw.X, data.obs, data.raw.var)
        if self.layer == "X":
            return _Opened(data.X, data.obs, data.var)
        have = ["X", *(["raw"] if data.raw is not None else [])]
        raise DataError(f"{path}: no layer {self.layer!r}. {nearest(self.layer, have)}")

    def _rows(self, file: _Opened, rows: slice, path: Path) -> Raw:
        from scipy.sparse import csr_matrix, issparse

        values = file.values[rows]
        sparse = issparse(values)
        values = csr_matrix(values) if sparse else np.asarray(values)
        names = file.var.index.tolist()
        if self.features is not None:
            if self.features not in file.var:
                raise DataError(f"{path}: no gene column {self.features!r}. {nearest(self.features, file.var.columns)}")
            names = file.var[self.features].tolist()
        obs = file.obs.iloc[rows]
        frame = obs.reset_index(drop=True)
        name_of_id = "cell" if "cell" not in frame else "obs_name"
        frame.insert(0, name_of_id, obs.index.astype(str))
        for name in frame.columns[[isinstance(kind, pd.CategoricalDtype) for kind in frame.dtypes]]:
            frame[name] = frame[name].astype(object)
        hints = {name_of_id: Hint("id", "label"), INPUT: Hint("input", "expression")}
        return Raw(frame, {INPUT: Matrix(values, unique_names([str(name) for name in names]))}, hints)


EXPORT = H5ad
