"""One YAML a run; its sections are the contracts, its values registry names with constructor options.

Flags of the command line and keys of the YAML are this one schema. All errors are reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from exapt.core.errors import ConfigError, nearest


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Piece(BaseModel):
    """A registered piece by name; every other key is an option of its constructor."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The constructor's options."""
        return dict(self.model_extra or {})

    def plain(self) -> dict[str, Any]:
        """As it stands in a YAML."""
        return {"name": self.name, **self.options}


def _as_piece(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _as_pieces(value: Any) -> Any:
    if isinstance(value, str):
        value = [part for part in value.replace("+", ",").split(",") if part]
    elif isinstance(value, Mapping):
        value = [value]
    return [_as_piece(item) for item in value] if isinstance(value, Sequence) else value


def _as_backbone(value: Any) -> Any:
    value = _as_piece(value)
    if isinstance(value, Mapping) and "." in str(value.get("name", "")) and "weights" not in value:
        arch, _, tag = str(value["name"]).partition(".")
        return {**value, "name": arch, "weights": f"{arch}.{tag}"}
    return value


def _as_data(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _as_seeds(value: Any) -> Any:
    return list(range(value)) if isinstance(value, int) else value


PieceField = Annotated[Piece, BeforeValidator(_as_piece)]


class DataConfig(_Section):
    """What to read: a card or a file, and the roles of its columns where they are not inferred.

    `features_of` keeps only the genes (or other named columns of a matrix) that another data set has too; `augment`
    makes new training rows, never others.
    """

    name: str
    id: str | None = None
    input: str | list[str] | None = None
    target: str | list[str] | None = None
    group: str | None = None
    modality: dict[str, str] = Field(default_factory=dict)
    unit: dict[str, str] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    clean: Annotated[list[Piece], BeforeValidator(_as_pieces)] | None = None
    features_of: str | None = None
    augment: Annotated[list[Piece], BeforeValidator(_as_pieces)] = Field(default_factory=list)


class BackboneConfig(Piece):
    """An architecture with its options, and weights: `arch.tag`, a folder, a hub name, or none."""

    weights: str | None = None


class TrainingConfig(_Section):
    """The loop. Rates are fractions of 1, `warmup` is the fraction of all steps, `patience` counts epochs."""

    epochs: int = Field(20, ge=1)
    batch_size: int = Field(64, ge=1)
    lr: float = Field(1e-3, gt=0)
    weight_decay: float = Field(0.01, ge=0)
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: float = Field(0.1, ge=0, lt=1)
    clip: float = Field(1.0, gt=0)
    patience: int | None = Field(None, ge=1)
    keep: Literal["best", "last"] = "best"
    precision: Literal["fp32", "bf16"] = "fp32"
    device: Literal["auto", "cpu"] = "auto"
    checkpoint_every: int | None = Field(None, ge=1)
    cache: bool = True


class RunConfig(_Section):
    """A whole run: `exapt finetune CONFIG.yaml`."""

    data: Annotated[DataConfig, BeforeValidator(_as_data)]
    source: Annotated[DataConfig, BeforeValidator(_as_data)] | None = None
    task: PieceField
    split: PieceField | None = None
    encoder: PieceField | None = None
    backbone: Annotated[BackboneConfig, BeforeValidator(_as_backbone)]
    strategy: Annotated[list[Piece], BeforeValidator(_as_pieces)] = Field(default_factory=lambda: [Piece(name="full")])
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    train_size: float | int | None = None
    controls: Literal["all", "none"] = "all"
    baselines: Annotated[list[Piece], BeforeValidator(_as_pieces)] | None = None
    seeds: Annotated[list[int], BeforeValidator(_as_seeds)] = Field(default_factory=lambda: [0, 1, 2])

    @model_validator(mode="after")
    def _sane(self) -> RunConfig:
        size = self.train_size
        if isinstance(size, float) and not 0 < size <= 1:
            raise ValueError("train_size is a fraction in (0, 1], or a whole number of labels a class")
        if isinstance(size, int) and size < 1:
            raise ValueError("train_size is a whole number of labels a class, at least 1")
        if not self.seeds:
            raise ValueError("seeds needs at least one seed")
        return self


def parse(values: Mapping[str, Any], where: str) -> RunConfig:
    """Check a whole configuration.

    Raises
    ------
    ConfigError
        With one line for each problem; unknown keys offer the nearest known.
    """
    try:
        return RunConfig.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError("\n".join(_line(where, dict(problem)) for problem in error.errors())) from None


def _line(where: str, problem: Mapping[str, Any]) -> str:
    path = [str(part) for part in problem["loc"]]
    name = ".".join(path)
    if problem["type"] == "extra_forbidden":
        sections: dict[str, type[BaseModel]] = {"data": DataConfig, "source": DataConfig, "training": TrainingConfig}
        known = sections.get(path[0], RunConfig) if len(path) > 1 else RunConfig
        return f"{where}: unknown key {name!r}. {nearest(path[-1], known.model_fields, show=30)}"
    if problem["type"] == "missing":
        return f"{where}: key {name!r} is missing."
    return f"{where}: {name or 'configuration'}: {problem['msg']}; found {problem['input']!r}."


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping.

    Raises
    ------
    ConfigError
        Where the file is missing, is not YAML, or is not a mapping.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path}: not a YAML file: {reason}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: holds {type(values).__name__}; a configuration is a mapping of sections.")
    return values


def override(values: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """Apply `key.sub=value` settings; the value is read as YAML.

    Examples
    --------
    >>> override({"training": {"epochs": 5}}, ["training.epochs=2", "strategy=[l2_sp]"])
    {'training': {'epochs': 2}, 'strategy': ['l2_sp']}
    """
    result = {key: dict(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    for setting in settings:
        key, sign, text = setting.partition("=")
        if not sign or not key:
            raise ConfigError(f"--set {setting!r}: write key=value, for example --set training.epochs=5.")
        *path, last = key.split(".")
        section = result
        for part in path:
            inner = section.get(part)
            inner = {"name": inner} if isinstance(inner, str) else dict(inner or {})
            section[part] = inner
            section = inner
        section[last] = yaml.safe_load(text)
    return result
