"""Answer of the most similar training molecule by Tanimoto on ECFP4 fingerprints."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._molecules import ecfp4
from exapt.evaluate.baselines._neighbours import ROWS, answers
from exapt.evaluate.metrics._metric import Floats

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class Tanimoto(Baseline):
    """One nearest neighbour. Probabilities come from the most similar molecule of each class, so that they can rank.

    With several molecules in a row the mean of their similarities counts. A label or value that the neighbour does
    not have is taken from the nearest molecule that has it.

    References
    ----------
    Bajusz, Racz and Heberger 2015, Why is Tanimoto index an appropriate choice for fingerprint-based similarity
    calculations? doi:10.1186/s13321-015-0069-3
    """

    modalities: ClassVar[frozenset[str]] = frozenset({"molecule"})
    default: ClassVar[frozenset[str]] = modalities

    def learn(self, train: Table, problem: Problem) -> None:
        """Keep the training molecules."""
        self._problem = problem
        self._train = {name: ecfp4(train.frame[name].tolist()) for name in train.names("input")}

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        from exapt.bio.chem.similarity import tanimoto

        queries = {name: ecfp4(table.frame[name].tolist()) for name in self._train}
        found = []
        for start in range(0, max(len(table), 1), ROWS):
            pairs = [(queries[name][start : start + ROWS], known) for name, known in self._train.items()]
            similarity = np.mean([tanimoto(*pair) for pair in pairs], axis=0)
            found.append(answers(similarity, self._problem))
        return self._problem.shaped(np.concatenate(found))


EXPORT = Tanimoto
