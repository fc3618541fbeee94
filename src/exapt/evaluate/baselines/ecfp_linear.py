"""Logistic or ridge regression on ECFP4 fingerprints."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._of_molecules import LinearOfMolecules

if TYPE_CHECKING:
    from exapt.evaluate.baselines._features import Molecules


class EcfpLinear(LinearOfMolecules):
    """One penalty for 2,048 bits; sequences beside the molecule come as k-mers (TF-IDF).

    References
    ----------
    Rogers and Hahn 2010, Extended-connectivity fingerprints. doi:10.1021/ci100050t
    """

    default: ClassVar[frozenset[str]] = frozenset({"molecule", "dna", "rna", "protein"})
    default_for_pairs: ClassVar[bool] = False
    molecules: ClassVar[Molecules] = "ecfp"


EXPORT = EcfpLinear
