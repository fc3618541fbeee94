"""What a run remembers of its training rows, so that each prediction says how far from them it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from exapt.core.contracts import Rows, Table
from exapt.core.paths import atomic

if TYPE_CHECKING:
    from scipy import sparse

FILE = "neighbours.safetensors"
MOST = 20_000  # distinct training molecules of which the nearest is looked for; of more, none are kept
BITS = 2048


@dataclass(frozen=True)
class Neighbours:
    """Fingerprints of the training molecules, and keys of the entities of training pairs.

    Attributes
    ----------
    fingerprints
        Column of molecules -> (m, 2048) ECFP4 of its distinct training values.
    keys
        Column of a pair -> canonical keys of its training entities.
    """

    fingerprints: dict[str, sparse.csr_array]
    keys: dict[str, NDArray[np.uint64]]

    def beside(self, frame: pd.DataFrame, table: Table) -> pd.DataFrame:
        """The predictions with columns on what is known of each row.

        Parameters
        ----------
        frame
            Predictions, one row an example.
        table
            The n examples.

        Returns
        -------
        DataFrame
            `frame` and, for molecules, `similarity` (Tanimoto of ECFP4 to the nearest training molecule) and `band`;
            for pairs `pair_class`: C1, both entities stood in training, C2, one, C3, none.
        """
        found: dict[str, Any] = {}
        if self.keys:
            from exapt.data.pairs import pair_classes_of

            found["pair_class"] = pair_classes_of(table, self.keys)
        for name, references in self.fingerprints.items():
            prefix = f"{name}_" if len(self.fingerprints) > 1 else ""
            near = _nearest(table.frame[name], references)
            found |= {f"{prefix}similarity": near.round(3), f"{prefix}band": _bands(near)}
        return frame.assign(**found)


def write_neighbours(folder: Path, table: Table, train: Rows) -> None:
    """Keep what `predict` needs of the training rows; nothing where rows are neither molecules nor pairs."""
    from exapt.bio.chem.fingerprints import morgan
    from exapt.data.keys import canonical_keys
    from exapt.data.pairs import are_pairs

    arrays: dict[str, NDArray[Any]] = {}
    rows = table.take(train)
    for name in table.names("input"):
        if name not in table.frame:
            continue
        values, modality = rows.frame[name].drop_duplicates().tolist(), table.columns[name].modality
        if are_pairs(table):
            arrays[f"keys:{name}"] = np.unique(canonical_keys(values, modality))
        if modality == "molecule" and len(values) <= MOST:
            prints = morgan(values, bits=BITS)
            arrays[f"ends:{name}"] = prints.indptr.astype(np.int64)
            arrays[f"bits:{name}"] = prints.indices.astype(np.int16)
    if arrays:
        with atomic(folder / FILE) as temporary:
            save_file(arrays, temporary)


def read_neighbours(run: Path) -> Neighbours | None:
    """What the run kept; None where it kept nothing."""
    from scipy import sparse

    if not (run / FILE).is_file():
        return None
    arrays = load_file(run / FILE)
    parts = {key: key.partition(":") for key in arrays}
    prints = {}
    for name in (name for kind, _, name in parts.values() if kind == "ends"):
        ends, bits = arrays[f"ends:{name}"], arrays[f"bits:{name}"].astype(np.int64)
        ones = np.ones(len(bits), dtype=np.float32)
        prints[name] = sparse.csr_array((ones, bits, ends), shape=(len(ends) - 1, BITS))
    keys = {name: arrays[f"keys:{name}"] for kind, _, name in parts.values() if kind == "keys"}
    return Neighbours(prints, keys)


def _nearest(molecules: pd.Series, references: sparse.csr_array) -> NDArray[np.float64]:
    """Similarity of each molecule to the nearest reference; each distinct one is looked for once."""
    from exapt.bio.chem.fingerprints import morgan
    from exapt.bio.chem.similarity import nearest

    codes, distinct = pd.factorize(molecules)
    _, similarity = nearest(morgan(distinct.tolist(), bits=BITS), references)
    return similarity.astype(np.float64)[codes]


def _bands(similarity: NDArray[np.float64]) -> list[str]:
    from exapt.evaluate.bands import band_names

    return band_names(similarity)
