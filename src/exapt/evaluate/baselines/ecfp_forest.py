"""Random forest on ECFP4 fingerprints: hard to beat on series of one target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._forest import Forest
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class EcfpForest(Baseline):
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
    deterministic: ClassVar[bool] = False

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """Only where an input holds molecules."""
        return "molecule" in modalities and super().applies(kind, modalities)

    def __init__(self, trees: int = 200) -> None:
        self._forest = Forest(trees, "ecfp_forest")

    def learn(self, train: Table, problem: Problem) -> None:
        """Grow the trees."""
        self._space = FeatureSpace("tree", molecules="ecfp")
        self._forest.fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._forest.predict(self._space.transform(table))


EXPORT = EcfpForest
