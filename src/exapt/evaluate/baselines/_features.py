"""Features of a table for the baselines: one block of columns an input, side by side, learned from training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from scipy import sparse

from exapt.evaluate.baselines._matrices import Features, Genes, Numbers, Pixels, dense, is_sparse
from exapt.evaluate.baselines._molecules import Descriptors, Fingerprints
from exapt.evaluate.baselines._sequences import SEQUENCES, Composition, Kmers, Positions

if TYPE_CHECKING:
    from exapt.core.contracts import Table

View = Literal["linear", "similar", "tree", "onehot", "composition"]
Molecules = Literal["letters", "ecfp", "descriptors"]

KMERS = {"dna": range(1, 6), "rna": range(1, 6), "protein": range(1, 4), "molecule": range(1, 4)}
FEW_KMERS = {"dna": range(1, 5), "rna": range(1, 5), "protein": range(1, 3), "molecule": range(1, 3)}
DENSE = 0.1  # share of non-zero cells from which a dense matrix is faster


class Block(Protocol):
    """Features of one input column."""

    def fit_transform(self, values: Any) -> Any:
        """Learn from the training rows; their features (n, F), dense or CSR."""

    def transform(self, values: Any) -> Any:
        """Features of any rows."""


def _kmers(sizes: Mapping[str, range]) -> dict[str, Callable[[], Block]]:
    return {name: lambda name=name: Kmers(name, sizes[name]) for name in SEQUENCES}  # type: ignore[misc]


VIEWS: Mapping[View, Mapping[str, Callable[[], Block]]] = {
    "linear": {
        **_kmers(KMERS),
        "expression": lambda: Genes(scale=True),
        "image": Pixels,
        "number": Numbers,
    },
    "similar": {
        **_kmers(KMERS),
        "expression": lambda: Genes(correlate=True),
        "image": lambda: Pixels(share=True),
        "number": lambda: Numbers(share=True),
    },
    "tree": {**_kmers(FEW_KMERS), "expression": Genes, "image": Pixels, "number": Numbers},
    "onehot": {name: lambda name=name: Positions(name) for name in SEQUENCES},  # type: ignore[misc]
    "composition": {name: lambda name=name: Composition(name) for name in SEQUENCES},  # type: ignore[misc]
}


MOLECULES: Mapping[Molecules, Callable[[], Block]] = {"ecfp": Fingerprints, "descriptors": Descriptors}


class FeatureSpace:
    """All input columns of a table in one view.

    Parameters
    ----------
    view
        ``"linear"``: TF-IDF k-mers, scaled genes, pixels, numbers. ``"similar"``: the same so that near means
        similar (cosine of k-mers, correlation of profiles, Euclid otherwise). ``"tree"``: fewer k-mers, genes as
        they are. ``"onehot"``: letters at positions. ``"composition"``: length and letters only.
    molecules
        What inputs of molecules are: ``"letters"`` of the SMILES as the view says, ``"ecfp"`` fingerprints, or
        ``"descriptors"``.
    """

    def __init__(self, view: View, molecules: Molecules = "letters") -> None:
        self.view: View = view
        self.molecules: Molecules = molecules

    def fit_transform(self, train: Table) -> Features | sparse.csr_array:
        """Learn from the training rows; their features (n, F)."""
        kinds = dict(VIEWS[self.view])
        if self.molecules != "letters":
            kinds["molecule"] = MOLECULES[self.molecules]
        self._blocks = {name: kinds[train.columns[name].modality]() for name in train.names("input")}
        return _joined([block.fit_transform(train.values(name)) for name, block in self._blocks.items()])

    def transform(self, table: Table) -> Features | sparse.csr_array:
        """Features of any rows."""
        return _joined([block.transform(table.values(name)) for name, block in self._blocks.items()])


def _joined(parts: list[Any]) -> Features | sparse.csr_array:
    cells = sum(part.shape[0] * part.shape[1] for part in parts)
    if not any(part.shape[1] for part in parts):  # no k-mer at all, say: one constant column, so that models can fit
        return np.zeros((parts[0].shape[0], 1), dtype=np.float32)
    filled = sum(part.nnz if is_sparse(part) else part.size for part in parts)
    if filled > DENSE * cells:
        return np.hstack([dense(part) for part in parts])
    return sparse.csr_array(sparse.hstack(parts, format="csr"), dtype=np.float32)
