"""Molecules as one position: a fingerprint (ECFP and others) beside RDKit's descriptors, standardised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.core.errors import ConfigError, DataError
from exapt.core.examples import stack
from exapt.data.encoders._columns import moments
from exapt.data.encoders._smiles import check_read, distinct
from exapt.data.encoders._state import as_json, check_choice, check_positive, freeze


@dataclass(frozen=True)
class Fingerprint(Encoder):
    """Fingerprint and descriptors of a molecule side by side, as float32 "x" (1, F); equal SMILES are read once.

    Parameters
    ----------
    family
        ``ecfp4``, ``ecfp6``, ``fcfp4``, ``atom_pairs``, ``torsions``, ``paths`` or ``atoms``; None = no fingerprint.
    bits
        Width to which the fingerprint is folded.
    counts
        The second, third, ... occurrence of a feature sets a bit of its own; False = only whether there is one.
    descriptors
        RDKit's two-dimensional descriptors beside it, each standardised with the mean and standard deviation of the
        training rows. What RDKit cannot compute (partial charges of some metals) counts as 0 before that.
    clip
        Largest absolute standardised descriptor; None = no limit.
    mean, std
        Of the descriptors, what `fit` learned; an encoder that has learned keeps it.

    References
    ----------
    Rogers and Hahn (2010), Extended-connectivity fingerprints. doi:10.1021/ci100050t

    Examples
    --------
    >>> encoder = Fingerprint(bits=64, descriptors=False)
    >>> one, other = encoder.encode(["CCO", "OCC"])
    >>> one["x"].shape, bool((one["x"] == other["x"]).all())
    ((1, 64), True)
    """

    family: str | None = "ecfp4"
    bits: int = 2048
    counts: bool = True
    descriptors: bool = True
    clip: float | None = 10.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    modalities: ClassVar[tuple[Modality, ...]] = ("molecule",)

    def __post_init__(self) -> None:
        from exapt.bio.chem.counted import FAMILIES

        freeze(self, "mean", "std")
        check_positive("fingerprint", "bits", self.bits)
        check_positive("fingerprint", "clip", self.clip)
        if self.family is not None:
            check_choice("fingerprint", "family", self.family, FAMILIES)
        elif not self.descriptors:
            raise ConfigError("encoder 'fingerprint': neither a family nor descriptors; nothing is left to read.")

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """Learn mean and standard deviation of the descriptors of the training rows."""
        if self.mean or not self.descriptors:
            return self
        codes, smiles = distinct("fingerprint", values)
        if not smiles:
            raise DataError("encoder 'fingerprint': no training rows to learn from.")
        rows = self._described(smiles)[codes]
        mean, std = moments(iter([(slice(None), rows)]), rows.shape[1])
        return replace(self, mean=tuple(mean.tolist()), std=tuple(std.tolist()))

    def inputs(self) -> Inputs:
        """Values, one channel a bit and a descriptor."""
        return Inputs("values", self._bits() + len(self._learned()))

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One float32 array "x" (1, F) a value.

        Raises
        ------
        DataError
            Where RDKit cannot read a molecule.
        """
        from exapt.bio.chem.counted import keys

        codes, smiles = distinct("fingerprint", values)
        found = keys(smiles, self.family or "atoms", bits=None if self.counts else self.bits)
        check_read("fingerprint", smiles, codes, found.readable)
        x = np.zeros((len(smiles), self._bits() + len(self._learned())), dtype=np.float32)
        if self.family is not None:
            x[np.repeat(np.arange(len(smiles)), found.sizes), found.codes % np.uint64(self.bits)] = 1.0
        if self.descriptors:
            x[:, self._bits() :] = self._scaled(self._described(smiles))
        return [{"x": x[code : code + 1]} for code in codes]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Tensor "x" (B, 1, F) and "mask" (B, 1)."""
        return stack(items)

    def state(self) -> dict[str, Any]:
        """The options and what was learned."""
        return as_json(self)

    def _bits(self) -> int:
        return 0 if self.family is None else self.bits

    def _learned(self) -> tuple[float, ...]:
        if self.descriptors and not self.mean:
            raise ConfigError("encoder 'fingerprint' has learned no descriptors yet: fit it on the training rows.")
        return self.mean

    def _described(self, smiles: Sequence[str]) -> NDArray[np.float32]:
        from exapt.bio.chem.fingerprints import DESCRIPTORS, descriptors

        if self.mean and len(self.mean) != len(DESCRIPTORS):
            raise ConfigError(
                f"encoder 'fingerprint' learned {len(self.mean)} descriptors; this exapt has {len(DESCRIPTORS)}. "
                "Fit it again."
            )
        return descriptors(smiles)

    def _scaled(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = (rows - np.array(self.mean)) / np.array(self.std)
        return scaled if self.clip is None else np.clip(scaled, -self.clip, self.clip)


EXPORT = Fingerprint
