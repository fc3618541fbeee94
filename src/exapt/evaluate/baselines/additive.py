"""For pairs: the grand mean plus an effect of each entity, the same for all its partners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.baselines._entities import Codes, Entities, are_pairs
from exapt.evaluate.baselines._sequences import SEQUENCES
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table

SHRINKAGE = 1.0  # pairs at the grand mean that each entity has in addition
EXACT = 1e-9  # relative error at which the solver ends


class Additive(Baseline):
    """What is known without any structure or sequence; a new entity has effect 0. Solved by least squares.

    A method for pairs that is no better has learned which drug binds much and which target is bound much, not what
    binds to what.
    """

    kinds: ClassVar[frozenset[Kind]] = frozenset({"number"})
    modalities: ClassVar[frozenset[str]] = SEQUENCES
    default: ClassVar[frozenset[str]] = SEQUENCES

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """Numbers of pairs."""
        return kind in cls.kinds and are_pairs(modalities)

    def learn(self, train: Table, problem: Problem) -> None:
        """Effects of all entities, target by target."""
        self._entities, self._problem = Entities(), problem
        codes = self._entities.fit_transform(train)
        self._means = np.zeros(problem.targets.shape[1])
        self._effects = np.zeros((self._entities.size + 1, problem.targets.shape[1]))  # the last one: unknown
        for number, column in enumerate(problem.targets.T):
            known = np.isfinite(column)
            if known.any():
                self._means[number] = column[known].mean()
                residual = column[known] - self._means[number]
                self._effects[:-1, number] = _effects(codes[known], residual, self._entities.size)

    def predict(self, table: Table) -> Floats:
        """(n,) or (n, T)."""
        codes = self._entities.transform(table)
        return self._problem.shaped(self._means + self._effects[codes].sum(1))


def _effects(codes: Codes, values: Floats, size: int) -> Floats:
    """Ridge solution of value = effect of the first entity + effect of the second one."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import lsqr

    rows = np.repeat(np.arange(len(codes)), 2)
    design = coo_array((np.ones(codes.size), (rows, codes.ravel())), shape=(len(codes), size)).tocsr()
    solved: Floats = lsqr(design, values, damp=np.sqrt(SHRINKAGE), atol=EXACT, btol=EXACT)[0]
    return solved


EXPORT = Additive
