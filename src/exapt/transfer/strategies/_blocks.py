"""Opening and closing backbone blocks, and checks of options that strategies share."""

from __future__ import annotations

from collections.abc import Callable

from exapt.core.contracts import Model
from exapt.core.errors import ConfigError


def open_top(model: Model, count: Callable[[int], int]) -> bool:
    """Let only the top blocks of every backbone train; the heads are left as they are.

    Parameters
    ----------
    model
        Its backbones are changed in place.
    count
        Number of blocks of a backbone -> how many of them train, from the top.

    Returns
    -------
    bool
        True where the set of trainable parameters changed.
    """
    before = [parameter.requires_grad for parameter in model.parameters()]
    for backbone in model.distinct_backbones():
        blocks = backbone.blocks()
        closed = len(blocks) - count(len(blocks))
        for index, block in enumerate(blocks):
            block.requires_grad_(index >= closed)
    return before != [parameter.requires_grad for parameter in model.parameters()]


def require(allowed: bool, strategy: str, option: str, value: object, rule: str) -> None:
    """Refuse the value of an option.

    Raises
    ------
    ConfigError
        Where `allowed` is False.

    Examples
    --------
    >>> require(False, "partial", "top", -1, "a whole number, at least 0")
    Traceback (most recent call last):
    exapt.core.errors.ConfigError: strategy 'partial': top is -1; it must be a whole number, at least 0.
    """
    if not allowed:
        raise ConfigError(f"strategy {strategy!r}: {option} is {value!r}; it must be {rule}.")


def is_count(value: object, least: int) -> bool:
    """Whether it is a whole number, not below `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_number(value: object, low: float, high: float = float("inf")) -> bool:
    """Whether it is a number in [low, high]."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
