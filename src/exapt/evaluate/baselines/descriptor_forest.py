"""Random forest on RDKit's two-dimensional descriptors of molecules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._forest import Forest
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class DescriptorForest(Baseline):
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
    deterministic: ClassVar[bool] = False

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """Only where an input holds molecules."""
        return "molecule" in modalities and super().applies(kind, modalities)

    def __init__(self, trees: int = 200) -> None:
        self._forest = Forest(trees, "descriptor_forest")

    def learn(self, train: Table, problem: Problem) -> None:
        """Grow the trees."""
        self._space = FeatureSpace("tree", molecules="descriptors")
        self._forest.fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._forest.predict(self._space.transform(table))


EXPORT = DescriptorForest
