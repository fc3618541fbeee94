"""What happened in a training, epoch by epoch."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal

from exapt.core.paths import write_text


@dataclass(frozen=True)
class Epoch:
    """One epoch; losses are means over rows, None where there is no validation or no score.

    Attributes
    ----------
    epoch
        Counted from 1.
    lr
        The base rate at its last step.
    seconds
        Wall time with validation.
    trainable
        Number of parameters that could move.
    """

    epoch: int
    train_loss: float
    valid_loss: float | None
    valid_score: float | None
    lr: float
    seconds: float
    trainable: int

    @property
    def score(self) -> float:
        """Higher is better: the validation score, minus the loss where there is no score; NaN without validation."""
        if self.valid_score is not None:
            return self.valid_score
        return float("nan") if self.valid_loss is None else -self.valid_loss


@dataclass(frozen=True)
class History:
    """All epochs of one training.

    Attributes
    ----------
    rows
        In order.
    best_epoch
        The one with the best validation value, counted from 1; None without validation.
    steps
        Optimiser steps taken.
    stopped_early
        Did early stopping end it?
    """

    rows: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None
    steps: int = 0
    stopped_early: bool = False

    @property
    def seconds(self) -> float:
        """Wall time of all epochs."""
        return sum(row.seconds for row in self.rows)

    @property
    def best(self) -> Epoch | None:
        """The row of `best_epoch`."""
        return self.rows[self.best_epoch - 1] if self.best_epoch else None

    def kept(self, keep: Literal["best", "last"]) -> Epoch:
        """The epoch whose weights the training has left."""
        return (self.best if keep == "best" else None) or self.rows[-1]

    def write(self, path: Path) -> None:
        """Write one line an epoch as TSV; a value that does not exist is empty.

        Examples
        --------
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "history.tsv"
        >>> History([Epoch(1, 0.5, None, None, 0.001, 0.25, 10)]).write(path)
        >>> print(path.read_text().expandtabs(12).rstrip())
        epoch       train_loss  valid_loss  valid_score lr          seconds     trainable
        1           0.5                                 0.001       0.25        10
        """
        lines = [[column.name for column in fields(Epoch)]]
        lines += [["" if value is None else str(value) for value in asdict(row).values()] for row in self.rows]
        write_text(path, "".join("\t".join(line) + "\n" for line in lines))
