"""Drug-target affinities of DeepDTA: a matrix, two JSON files of names, and lists of positions as folds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.errors import ConfigError, DataError
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw

FOLDS = 5
NM_PER_M = 1e9


@dataclass(frozen=True)
class AffinityMatrix(Parser):
    """One row a measured pair, drugs in the rows of the matrix and proteins in its columns.

    Parameters
    ----------
    measure
        ``"kd_nm"``: dissociation constants in nM, which become column `pkd` = -log10(Kd / M). ``"kiba"``: scores as
        they are, column `kiba`.
    valid_fold
        Which of the five training lists is the validation part, 1 .. 5; None = all five are training.

    References
    ----------
    Ozturk et al. (2018) DeepDTA. doi:10.1093/bioinformatics/bty593
    """

    measure: Literal["kd_nm", "kiba"]
    valid_fold: int | None = 1

    def __post_init__(self) -> None:
        if self.valid_fold is not None and self.valid_fold not in range(1, FOLDS + 1):
            raise ConfigError(f"valid_fold is 1 .. {FOLDS}, or null for none; found {self.valid_fold!r}.")

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read matrix, names and folds."""
        paths = {name.rpartition("/")[2]: path for name, path in files.items()}
        drugs = _mapping(paths.pop("ligands_can.txt"))
        proteins = _mapping(paths.pop("proteins.txt"))
        held, training = (_json(paths.pop(f"{part}_fold_setting1.txt")) for part in ("test", "train"))
        ((_, path),) = paths.items()
        matrix = np.loadtxt(path, ndmin=2)
        if matrix.shape != (len(drugs), len(proteins)):
            raise DataError(f"{path}: {matrix.shape[0]} x {matrix.shape[1]} values for {len(drugs)} x {len(proteins)}.")
        drug, protein = np.nonzero(~np.isnan(matrix))  # row by row: the order in which the folds count
        values = matrix[drug, protein]
        columns = {
            "drug": np.array(list(drugs), dtype=object)[drug],
            "protein": np.array(list(proteins), dtype=object)[protein],
            "smiles": np.array(list(drugs.values()), dtype=object)[drug],
            "sequence": np.array(list(proteins.values()), dtype=object)[protein],
        }
        target = {"pkd": -np.log10(values / NM_PER_M)} if self.measure == "kd_nm" else {"kiba": values}
        frame = pd.DataFrame({**columns, **target, "split": self._parts(len(values), held, training)})
        frame.insert(0, "pair", frame["drug"] + "/" + frame["protein"])
        return Raw(frame)

    def _parts(self, rows: int, held: list[int], training: list[list[int]]) -> NDArray[Any]:
        parts = np.full(rows, "train", dtype=object)
        parts[held] = "test"
        if self.valid_fold is not None:
            parts[training[self.valid_fold - 1]] = "valid"
        return parts


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _mapping(path: Path) -> dict[str, str]:
    """Name -> SMILES or sequence, in the order of the file."""
    return {str(name): str(value) for name, value in _json(path).items()}


EXPORT = AffinityMatrix
