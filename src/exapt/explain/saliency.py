"""Gradient times input: one backward pass, right for small changes only."""

from __future__ import annotations

from exapt.core.contracts import Batch, Model
from exapt.explain._explainer import Explainer, Explanation, explanation
from exapt.explain._gradients import by_unit, gradients, space
from exapt.explain._question import Question


class Saliency(Explainer):
    """Gradient of the score times what stands at each position, summed over its channels.

    It says what an infinitely small change would do, and misses what a saturated model no longer reacts to.

    References
    ----------
    Shrikumar et al. (2016), Not just a black box, arXiv:1605.01713
    """

    def __call__(self, model: Model, batch: Batch, question: Question) -> Explanation:
        """Attributions of every example."""
        here = space(model, batch, question.column, "zero")
        arrays = here.at(1.0)
        found, scores = gradients(model, here, arrays, question)
        products = {key: (found[key] * array).detach() for key, array in arrays.items()}
        return explanation(by_unit(products, model, batch, question), batch, question, model, scores)


EXPORT = Saliency
