"""Homology transfer: the answer of the training sequence with the best alignment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from exapt.evaluate.baselines._baseline import Baseline, Problem
from exapt.evaluate.metrics._metric import Floats, Kind

if TYPE_CHECKING:
    from exapt.core.contracts import Table


class BestHit(Baseline):
    """What a biologist does first. The identity of the best hit says how much its answer counts against the prior.

    A label that the hit has gets the probability i + (1 - i) * p, any other one (1 - i) * p: i is the identity times
    the coverage of the shorter sequence, p the share of the label in training. Without a hit that is the prior. A
    value is that of the hit, and the training mean without one; so is what the hit does not know.

    Parameters
    ----------
    tool
        `mmseqs` (MMseqs2), `kmers` (our own), or `auto`: MMseqs2 where it works, else our own, with a warning.

    References
    ----------
    Radivojac et al. 2013, A large-scale evaluation of computational protein function prediction (CAFA).
    doi:10.1038/nmeth.2340
    """

    modalities: ClassVar[frozenset[str]] = frozenset({"dna", "rna", "protein"})
    default: ClassVar[frozenset[str]] = modalities

    def __init__(self, tool: Literal["auto", "mmseqs", "kmers"] = "auto") -> None:
        self.tool: Literal["auto", "mmseqs", "kmers"] = tool

    @classmethod
    def applies(cls, kind: Kind, modalities: Sequence[str]) -> bool:
        """One input only: the best hit of a pair is two hits, which may disagree."""
        return len(modalities) == 1 and super().applies(kind, modalities)

    def learn(self, train: Table, problem: Problem) -> None:
        """Keep the training sequences and their answers."""
        (name,) = train.names("input")
        self._input, self._modality, self._problem = name, train.columns[name].modality, problem
        self._train = train.frame[name].tolist()
        answers = np.eye(problem.classes)[problem.targets] if problem.kind == "class" else problem.targets
        known = np.isfinite(answers)
        none = 0.5 if problem.kind == "multilabel" else 0.0
        total, count = np.where(known, answers, 0).sum(0), known.sum(0)
        self._prior = np.where(count > 0, total / np.maximum(count, 1), none)
        self._answers = np.where(known, answers, self._prior)

    def predict(self, table: Table) -> Floats:
        """Probabilities or values."""
        from exapt.bio.align.search import nearest

        hits = nearest(table.frame[self._input].tolist(), self._train, self._modality, tool=self.tool)
        found = self._answers[hits.index]
        trust = (hits.identity * hits.coverage).astype(np.float64)[:, None]
        if self._problem.kind == "number":
            trust = (hits.index >= 0)[:, None].astype(np.float64)
        return self._problem.shaped(trust * found + (1 - trust) * self._prior)


EXPORT = BestHit
