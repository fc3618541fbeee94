"""Gradients along the straight path from a baseline to the input; they add up to the change of the output."""

from __future__ import annotations

import numpy as np
import torch

from exapt.core.contracts import Batch, Model
from exapt.core.errors import ConfigError
from exapt.explain._explainer import Explainer, Explanation, explanation
from exapt.explain._gradients import Baseline, by_unit, gradients, space
from exapt.explain._question import Question, ask, with_stream


class IntegratedGradients(Explainer):
    """The integral of the gradient from a baseline to the input, times their difference, summed over channels.

    Parameters
    ----------
    steps
        Points of the Gauss-Legendre rule. The completeness error says whether they were enough.
    baseline
        ``zero``: a zero vector; ``mask``: the mask letter, the mask level of atoms, 0 for values: for models that were
        pre-trained with masks.

    References
    ----------
    Sundararajan, Taly and Yan (2017), Axiomatic attribution for deep networks, arXiv:1703.01365
    """

    def __init__(self, *, steps: int = 32, baseline: Baseline = "zero") -> None:
        if not (isinstance(steps, int) and steps >= 1):
            raise ConfigError(f"integrated_gradients: steps is a whole number of at least 1; found {steps!r}.")
        if baseline not in ("mask", "zero"):
            raise ConfigError(f"integrated_gradients: baseline is mask or zero; found {baseline!r}.")
        self.steps = steps
        self.baseline = baseline

    def __call__(self, model: Model, batch: Batch, question: Question) -> Explanation:
        """Attributions of every example, with their completeness error."""
        here = space(model, batch, question.column, self.baseline)
        points, weights = np.polynomial.legendre.leggauss(self.steps)
        total = {key: torch.zeros_like(array) for key, array in here.start.items()}
        for point, weight in zip((points + 1) / 2, weights / 2, strict=True):
            found, _ = gradients(model, here, here.at(float(point)), question)
            total = {key: array + float(weight) * found[key] for key, array in total.items()}
        products = {key: array * (here.start[key] - here.base[key]) for key, array in total.items()}
        stream = here.batch.inputs[question.column]
        with torch.no_grad():
            scores = ask(model, with_stream(here.batch, question.column, {**stream, **here.start}), question)
            before = ask(model, with_stream(here.batch, question.column, {**stream, **here.base}), question)
        attributed = by_unit(products, model, batch, question)
        return explanation(attributed, batch, question, model, scores, scores - before)


EXPORT = IntegratedGradients
