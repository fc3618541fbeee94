"""What the output loses when one position is taken away; no gradient, any model."""

from __future__ import annotations

import torch

from exapt.core.contracts import Batch, Model
from exapt.core.errors import ConfigError
from exapt.explain._explainer import Explainer, Explanation, explanation
from exapt.explain._question import Question, ask, rows_of, units, with_stream
from exapt.explain._removal import REMOVALS, Removal, removed

VARIANTS = 512  # inputs with one position removed that are predicted at a time


class Occlusion(Explainer):
    """Score of the whole input minus the score without one position, for each position.

    Parameters
    ----------
    remove
        ``mask``: the mask letter, the mask level of an atom, 0 for values; ``delete``: an atom goes together with its
        bonds, letters close up; None = ``delete`` for atoms, ``mask`` for letters where the encoder has one.

    References
    ----------
    Zeiler and Fergus (2014), Visualizing and understanding convolutional networks, arXiv:1311.2901
    """

    def __init__(self, *, remove: Removal | None = None) -> None:
        if remove is not None and remove not in REMOVALS:
            raise ConfigError(f"occlusion: remove is mask or delete; found {remove!r}.")
        self.remove = remove

    def __call__(self, model: Model, batch: Batch, question: Question) -> Explanation:
        """Attributions of every example."""
        inputs = model.backbone(question.column).inputs
        stream = batch.inputs[question.column]
        allowed = units(stream, inputs)
        with torch.no_grad():
            scores = ask(model, batch, question)
            losses = torch.zeros(allowed.shape, device=allowed.device)
            for places in torch.split(allowed.nonzero(), VARIANTS):
                rows, position = places.unbind(1)
                chosen = torch.zeros(len(rows), allowed.shape[1], dtype=torch.bool, device=allowed.device)
                chosen[torch.arange(len(rows)), position] = True
                some = rows_of(batch, rows)
                without = removed(some.inputs[question.column], inputs, chosen, self.remove)
                after = ask(model, with_stream(some, question.column, without), question.take(rows))
                losses[rows, position] = scores[rows] - after
        return explanation(losses, batch, question, model, scores)


EXPORT = Occlusion
