"""What is explained: one output of a model for each example, and the positions it may be explained by."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from exapt.core.contracts import Batch, Inputs, Kind, Model, Stream
from exapt.core.errors import ConfigError


@dataclass(frozen=True)
class Question:
    """Which output of which examples, and by which input column.

    Attributes
    ----------
    column
        The input column that attributions belong to; the others stay as they are.
    outputs
        (B,) int64, number of the explained output of each example: a class, a label or a target.
    kind
        What the outputs are, as the task says.
    letters
        Ids of the letters that may stand at a position of the column; empty = all but the special ones.
    """

    column: str
    outputs: Tensor
    kind: Kind
    letters: tuple[int, ...] = ()

    def take(self, rows: Tensor) -> Question:
        """The same question about some rows, which may repeat."""
        return replace(self, outputs=self.outputs[rows])


def score(output: Tensor, outputs: Tensor, kind: Kind) -> Tensor:
    """The explained number of each example, (B,): log-odds of a class or label, or the standardised value.

    The log-odds of a class are its logit minus the log-sum-exp of all others, because logits alone may shift together
    without any effect on the prediction.

    Parameters
    ----------
    output
        (B, C) head outputs.
    outputs
        (B,) which of them.
    kind
        What they are.

    Raises
    ------
    ConfigError
        Where the model predicts something for each position.

    Examples
    --------
    >>> score(torch.tensor([[2.0, -1.0]]), torch.tensor([0]), "class")
    tensor([3.])
    """
    if output.ndim != 2:
        raise ConfigError(
            f"This model predicts {tuple(output.shape[1:])} numbers for each example; explanations are made for models "
            "that predict one class, label or value for a whole example."
        )
    chosen = output.gather(1, outputs[:, None]).squeeze(1)
    if kind != "class":
        return chosen
    others = output.scatter(1, outputs[:, None], float("-inf"))
    return chosen - others.logsumexp(1)


def prediction(scores: Tensor, kind: Kind) -> Tensor:
    """The probability that belongs to log-odds; the standardised value itself."""
    return scores if kind == "number" else scores.sigmoid()


def ask(model: Model, batch: Batch, question: Question) -> Tensor:
    """Score of each example, (B,) float32."""
    output: Tensor = model(batch)
    return score(output.float(), question.outputs, question.kind)


def with_stream(batch: Batch, column: str, stream: Stream) -> Batch:
    """The batch with another stream in one column."""
    return replace(batch, inputs={**batch.inputs, column: stream})


def rows_of(batch: Batch, rows: Tensor) -> Batch:
    """Some rows of a batch, which may repeat; targets are left out."""
    inputs = {name: {key: array[rows] for key, array in stream.items()} for name, stream in batch.inputs.items()}
    return replace(batch, inputs=inputs, targets={}, ids=[batch.ids[i] for i in rows.tolist()])


def units(stream: Stream, inputs: Inputs) -> Tensor:
    """Which positions an attribution may name, (B, U) bool: letters and atoms, not padding and special letters.

    Values with a single position (expression) are explained by feature, so U is their number there; values with more
    positions by position.

    Raises
    ------
    ConfigError
        For images.
    """
    x, mask = stream["x"], stream["mask"]
    if inputs.kind == "image":
        raise ConfigError("Images cannot be explained yet; letters, molecules and values can.")
    if inputs.kind == "letters":
        return mask & ~torch.isin(x, torch.tensor(inputs.special, device=x.device))
    if by_feature(stream, inputs):
        return torch.ones_like(x[:, 0], dtype=torch.bool)
    return mask


def by_feature(stream: Stream, inputs: Inputs) -> bool:
    """Whether the units are features instead of positions."""
    return inputs.kind == "values" and stream["x"].shape[1] == 1
