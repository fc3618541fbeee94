"""What an explainer is: model, batch and question in, one array of attributions an example out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from exapt.core.contracts import Batch, Model
from exapt.explain._question import Question, units

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Explanation:
    """Attributions of a batch; positive speaks for the explained output, negative against it.

    Attributes
    ----------
    values
        One float64 array (U,) an example, in the unit of the score: log-odds of a class or label, standard deviations
        of a number. U are the positions, atoms or features of that example; special letters have 0.
    scores
        (B,) what the model says.
    changes
        (B,) score minus that of the baseline, which the attributions should add up to; NaN for methods without one.
    errors
        (B,) completeness error: the sum of the attributions minus `changes`.
    maps
        Of methods that put other letters in place: one float64 array (U, A) an example, by how much the score changes
        where letter a of the question's letters stands at a position instead, 0 for the one that does; else None.
    """

    values: Sequence[Values]
    scores: Values
    changes: Values
    errors: Values
    maps: Sequence[Values] | None = None


class Explainer(ABC):
    """A way to say how much each position of an input did for the output of a model."""

    substitutes: ClassVar[bool] = False  # True: puts other letters in place, so it is for sequences of letters only

    @abstractmethod
    def __call__(self, model: Model, batch: Batch, question: Question) -> Explanation:
        """Attributions of every example of a batch of raw inputs; the model is in eval mode and is not changed."""


def explanation(
    attributed: Tensor, batch: Batch, question: Question, model: Model, scores: Tensor, changes: Tensor | None = None
) -> Explanation:
    """Cut the padding off (B, U) attributions; without `changes` there is no completeness to speak of."""
    stream = batch.inputs[question.column]
    allowed = units(stream, model.backbone(question.column).inputs)
    lengths = stream["mask"].sum(1) if allowed.shape == stream["mask"].shape else allowed.sum(1)
    table = attributed.detach().double().masked_fill(~allowed, 0.0).cpu().numpy()
    values = [row[:length] for row, length in zip(table, lengths.tolist(), strict=True)]
    said = scores.detach().double().cpu().numpy()
    if changes is None:
        unknown = np.full(len(said), np.nan)
        return Explanation(values, said, unknown, unknown)
    expected = changes.detach().double().cpu().numpy()
    return Explanation(values, said, expected, attributed.detach().double().sum(1).cpu().numpy() - expected)
