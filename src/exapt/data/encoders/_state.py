"""What all encoders share: their fields are JSON, and tuples once built, so that equal states are equal encoders."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from exapt.core.errors import ConfigError, DataError, nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def freeze(encoder: object, *names: str) -> None:
    """Turn list fields, as JSON gives them, into tuples; called from ``__post_init__`` of a frozen dataclass."""
    for name in names:
        object.__setattr__(encoder, name, tuple(getattr(encoder, name)))


def as_json(encoder: object) -> dict[str, Any]:
    """All fields of a dataclass as JSON: tuples become lists.

    Examples
    --------
    >>> @dataclasses.dataclass(frozen=True)
    ... class Example:
    ...     letters: tuple[str, ...] = ("A", "C")
    >>> as_json(Example())
    {'letters': ['A', 'C']}
    """
    fields = dataclasses.fields(cast("DataclassInstance", encoder))
    values = {field.name: getattr(encoder, field.name) for field in fields}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def check_choice(encoder: str, option: str, value: str, known: Sequence[str] | Mapping[str, Any]) -> None:
    """Refuse a value that is not among the known ones.

    Raises
    ------
    ConfigError
        With the nearest known value.
    """
    if value not in known:
        raise ConfigError(f"encoder {encoder!r}: unknown {option} {value!r}. {nearest(value, known, show=30)}")


def check_positive(encoder: str, option: str, value: float | None) -> None:
    """Refuse a number that is given and not above 0.

    Raises
    ------
    ConfigError
        With what was found.
    """
    if value is not None and not value > 0:
        raise ConfigError(f"encoder {encoder!r}: {option} must be above 0; found {value}.")


def check_text(encoder: str, values: Sequence[Any]) -> None:
    """Refuse values that are not text.

    Raises
    ------
    DataError
        With the first such row.
    """
    for row, value in enumerate(values):
        if not isinstance(value, str):
            raise DataError(
                f"encoder {encoder!r}: row {row} holds {value!r} ({type(value).__name__}) where a sequence is "
                f"expected. Remove the row or choose another input column."
            )
