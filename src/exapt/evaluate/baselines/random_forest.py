"""Random forest on short k-mers, genes, pixels or numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._features import FeatureSpace
from exapt.evaluate.baselines._forest import Forest
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class RandomForest(Baseline):
    """Trees vote. Several labels or values share one forest.

    Parameters
    ----------
    trees
        Number of trees.

    References
    ----------
    Breiman 2001, Random forests. doi:10.1023/A:1010933404324
    """

    default: ClassVar[frozenset[str]] = frozenset({"image", "number"})
    deterministic: ClassVar[bool] = False

    def __init__(self, trees: int = 200) -> None:
        self._forest = Forest(trees, "random_forest")

    def learn(self, train: Table, problem: Problem) -> None:
        """Grow the trees."""
        self._space = FeatureSpace("tree")
        self._forest.fit(self._space.fit_transform(train), problem)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        return self._forest.predict(self._space.transform(table))


EXPORT = RandomForest
