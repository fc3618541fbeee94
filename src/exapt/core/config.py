"""One YAML a run; its sections are the contracts, its values registry names with constructor options.

Flags of the command line and keys of the YAML are this one schema. All errors are reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from exapt.core.errors import ConfigError, nearest
from exapt.core.registry import BACKBONES, TASKS


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
    if not isinstance(value, str | Mapping | Piece):
        raise ValueError("write a name, or a name with options: {name: ..., option: ...}")
    return {"name": value} if isinstance(value, str) else value


def _as_pieces(value: Any) -> Any:
    if isinstance(value, str):
        value = [part for part in value.replace("+", ",").split(",") if part]
    elif isinstance(value, Mapping):
        value = [value]
    return [_as_piece(item) for item in value] if isinstance(value, Sequence) else _as_piece(value)


def _as_backbone(value: Any) -> Any:
    value = _as_piece(value)
    name = str(value.get("name", "")) if isinstance(value, Mapping) else ""
    if "." in name and "weights" not in value:
        return {**value, "name": Path(name).name.partition(".")[0], "weights": name}
    return value


def _as_backbones(value: Any) -> Any:
    """One backbone for all input columns, or one for each: a mapping of columns, without the key `name`."""
    if isinstance(value, Mapping) and value and "name" not in value and "weights" not in value:
        return {str(column): BackboneConfig.model_validate(_as_backbone(one)) for column, one in value.items()}
    return value if isinstance(value, BackboneConfig) else BackboneConfig.model_validate(_as_backbone(value))


def _as_encoders(value: Any) -> Any:
    if isinstance(value, Mapping) and value and "name" not in value:
        return {str(column): Piece.model_validate(_as_piece(one)) for column, one in value.items()}
    return value if isinstance(value, Piece | None) else Piece.model_validate(_as_piece(value))


def _as_controls(value: Any) -> Any:
    if isinstance(value, str) and value not in ("all", "none"):
        value = [part for part in value.split(",") if part]
    unknown = [name for name in value if name not in CONTROLS] if isinstance(value, list) else []
    if unknown or not (value and isinstance(value, str | list)):
        raise ValueError(f"write all, none, or some of {', '.join(CONTROLS)}")
    return value


def _as_data(value: Any) -> Any:
    if not isinstance(value, str | Mapping | DataConfig):
        raise ValueError("write a card or a file, or {name: ..., target: ...}")
    return {"name": value} if isinstance(value, str) else value


def _as_seeds(value: Any) -> Any:
    seeds = list(range(value)) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(seeds, list) or not seeds or len(seeds) > len(set(map(str, seeds))):
        raise ValueError("write how many, at least 1, or a list of different seeds")
    return seeds


def _as_size(value: Any) -> Any:
    fits = isinstance(value, int | float) and not isinstance(value, bool)
    if value is not None and not (fits and (value >= 1 if isinstance(value, int) else 0 < value <= 1)):
        raise ValueError("write a fraction in (0, 1], or a whole number of labels a class, at least 1")
    return value


CONTROLS = ("scratch", "frozen", "random", "without")
PieceField = Annotated[Piece, BeforeValidator(_as_piece)]
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**32)]


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
    """A whole run: `exapt finetune CONFIG.yaml`.

    `backbone` and `encoder` hold for every input column, or are a mapping of columns to one each. `controls` are all
    that suit the run, none, or some of scratch, frozen, random, without.
    """

    data: Annotated[DataConfig, BeforeValidator(_as_data)]
    source: Annotated[DataConfig, BeforeValidator(_as_data)] | None = None
    task: PieceField
    split: PieceField | None = None
    encoder: Annotated[Piece | dict[str, Piece] | None, BeforeValidator(_as_encoders)] = None
    backbone: Annotated[BackboneConfig | dict[str, BackboneConfig], BeforeValidator(_as_backbones)]
    strategy: Annotated[list[Piece], BeforeValidator(_as_pieces)] = Field(default_factory=lambda: [Piece(name="full")])
    training: TrainingConfig = Field(default_factory=TrainingConfig)
    train_size: Annotated[float | int | None, BeforeValidator(_as_size)] = None
    controls: Annotated[str | list[str], BeforeValidator(_as_controls)] = "all"
    baselines: Annotated[list[Piece], BeforeValidator(_as_pieces)] | None = None
    seeds: Annotated[list[Seed], BeforeValidator(_as_seeds)] = Field(default_factory=lambda: [0, 1, 2])

    def backbones(self) -> dict[str | None, BackboneConfig]:
        """Input column -> its backbone; the one key None where one backbone reads all columns."""
        if isinstance(self.backbone, BackboneConfig):
            return {None: self.backbone}
        return {str(column): backbone for column, backbone in self.backbone.items()}

    def backbone_of(self, column: str) -> BackboneConfig:
        """The backbone that reads an input column."""
        return self.backbone[column] if isinstance(self.backbone, dict) else self.backbone

    def encoder_of(self, column: str) -> Piece | None:
        """The encoder that was asked for, for an input column."""
        return self.encoder.get(column) if isinstance(self.encoder, dict) else self.encoder

    def weights(self) -> dict[str | None, str]:
        """Input column (None = all) -> the weights that its backbone starts from, where it has some."""
        return {column: one.weights for column, one in self.backbones().items() if one.weights is not None}


def parse(values: Mapping[str, Any], where: str) -> RunConfig:
    """Check a whole configuration.

    Raises
    ------
    ConfigError
        With one line for each problem; unknown keys offer the nearest known.
    """
    return _checked(RunConfig, values, where)


def parse_data(values: Mapping[str, Any], where: str) -> DataConfig:
    """Check a data section that stands alone.

    Raises
    ------
    ConfigError
        With one line for each problem; unknown keys offer the nearest known.
    """
    return _checked(DataConfig, values, where)


S = TypeVar("S", bound=_Section)


def _checked(section: type[S], values: Mapping[str, Any], where: str) -> S:
    try:
        return section.model_validate(dict(values))
    except ValidationError as error:
        raise ConfigError("\n".join(_line(where, dict(problem), section) for problem in error.errors())) from None


def _line(where: str, problem: Mapping[str, Any], section: type[BaseModel]) -> str:
    path = [str(part) for part in problem["loc"] if "[" not in str(part)]  # in brackets: pydantic's own names
    name = ".".join(path)
    if problem["type"] == "extra_forbidden":
        sections: dict[str, type[BaseModel]] = {"data": DataConfig, "source": DataConfig, "training": TrainingConfig}
        known = sections.get(path[0], section) if len(path) > 1 else section
        return f"{where}: unknown key {name!r}. {nearest(path[-1], known.model_fields, show=30)}"
    if problem["type"] == "missing":
        registry = {"backbone": BACKBONES, "task": TASKS}.get(name)
        hint = f" Choose one: {', '.join(registry.names())}." if registry else ""
        return f"{where}: key {name!r} is missing.{hint}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where}: {name or 'configuration'}: {message}; found {problem['input']!r}."


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
    except IsADirectoryError:
        raise ConfigError(f"{path}: a folder; a configuration is a file.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path}: not a YAML file: {reason}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: holds {type(values).__name__}; a configuration is a mapping of sections.")
    return values


def value_of(text: str, where: str) -> Any:
    """What a text means as YAML.

    Raises
    ------
    ConfigError
        Where it means nothing.

    Examples
    --------
    >>> value_of("3", "--set"), value_of("[a, b]", "--set"), value_of("true", "--set")
    (3, ['a', 'b'], True)
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{where}: {text!r} is not YAML: {reason}") from None


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
            if inner is not None and not isinstance(inner, str | Mapping):
                raise ConfigError(f"--set {setting!r}: {part!r} holds {inner!r}, which has no keys.")
            inner = {"name": inner} if isinstance(inner, str) else dict(inner or {})
            section[part] = inner
            section = inner
        section[last] = value_of(text, f"--set {key}")
    return result
