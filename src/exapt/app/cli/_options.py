"""Flags that several verbs share, and the way from flags to the one configuration schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from exapt.core.config import DataConfig, Piece, RunConfig, override, parse, parse_data, read_yaml, value_of
from exapt.core.errors import ConfigError

Output = Annotated[Path, typer.Option("-o", "--output", help="Where to write.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Circular = Annotated[bool, typer.Option("--circular", help="All sequences are circular.")]

DEFAULT_TASK = "sequence_property"


def piece(text: str | None) -> Piece | None:
    """`name` or `name:key=value,key=value` -> Piece; values are read as YAML.

    Examples
    --------
    >>> piece("group:column=donor,seed=1").plain()
    {'name': 'group', 'column': 'donor', 'seed': 1}
    """
    if text is None:
        return None
    name, _, options = text.partition(":")
    pairs = (option.partition("=") for option in options.split(",") if option)
    return Piece.model_validate({"name": name, **{key: value_of(value, text) for key, _, value in pairs}})


def data_config(
    data: str, target: str | None, column: str | None, group: str | None, settings: Sequence[str] | None = None
) -> DataConfig:
    """The data section from flags and `--set` overrides; several targets or inputs are joined by commas.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    values = {"name": data, "target": _several(target), "input": _several(column), "group": group}
    return parse_data(override(values, settings or []), "--set")


def one_of(flag: str, value: str, allowed: Sequence[str]) -> Any:
    """A value of a flag that takes one of a few words.

    Raises
    ------
    ConfigError
        Where it is none of them.
    """
    if value not in allowed:
        raise ConfigError(f"{flag} {value!r}: write {' or '.join(allowed)}.")
    return value


def genetic_code(text: str) -> int:
    """The number of a genetic code.

    Raises
    ------
    ConfigError
        Where it is no number.
    """
    if not text.isdecimal():
        raise ConfigError(f"--table is the number of a genetic code, such as 11 or 4; found {text!r}.")
    return int(text)


def _several(text: str | None) -> str | list[str] | None:
    return text.split(",") if text and "," in text else text


def run_config(config: str, flags: Mapping[str, Any], settings: Sequence[str] | None) -> RunConfig:
    """A whole run from a YAML or a data name, flags, and `--set` overrides, in this order.

    Raises
    ------
    ConfigError
        With one line for each problem.
    """
    is_yaml = Path(config).suffix in (".yaml", ".yml")
    values = read_yaml(Path(config)) if is_yaml else {"data": {"name": config}, "task": DEFAULT_TASK}
    given = [f"{key}={_text(value)}" for key, value in flags.items() if value is not None]
    return parse(override(values, [*given, *(settings or [])]), config if is_yaml else "command line")


def _text(value: Any) -> str:
    if isinstance(value, str) and "," in value:
        return f"[{value}]"
    return str(value)
