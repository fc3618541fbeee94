"""A 10x folder: matrix.mtx, features.tsv or genes.tsv, barcodes.tsv (plain or gzip)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pandas as pd

from exapt.bio.formats.compressed import open_binary
from exapt.core.contracts import Matrix
from exapt.core.errors import DataError
from exapt.data.formats import Format, Hint, Raw, unique_names

PARTS = {"matrix": ("matrix.mtx",), "features": ("features.tsv", "genes.tsv"), "barcodes": ("barcodes.tsv",)}


@dataclass(frozen=True)
class TenX(Format):
    """Cells as rows, genes as columns, UMI counts as CSR.

    Parameters
    ----------
    features
        Name genes by their symbol (repeats get -1, -2, ...) or by their id.
    """

    suffixes: ClassVar[tuple[str, ...]] = ("/",)
    features: Literal["symbol", "id"] = "symbol"

    def files(self, path: Path) -> list[Path]:
        """Matrix, features, barcodes, in this order."""
        found = []
        for part, stems in PARTS.items():
            candidates = [path / (stem + end) for stem in stems for end in ("", ".gz")]
            present = [candidate for candidate in candidates if candidate.is_file()]
            if not present:
                allowed = " or ".join(candidate.name for candidate in candidates)
                raise DataError(f"{path}: not a 10x folder: the {part} file is missing ({allowed}).")
            found.append(present[0])
        return found

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All cells."""
        from scipy.io import mmread
        from scipy.sparse import csr_matrix

        matrix_path, features_path, barcodes_path = self.files(path)
        with open_binary(matrix_path) as file:
            try:
                counts = csr_matrix(mmread(file).T)
            except ValueError as error:
                raise DataError(f"{matrix_path}: not a Matrix Market file: {error}") from None
        genes, barcodes = _table(features_path), _table(barcodes_path)
        if counts.shape != (len(barcodes), len(genes)):
            raise DataError(
                f"{path}: the matrix has {counts.shape[1]} genes and {counts.shape[0]} cells, "
                f"{features_path.name} {len(genes)} genes, {barcodes_path.name} {len(barcodes)} cells."
            )
        if genes.shape[1] > 2:  # protein tags and other features beside genes
            keep = (genes[2] == "Gene Expression").to_numpy()
            counts, genes = counts[:, keep], genes[keep]
        column = 1 if self.features == "symbol" and genes.shape[1] > 1 else 0
        matrix = Matrix(counts, unique_names(genes[column].tolist()))
        hints = {"barcode": Hint("id", "label"), "expression": Hint("input", "expression", "UMI count")}
        return Raw(pd.DataFrame({"barcode": barcodes[0].tolist()}), {"expression": matrix}, hints)


def _table(path: Path) -> pd.DataFrame:
    with open_binary(path) as file:
        try:
            return pd.read_csv(file, sep="\t", header=None, dtype=str, keep_default_na=False)
        except pd.errors.EmptyDataError:
            raise DataError(f"{path}: the file is empty.") from None


EXPORT = TenX
