"""What a backbone may be asked for: one sentence where an option or an input does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from exapt.core.errors import ConfigError, nearest

if TYPE_CHECKING:
    from exapt.core.contracts import Inputs


def choice(option: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse a word that an option does not know.

    Raises
    ------
    ConfigError
        Names the option, the word that was found, and the nearest allowed words.

    Examples
    --------
    >>> choice("pool", "maen", ["mean", "max"])
    Traceback (most recent call last):
    exapt.core.errors.ConfigError: pool: 'maen' is not known. Did you mean 'mean'? Known: max, mean.
    """
    if value not in list(allowed):
        raise ConfigError(f"{option}: {value!r} is not known. {nearest(str(value), allowed)}")


def at_least(least: int, **options: int) -> None:
    """Refuse anything but whole numbers from a bound upwards.

    Raises
    ------
    ConfigError
        Names the first option that does not fit.

    Examples
    --------
    >>> at_least(1, depth=0)
    Traceback (most recent call last):
    exapt.core.errors.ConfigError: depth: found 0, must be a whole number of at least 1.
    """
    for option, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigError(f"{option}: found {value!r}, must be a whole number of at least {least}.")


def fraction(**options: float) -> None:
    """Refuse numbers outside [0, 1), for dropout.

    Raises
    ------
    ConfigError
        Names the first option that lies outside.
    """
    for option, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            raise ConfigError(f"{option}: found {value!r}, must lie in [0, 1).")


def reads(arch: str, inputs: Inputs, *kinds: str) -> None:
    """Refuse inputs that an architecture cannot read.

    Raises
    ------
    ConfigError
        Names the kind that the encoder makes and the kinds that the architecture reads.
    """
    if inputs.kind not in kinds:
        raise ConfigError(
            f"backbone {arch!r} reads {' or '.join(kinds)}, but the encoder makes {inputs.kind}. "
            "Choose another backbone or another encoder."
        )


def widths_given(widths: Sequence[int]) -> None:
    """Refuse an empty list of layer widths, and widths below 1.

    Raises
    ------
    ConfigError
        With what was found.
    """
    if isinstance(widths, str) or not isinstance(widths, Sequence) or not widths:
        raise ConfigError(f"widths: found {widths!r}; must be a list of at least one width, such as [256, 64].")
    for width in widths:
        at_least(1, widths=width)
