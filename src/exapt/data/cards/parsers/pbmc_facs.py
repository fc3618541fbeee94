"""FACS-sorted blood cells (R list of samples, genes, counts): raw UMI counts, 10 sorted populations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from exapt.core.contracts import Matrix
from exapt.data.cards.parsers import Parser, _r
from exapt.data.cards.parsers._cell_types import five
from exapt.data.formats import Hint, Raw, unique_names

SHARED = {
    "B": ("CD19+ B",),
    "CD4": ("CD4+ T Helper2", "CD4+/CD25 T Reg", "CD4+/CD45RA+/CD25- Naive T", "CD4+/CD45RO+ Memory"),
    "CD8": ("CD8+ Cytotoxic T", "CD8+/CD45RA+ Naive Cytotoxic"),
    "NK": ("CD56+ NK",),
    "Mono": ("CD14+ Monocyte",),
}


@dataclass(frozen=True)
class PbmcFacs(Parser):
    """Cells as rows; `cell_type5` holds the types shared with `pbmc3k_small` (CD34+ cells have none).

    Parameters
    ----------
    genes
        Name genes by symbol (repeats get -1) or by Ensembl id.
    """

    genes: Literal["symbol", "ensembl"] = "symbol"

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read the counts; the topic model in the same file is left alone."""
        (path,) = files.values()
        data = _r.read(path, "pbmc_facs")
        counts, cells, ensembl = _r.sparse(data["counts"])
        names = ensembl if self.genes == "ensembl" else [str(symbol) for symbol in data["genes"]["symbol"]]
        labels = [str(label) for label in data["samples"]["celltype"]]
        # samples.barcode has repeats between populations; the row names of the matrix have none.
        frame = pd.DataFrame({"cell": cells, "cell_type": labels, "cell_type5": five(labels, SHARED)})
        hints = {"expression": Hint(unit="UMI count")}
        return Raw(frame, {"expression": Matrix(counts, unique_names(names))}, hints)


EXPORT = PbmcFacs
