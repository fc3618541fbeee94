"""What the output becomes with every other letter at every position (in-silico saturation mutagenesis)."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from exapt.core.contracts import Batch, Inputs, Model
from exapt.core.errors import ConfigError
from exapt.explain._explainer import Explainer, Explanation, explanation
from exapt.explain._question import Question, ask, rows_of, units, with_stream

VARIANTS = 512  # mutants that are predicted at a time


class Mutagenesis(Explainer):
    """Change of the score for each letter at each position; a letter is worth the mean of what its exchange costs.

    The attribution of a position is the score minus its mean over all other letters there. One letter is changed at a
    time, so what two positions do only together is not seen.

    References
    ----------
    Zhou and Troyanskaya (2015), DeepSEA, doi:10.1038/nmeth.3547
    """

    substitutes: ClassVar[bool] = True

    def __call__(self, model: Model, batch: Batch, question: Question) -> Explanation:
        """Attributions and maps of every example.

        Raises
        ------
        ConfigError
            Where the column holds no letters, or there is only one letter to choose from.
        """
        inputs = model.backbone(question.column).inputs
        stream = batch.inputs[question.column]
        letters = _letters(inputs, question, stream["x"].device)
        allowed = units(stream, inputs)
        with torch.no_grad():
            scores = ask(model, batch, question)
            change = torch.zeros(*allowed.shape, len(letters), device=allowed.device)
            other = allowed[..., None] & (stream["x"][..., None] != letters)
            for places in torch.split(other.nonzero(), VARIANTS):
                rows, position, letter = places.unbind(1)
                some = rows_of(batch, rows)
                x = some.inputs[question.column]["x"].clone()
                x[torch.arange(len(rows), device=x.device), position] = letters[letter].to(x.dtype)
                mutants = with_stream(some, question.column, {**some.inputs[question.column], "x": x})
                change[rows, position, letter] = ask(model, mutants, question.take(rows)) - scores[rows]
        worth = -change.sum(-1) / other.sum(-1).clamp(min=1)
        found = explanation(worth, batch, question, model, scores)
        table = change.double().cpu().numpy()
        return replace(found, maps=[row[: len(own)] for row, own in zip(table, found.values, strict=True)])


def _letters(inputs: Inputs, question: Question, device: torch.device) -> Tensor:
    """Ids of the letters to put in place."""
    if inputs.kind != "letters":
        raise ConfigError(f"mutagenesis puts other letters in place; input {question.column!r} holds {inputs.kind}.")
    ids = question.letters or tuple(i for i in range(inputs.size) if i not in inputs.special)
    if len(ids) < 2:
        raise ConfigError(f"mutagenesis needs two letters or more; input {question.column!r} has {len(ids)}.")
    return torch.tensor(ids, device=device)


EXPORT = Mutagenesis
