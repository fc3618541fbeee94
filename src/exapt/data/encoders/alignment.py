"""Proteins as one position: their alignment scores with the proteins of the training rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.core.errors import ConfigError, DataError
from exapt.core.examples import stack
from exapt.data.encoders._state import as_json, check_positive, check_text, freeze

KEPT = 4096  # proteins whose scores are remembered, because `fit` and `encode` see the same


@dataclass(frozen=True)
class Alignment(Encoder):
    """Normalised Smith-Waterman scores with a panel of training proteins, standardised, as float32 "x" (1, F).

    Two proteins that are alike have like scores, and a network that reads them knows families from the start: with few
    hundred proteins this says more than their letters. It is the similarity of kernel methods for affinities [1]_.

    Parameters
    ----------
    most
        Largest panel; of more proteins, an arbitrary but fixed choice is taken.
    panel
        Proteins that `fit` has chosen.
    mean, std
        Of the scores, over the proteins of the panel; what `fit` learned.

    References
    ----------
    .. [1] Pahikkala et al. (2015), Toward more realistic drug-target interaction predictions. doi:10.1093/bib/bbu010

    Examples
    --------
    >>> encoder = Alignment().fit(["MKVLAAGIVGLW", "MKVLAAGIPGLW", "PQRSTPQRST"])
    >>> encoder.inputs().size, (encoder.encode(["MKVLAAGIVGLW"])[0]["x"] > 0).tolist()
    (3, [[True, True, False]])
    """

    most: int = 512
    panel: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    modalities: ClassVar[tuple[Modality, ...]] = ("protein",)

    def __post_init__(self) -> None:
        freeze(self, "panel", "mean", "std")
        check_positive("alignment", "most", self.most)

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """Choose the panel among the proteins of the training rows, and learn mean and spread of its scores."""
        if self.panel:
            return self
        proteins = pd.unique(np.array(_texts(values), dtype=object)).tolist()
        if not proteins:
            raise DataError("encoder 'alignment': no training rows to learn from.")
        if len(proteins) > self.most:
            proteins = sorted(proteins, key=_hash)[: self.most]
        rows = np.stack([_row(protein, tuple(proteins)) for protein in proteins]).astype(np.float64)
        std = rows.std(0)
        std[std == 0] = 1.0
        return replace(self, panel=tuple(proteins), mean=tuple(rows.mean(0).tolist()), std=tuple(std.tolist()))

    def inputs(self) -> Inputs:
        """Values, one channel a protein of the panel."""
        return Inputs("values", len(self._chosen()))

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One float32 array "x" (1, F) a protein; equal ones are aligned once."""
        panel = self._chosen()
        mean, std = (np.array(one) for one in (self.mean, self.std))
        rows = (_row(protein, panel) for protein in _texts(values))
        return [{"x": ((row - mean) / std).astype(np.float32)[None]} for row in rows]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Tensor "x" (B, 1, F) and "mask" (B, 1)."""
        return stack(items)

    def state(self) -> dict[str, Any]:
        """The panel and what was learned."""
        return as_json(self)

    def _chosen(self) -> tuple[str, ...]:
        if not self.panel:
            raise ConfigError("encoder 'alignment' has no panel yet: fit it on the training rows.")
        return self.panel


def _texts(values: Sequence[Any] | Matrix) -> list[str]:
    if isinstance(values, Matrix):
        raise DataError("encoder 'alignment' reads proteins; the input column holds numbers.")
    check_text("alignment", values)
    return list(values)


def _hash(protein: str) -> bytes:
    return hashlib.blake2b(protein.upper().encode(), digest_size=8).digest()


@lru_cache(maxsize=KEPT)
def _row(protein: str, panel: tuple[str, ...]) -> NDArray[np.float32]:
    from exapt.bio.align.scores import normalised_scores

    row: NDArray[np.float32] = normalised_scores([protein], panel)[0]
    return row


EXPORT = Alignment
