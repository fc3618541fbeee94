"""PBMC 3k as R objects: a genes x cells matrix of logarithms and a table of cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from exapt.core.contracts import Matrix
from exapt.core.errors import ConfigError
from exapt.data.cards.parsers import Parser, _r
from exapt.data.cards.parsers._cell_types import five
from exapt.data.formats import Hint, Raw, unique_names

SHARED = {
    "B": ("B",),
    "CD4": ("Naive CD4 T", "Memory CD4 T"),
    "CD8": ("CD8 T",),
    "NK": ("NK",),
    "Mono": ("CD14+ Mono", "FCGR3A+ Mono"),
}
UNITS = {"log1p_cp10k": "log1p CP10k", "counts": "UMI count"}


@dataclass(frozen=True)
class Pbmc3k(Parser):
    """Cells as rows; `cell_type5` holds the types shared with `pbmc_facs` (DC and Platelet have none).

    Parameters
    ----------
    values
        ``log1p_cp10k`` as in the file, scaled by the counts of all 13,714 genes, or the ``counts`` of these 2,000
        genes, recovered exactly. Their sum is a quarter of a cell's counts (`nCount_RNA`), so they must not be
        scaled by their own sum.
    """

    values: Literal["log1p_cp10k", "counts"] = "log1p_cp10k"

    def __post_init__(self) -> None:
        if self.values not in UNITS:
            raise ConfigError(f"pbmc3k: values is log1p_cp10k or counts, not {self.values!r}.")

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Transpose, and join the table of cells."""
        local = {path.rpartition("/")[2]: place for path, place in files.items()}
        matrix, genes, cells = _r.sparse(_r.read(local["pbmc_matrix_small.rda"], "pbmc_matrix_small"))
        values = matrix.T.tocsr()
        meta = _r.read(local["pbmc_meta.rda"], "pbmc_meta").loc[cells]
        if self.values == "counts":
            values = _counts(values, meta["nCount_RNA"].to_numpy(dtype=np.float64))
        frame = meta.rename(columns={"classified": "cell_type"}).reset_index(names="cell")
        frame["cell_type"] = frame["cell_type"].astype(str)
        frame["cell_type5"] = five(frame["cell_type"], SHARED)
        hints = {"expression": Hint(unit=UNITS[self.values])}
        return Raw(frame, {"expression": Matrix(values, unique_names(genes))}, hints)


def _counts(logarithms: Any, totals: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """Undo ln(1 + count / total * 10,000)."""
    counts = logarithms.astype(np.float64)
    counts.data = np.rint(np.expm1(counts.data) * np.repeat(totals, np.diff(counts.indptr)) / 1e4)
    return counts.astype(np.float32)


EXPORT = Pbmc3k
