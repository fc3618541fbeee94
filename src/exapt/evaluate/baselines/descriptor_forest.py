"""Random forest on RDKit's two-dimensional descriptors of molecules."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._of_molecules import ForestOfMolecules

if TYPE_CHECKING:
    from exapt.evaluate.baselines._features import Molecules


class DescriptorForest(ForestOfMolecules):
    """Trees on 215 descriptors; sequences beside the molecule come as short k-mers.

    Parameters
    ----------
    trees
        Number of trees.

    References
    ----------
    Breiman 2001, Random forests. doi:10.1023/A:1010933404324
    """

    default: ClassVar[frozenset[str]] = frozenset({"molecule"})
    molecules: ClassVar[Molecules] = "descriptors"


EXPORT = DescriptorForest
