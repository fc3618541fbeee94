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
        """Read matrix, names and folds.

        Raises
        ------
        DataError
            Where the matrix does not fit the lists of drugs and proteins, or the folds do not fit the matrix.
        """
        paths = {name.rpartition("/")[2]: path for name, path in files.items()}
        drugs = _mapping(paths.pop("ligands_can.txt"))
        proteins = _mapping(paths.pop("proteins.txt"))
        folds = {part: paths.pop(f"{part}_fold_setting1.txt") for part in ("test", "train")}
        held, training = (_json(folds[part]) for part in ("test", "train"))
        ((_, path),) = paths.items()
        matrix = _matrix(path, len(drugs), len(proteins))
        drug, protein = np.nonzero(~np.isnan(matrix))  # row by row: the order in which the folds count
        values = matrix[drug, protein]
        for part, lists in (("test", [held]), ("train", training)):
            _check_fold(folds[part], lists, len(values))
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


def _matrix(path: Path, drugs: int, proteins: int) -> NDArray[np.float64]:
    try:
        matrix = np.loadtxt(path, ndmin=2)
    except ValueError as error:  # NumPy says which row has another number of columns, or what is no number
        raise DataError(f"{path}: no matrix of {drugs} drugs x {proteins} proteins: {error}.") from None
    if matrix.shape != (drugs, proteins):
        raise DataError(
            f"{path}: {matrix.shape[0]} x {matrix.shape[1]} values, where the lists have {drugs} drugs (rows) and "
            f"{proteins} proteins (columns). All three files must be of one data set."
        )
    return matrix


def _check_fold(path: Path, lists: list[list[int]], pairs: int) -> None:
    outside = [number for numbers in lists for number in numbers if not 0 <= number < pairs]
    if outside:
        raise DataError(
            f"{path}: position {outside[0]} is outside the {pairs:,} measured pairs of the matrix, which count from 0 "
            f"({len(outside):,} such positions)."
        )


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{path}: not JSON: {error}.") from None


def _mapping(path: Path) -> dict[str, str]:
    """Name -> SMILES or sequence, in the order of the file."""
    return {str(name): str(value) for name, value in _json(path).items()}


EXPORT = AffinityMatrix
