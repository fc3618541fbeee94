"""Features of molecules for the baselines, each molecule computed once in a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.evaluate.baselines._matrices import Features, Scaler, is_sparse

REMEMBERED = 100_000  # molecules; their descriptors take 86 MB


class Memory:
    """Rows of features by SMILES, so that seeds and baselines share them.

    Parameters
    ----------
    compute
        SMILES -> (n, F), dense or CSR.
    """

    def __init__(self, compute: Callable[[Sequence[str]], Any]) -> None:
        self.compute = compute
        self._places: dict[str, int] = {}
        self._rows: Any = None

    def __call__(self, smiles: Sequence[str]) -> Any:
        """Features of n molecules, (n, F)."""
        new = [value for value in dict.fromkeys(smiles) if value not in self._places]
        if len(self._places) + len(new) > REMEMBERED:
            self._forget()
            new = list(dict.fromkeys(smiles))
        if new or self._rows is None:
            found = self.compute(new)
            self._places |= {value: len(self._places) + number for number, value in enumerate(new)}
            self._rows = found if self._rows is None else _joined(self._rows, found)
        rows = self._rows[[self._places[value] for value in smiles]]
        if len(self._places) > REMEMBERED:
            self._forget()
        return rows

    def _forget(self) -> None:
        self._places, self._rows = {}, None


def _joined(first: Any, second: Any) -> Any:
    if is_sparse(first):
        return sparse.csr_array(sparse.vstack([first, second], format="csr"))
    return np.concatenate([first, second])


def _morgan(smiles: Sequence[str]) -> sparse.csr_array:
    from exapt.bio.chem.fingerprints import morgan

    return morgan(smiles)


def _described(smiles: Sequence[str]) -> NDArray[np.float32]:
    from exapt.bio.chem.fingerprints import descriptors

    return descriptors(smiles)


ecfp4 = Memory(_morgan)
described = Memory(_described)


class Fingerprints:
    """ECFP4 of 2,048 bits, divided by one number so that a row has length 1 on average, as other inputs have."""

    def fit_transform(self, values: Sequence[str]) -> sparse.csr_array:
        """Learn that number; the fingerprints of the training rows."""
        bits = ecfp4(values).sum() / max(1, len(values))
        self._length = np.float32(np.sqrt(bits) or 1)
        return self.transform(values)

    def transform(self, values: Sequence[str]) -> sparse.csr_array:
        """Fingerprints of any rows, (n, 2048)."""
        return sparse.csr_array(ecfp4(values) / self._length)


class Descriptors:
    """RDKit's two-dimensional descriptors, standardised on the training rows and divided as `Fingerprints` are."""

    def fit_transform(self, values: Sequence[str]) -> Features:
        """Learn means and deviations; the descriptors of the training rows."""
        self._scaler = Scaler()
        scaled = self._scaler.fit_transform(described(values))
        return scaled / np.float32(np.sqrt(scaled.shape[1]))

    def transform(self, values: Sequence[str]) -> Features:
        """Descriptors of any rows, (n, D)."""
        scaled = self._scaler.transform(described(values))
        return scaled / np.float32(np.sqrt(scaled.shape[1]))
