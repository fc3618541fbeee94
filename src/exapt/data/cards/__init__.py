"""Public data sets, one YAML each: what, where from, licence, checksum, columns, split, warnings, published scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import resources, util
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from exapt.core.config import Piece, PieceField
from exapt.core.contracts import Modality, Role
from exapt.core.errors import DataError, nearest
from exapt.core.registry import Registry
from exapt.data import download
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Hint, Raw, unique_names

PARSERS: Registry[Parser] = Registry("card parser", "exapt.data.cards.parsers")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CardFile(_Part):
    """A file of a repository at a commit, or one that comes with an installed Python package."""

    repo: str | None = None
    commit: str | None = None
    package: str | None = None
    path: str
    sha256: str
    bytes: int = Field(gt=0)

    @model_validator(mode="after")
    def _one_origin(self) -> CardFile:
        if (self.package is None) == (self.repo is None) or (self.repo is None) != (self.commit is None):
            raise ValueError("a file needs repo and commit, or package")
        return self

    @property
    def origin(self) -> str:
        """Where it comes from, for provenance: `owner/name@commit` or the package."""
        return f"{self.repo}@{self.commit}" if self.repo else str(self.package)


class CardColumn(_Part):
    """What a column is.

    `optional`: it has this role only when asked for by name. `missing: drop`: rows without a value are left out then,
    where else they would be an error.
    """

    role: Role
    modality: Modality
    unit: str | None = None
    optional: bool = False
    missing: Literal["error", "drop"] = "error"
    note: str = ""


class Published(_Part):
    """A score that somebody reports on this data set; `source` says who and where."""

    method: str
    metric: str
    value: float | str
    split: str = ""
    source: str


def _as_piece(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Card(_Part):
    """A public data set; `clean` are the cleaning rules without which it cannot be used, `rows` those left by them."""

    name: str
    title: str
    modality: Modality
    task: str
    rows: int = Field(gt=0)
    licence: str
    citation: str
    files: list[CardFile] = Field(min_length=1)
    parser: PieceField
    columns: dict[str, CardColumn]
    clean: list[PieceField] = Field(default_factory=list)
    split: Annotated[Piece | None, BeforeValidator(_as_piece)] = None
    warnings: list[str] = Field(default_factory=list)
    published: list[Published] = Field(default_factory=list)


def names() -> list[str]:
    """Names of all cards, sorted.

    Examples
    --------
    >>> "gue_mouse2" in names()
    True
    """
    files = resources.files(__package__).iterdir()
    return sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml"))


@cache
def read(name: str) -> Card:
    """The card of a name.

    Raises
    ------
    DataError
        Where there is none; the nearest names are offered.

    Examples
    --------
    >>> read("gue_mouse2").columns["sequence"].modality
    'dna'
    """
    if name not in names():
        raise DataError(f"No data card {name!r}. {nearest(name, names(), show=30)}")
    text = resources.files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return Card.model_validate(yaml.safe_load(text))


def fetch(card: Card, *, quiet: bool = False) -> dict[str, Path]:
    """Local paths of a card's files, downloaded where needed and checked: path in the repository -> local path.

    Raises
    ------
    DataError
        Where a file cannot be had or has other bytes.
    """
    return {file.path: _local(file, quiet=quiet) for file in card.files}


def _local(file: CardFile, *, quiet: bool) -> Path:
    if file.repo is not None and file.commit is not None:
        return download.fetch(file.repo, file.commit, file.path, file.sha256, file.bytes, quiet=quiet)
    spec = util.find_spec(str(file.package))  # finds the folder without importing the package
    if spec is None or spec.origin is None:
        raise DataError(f"Python package {file.package!r} is not installed; the data set lies inside it.")
    path = Path(spec.origin).parent / file.path
    if not path.is_file():
        raise DataError(f"{path}: the installed {file.package!r} does not contain this file.")
    return download.check(path, file.sha256)


def parse(card: Card, files: Mapping[str, Path], options: Mapping[str, Any]) -> Raw:
    """Read a card's files into columns; repeated identifiers get -1, -2, ....

    Parameters
    ----------
    card
        The card.
    files
        As `fetch` returns them.
    options
        Options of the card's parser that override the card's own.

    Raises
    ------
    ConfigError
        Where the parser has no such option.
    """
    parser = PARSERS.build(card.parser.name, **{**card.parser.options, **options})
    raw = parser(files)
    hints = {
        name: Hint(column.role, column.modality, column.unit or raw.hints.get(name, Hint()).unit, column.optional)
        for name, column in card.columns.items()
    }
    for name in (name for name, hint in hints.items() if hint.role == "id"):
        raw = replace(raw, frame=raw.frame.assign(**{name: unique_names(raw.frame[name].tolist())}))
    others = {name: replace(hint, role=None) for name, hint in raw.hints.items() if name not in hints}
    return replace(raw, hints={**others, **hints})
