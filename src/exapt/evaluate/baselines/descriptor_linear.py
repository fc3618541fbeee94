"""Logistic or ridge regression on RDKit's two-dimensional descriptors of molecules."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._of_molecules import LinearOfMolecules

if TYPE_CHECKING:
    from exapt.evaluate.baselines._features import Molecules


class DescriptorLinear(LinearOfMolecules):
    """Standardised on the training rows; sequences beside the molecule come as k-mers (TF-IDF)."""

    default: ClassVar[frozenset[str]] = frozenset({"molecule"})
    molecules: ClassVar[Molecules] = "descriptors"


EXPORT = DescriptorLinear
