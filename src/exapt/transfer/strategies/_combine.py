"""The list of a configuration -> one strategy; what contradicts itself is refused by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

from torch import Tensor

from exapt.core.config import Piece
from exapt.core.contracts import Batch, Model, Strategy, Term
from exapt.core.errors import ConfigError
from exapt.core.registry import STRATEGIES

DECIDES = {
    "trainable": "decide which weights are trainable",
    "rates": "decide the learning rates",
    "penalty": "decide the penalty",
    "batches": "decide which batches are drawn",
}


def named(text: str) -> list[Piece]:
    """Strategies by name, joined by ``+``.

    Examples
    --------
    >>> [piece.name for piece in named("lp_ft+discriminative_lr")]
    ['lp_ft', 'discriminative_lr']
    """
    return [Piece(name=part.strip()) for part in text.split("+")]


def combine(pieces: Sequence[Piece]) -> Strategy:
    """Build registered strategies and merge them into one.

    Parameters
    ----------
    pieces
        Names with options, at least one.

    Returns
    -------
    Strategy
        The strategy itself where there is one, else one whose hooks delegate: `prepare`, `on_epoch` and
        `penalty` to all, the others to the one that owns the decision.

    Raises
    ------
    ConfigError
        Where a name or an option is unknown, or two strategies decide the same.

    Examples
    --------
    >>> combine([Piece(name="lora"), Piece(name="gradual_unfreeze")])
    Traceback (most recent call last):
    exapt.core.errors.ConfigError: strategies 'lora' and 'gradual_unfreeze' both decide which weights are trainable; \
keep one.
    """
    if not pieces:
        raise ConfigError(f"strategy is empty. Known: {', '.join(STRATEGIES.names())}.")
    members: dict[str, Strategy] = {}
    for piece in pieces:
        if piece.name in members:
            raise ConfigError(f"strategy {piece.name!r} is listed twice; keep one.")
        members[piece.name] = STRATEGIES.build(piece.name, **piece.options)
    for first, second in combinations(members, 2):
        _refuse_conflict(members, first, second)
    return next(iter(members.values())) if len(members) == 1 else Combined(members)


def _refuse_conflict(members: Mapping[str, Strategy], first: str, second: str) -> None:
    if "auto" in (first, second):
        raise ConfigError(f"strategies {first!r} and {second!r}: 'auto' chooses a whole strategy; it stands alone.")
    for name, other in ((first, second), (second, first)):
        presumes = members[other].pretrained and members[other].owns != {"batches"}
        if not members[name].pretrained and presumes:
            raise ConfigError(
                f"strategy {other!r} presumes pre-trained weights and {name!r} starts from random ones; keep one."
            )
    both = sorted(members[first].owns & members[second].owns)
    if both:
        raise ConfigError(f"strategies {first!r} and {second!r} both {DECIDES[both[0]]}; keep one.")


class Combined(Strategy):
    """Several strategies that decide different things.

    Parameters
    ----------
    members
        Name -> strategy, in the order of the configuration.
    """

    def __init__(self, members: Mapping[str, Strategy]) -> None:
        # What is trainable is settled first: the others look at the result (adapters, closed blocks).
        self.members = dict(sorted(members.items(), key=lambda item: "trainable" not in item[1].owns))
        self.pretrained = all(member.pretrained for member in members.values())  # type: ignore[misc]
        self.needs_source = any(member.needs_source for member in members.values())  # type: ignore[misc]
        self.owns = frozenset().union(*(member.owns for member in members.values()))  # type: ignore[misc]

    def prepare(self, model: Model) -> None:
        """All of them."""
        for member in self.members.values():
            member.prepare(model)

    def on_epoch(self, model: Model, epoch: int, epochs: int) -> bool:
        """All of them; True where one changed the trainable set."""
        changed = [member.on_epoch(model, epoch, epochs) for member in self.members.values()]  # all, whatever the first
        return any(changed)

    def train_mode(self, model: Model) -> None:
        """As the one that decides what is trainable does it."""
        self._owner("train_mode").train_mode(model)

    def param_groups(self, model: Model, lr: float) -> list[dict[str, Any]]:
        """As the one that decides the rates does it, else the first that forms its own groups."""
        return self._owner("param_groups").param_groups(model, lr)

    def penalty(self, model: Model) -> Tensor | float:
        """The sum."""
        return sum((member.penalty(model) for member in self.members.values()), start=0.0)

    def batches(self, target: Iterable[Batch], source: Iterable[Batch] | None) -> Iterator[list[Term]]:
        """As the one that decides the batches does it."""
        return self._owner("batches").batches(target, source)

    def _owner(self, hook: str) -> Strategy:
        decision = {"train_mode": "trainable", "param_groups": "rates", "batches": "batches"}[hook]
        changed = [m for m in self.members.values() if getattr(type(m), hook) is not getattr(Strategy, hook)]
        owners = [member for member in changed if decision in member.owns]
        return next(iter([*owners, *changed]), next(iter(self.members.values())))
