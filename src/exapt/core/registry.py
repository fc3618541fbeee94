"""Names that a configuration may ask for. The name is the file name; nothing is listed by hand.

A registry knows a folder. `names()` and `describe()` read the folder without importing it, so that
listing everything costs milliseconds; `build()` imports the one module it needs.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Generic, TypeVar

from exapt.core.errors import ConfigError, nearest

T = TypeVar("T")


class Registry(Generic[T]):
    """The pieces of one kind, discovered by folder.

    Each public module ``<package>/<name>.py`` (or ``<package>/<name>/<entry>.py`` where `entry` is given)
    names the piece that it offers in ``EXPORT``. Modules that start with ``_`` are not pieces.

    Parameters
    ----------
    kind
        The word used in messages, e.g. ``"strategy"``.
    package
        Dotted name of the folder.
    entry
        Module inside a sub-folder, for kinds that need more than one file each.
    """

    def __init__(self, kind: str, package: str, entry: str | None = None) -> None:
        self.kind = kind
        self.package = package
        self.entry = entry

    def _files(self) -> dict[str, Traversable]:
        files: dict[str, Traversable] = {}
        for item in resources.files(self.package).iterdir():
            if item.name.startswith("_"):
                continue
            if self.entry is None and item.name.endswith(".py"):
                files[item.name.removesuffix(".py")] = item
            elif self.entry is not None and item.joinpath(f"{self.entry}.py").is_file():
                files[item.name] = item.joinpath(f"{self.entry}.py")
        return dict(sorted(files.items()))

    def names(self) -> list[str]:
        """All names, sorted, without importing any of them."""
        return list(self._files())

    def describe(self) -> dict[str, str]:
        """Name -> first line of its module's docstring, without importing any of them."""
        lines = {}
        for name, file in self._files().items():
            docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            lines[name] = docstring.partition("\n")[0]
        return lines

    def get(self, name: str) -> type[T]:
        """The piece itself, imported now.

        Raises
        ------
        ConfigError
            Where the name is unknown; the message offers the nearest.
        """
        if name not in self._files():
            raise ConfigError(f"Unknown {self.kind} {name!r}. {nearest(name, self.names())}")
        path = f"{self.package}.{name}" + (f".{self.entry}" if self.entry else "")
        piece: type[T] = importlib.import_module(path).EXPORT
        return piece

    def options(self, name: str) -> dict[str, inspect.Parameter]:
        """The named options that the piece takes."""
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        return {p.name: p for p in inspect.signature(self.get(name)).parameters.values() if p.kind in kinds}

    def build(self, name: str, **options: Any) -> T:
        """Build the piece with its options.

        Raises
        ------
        ConfigError
            Where the name or an option is unknown, or a value is refused by the piece.
        """
        allowed = self.options(name)
        unknown = sorted(set(options) - set(allowed))
        if unknown:
            raise ConfigError(
                f"{self.kind} {name!r} has no option {', '.join(map(repr, unknown))}. {nearest(unknown[0], allowed)}"
            )
        missing = [key for key, p in allowed.items() if p.default is p.empty and key not in options]
        if missing:
            raise ConfigError(f"{self.kind} {name!r} needs the option {', '.join(map(repr, missing))}.")
        try:
            return self.get(name)(**options)
        except (TypeError, ValueError) as error:
            given = ", ".join(f"{key}={value!r}" for key, value in options.items())
            raise ConfigError(f"{self.kind} {name!r} cannot use the options {given[:300]}: {error}.") from error


BACKBONES: Registry[Any] = Registry("backbone", "exapt.models.backbones", entry="model")
ENCODERS: Registry[Any] = Registry("encoder", "exapt.data.encoders")
AUGMENTATIONS: Registry[Any] = Registry("augmentation", "exapt.data.augment")
CLEANERS: Registry[Any] = Registry("cleaning rule", "exapt.data.cleaning")
SPLITS: Registry[Any] = Registry("split", "exapt.data.splits")
STRATEGIES: Registry[Any] = Registry("strategy", "exapt.transfer.strategies")
TASKS: Registry[Any] = Registry("task", "exapt.tasks", entry="task")
METRICS: Registry[Any] = Registry("metric", "exapt.evaluate.metrics")
BASELINES: Registry[Any] = Registry("baseline", "exapt.evaluate.baselines")
EXPLAINERS: Registry[Any] = Registry("explainer", "exapt.explain")
