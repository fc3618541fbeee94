"""Random forest on ECFP4 fingerprints: hard to beat on series of one target."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._of_molecules import ForestOfMolecules

if TYPE_CHECKING:
    from exapt.evaluate.baselines._features import Molecules


class EcfpForest(ForestOfMolecules):
    """Trees on 2,048 bits; sequences beside the molecule come as short k-mers.

    Parameters
    ----------
    trees
        Number of trees.

    References
    ----------
    Rogers and Hahn 2010, Extended-connectivity fingerprints. doi:10.1021/ci100050t
    Breiman 2001, Random forests. doi:10.1023/A:1010933404324
    """

    default: ClassVar[frozenset[str]] = frozenset({"molecule", "dna", "rna", "protein"})
    default_for_pairs: ClassVar[bool] = False
    molecules: ClassVar[Molecules] = "ecfp"


EXPORT = EcfpForest
