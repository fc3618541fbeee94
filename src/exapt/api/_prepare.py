"""From a configuration to encoded rows: what finetune, pretrain and compare share."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.core.config import BackboneConfig, DataConfig, Piece, RunConfig
from exapt.core.contracts import Column, Encoded, Encoder, Fold, Matrix, Rows, Table, Task
from exapt.core.errors import ConfigError, DataError, nearest
from exapt.core.examples import Examples, Repeated
from exapt.core.registry import (
    AUGMENTATIONS,
    BACKBONES,
    BASELINES,
    CLEANERS,
    ENCODERS,
    METRICS,
    SPLITS,
    STRATEGIES,
    TASKS,
)

if TYPE_CHECKING:
    from exapt.data.loading import Loaded


@dataclass(frozen=True)
class Domain:
    """One data set, loaded, cut and encoded for one task.

    `fold.train` are all training rows; `labelled(seed)` are those whose targets may be used.
    """

    loaded: Loaded
    fold: Fold
    task: Task
    encoders: Mapping[str, Encoder]
    examples: Examples
    train_size: float | int | None = None
    augment: Sequence[Piece] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """The cleaned table."""
        return self.loaded.table

    def labelled(self, seed: int) -> tuple[Rows, Rows]:
        """Training and validation rows whose targets may be used with this seed.

        Few labels are few: with a number of labels a class there is no validation part.
        """
        if self.train_size is None:
            return self.fold.train, self.fold.valid
        from exapt.data.sampling import subsample

        size = self.train_size
        name = self.table.names("target")[0]
        values = self.table.frame[name].to_numpy()
        is_label = self.table.columns[name].modality == "label"
        train, valid = self.fold.train, self.fold.valid
        few = train[subsample(values[train], size, seed, label=is_label)]
        if isinstance(size, int) or not len(valid):
            return few, valid[:0]
        return few, valid[subsample(values[valid], size, seed, label=is_label)]

    def task_of(self, seed: int) -> Task:
        """The task, fitted again on the rows whose targets may be used: class weights and scales are theirs."""
        task = copy.deepcopy(self.task)
        if self.train_size is not None:
            task.fit(self.table.take(self.labelled(seed)[0]))
        return task

    def training(self, rows: Rows, seed: int) -> Examples:
        """Encoded training rows, or what the augmentations make of them."""
        if not self.augment:
            return self.examples.take(rows)
        table = self.table.take(rows)
        for piece in self.augment:
            table = AUGMENTATIONS.build(piece.name, **piece.options)(table, seed)
        return encode(table, self.encoders, self.task.targets(table))


def output_names(task: Task, targets: Sequence[str]) -> Sequence[str]:
    """Names of a task's outputs: its classes, else the target columns where there are several."""
    return task.classes or (targets if len(targets) > 1 else ())


def check_names(config: RunConfig, where: str) -> None:
    """Report every unknown name of a configuration at once, before anything is loaded.

    Raises
    ------
    ConfigError
        One line for each unknown name or option.
    """
    asked = [(TASKS, config.task), *((BACKBONES, backbone) for backbone in config.backbones().values())]
    asked += [(STRATEGIES, piece) for piece in config.strategy]
    asked += [(SPLITS, config.split)] if config.split else []
    encoders = config.encoder.values() if isinstance(config.encoder, dict) else [config.encoder]
    asked += [(ENCODERS, piece) for piece in encoders if piece]
    asked += [(BASELINES, piece) for piece in config.baselines or []]
    for data in (config.data, config.source):
        asked += [(AUGMENTATIONS, piece) for piece in data.augment] if data else []
        asked += [(CLEANERS, piece) for piece in data.clean or []] if data else []
    problems = []
    primary = config.task.options.get("primary")
    if primary is not None and primary not in METRICS.names():
        problems.append(f"{where}: task.primary: unknown metric {primary!r}. {nearest(str(primary), METRICS.names())}")
    for registry, piece in asked:
        if piece.name not in registry.names():
            problems.append(f"{where}: unknown {registry.kind} {piece.name!r}. {nearest(piece.name, registry.names())}")
            continue
        options = registry.options(piece.name)
        problems += [
            f"{where}: {registry.kind} {piece.name!r} has no option {key!r}. {nearest(key, options)}"
            for key in sorted(set(piece.options) - set(options) - {"weights"})
        ]
    if problems:
        raise ConfigError("\n".join(problems))


def load_data(config: DataConfig) -> Loaded:
    """Read and clean one data set; keep only the features of another one where `features_of` says so.

    Raises
    ------
    DataError
        Where the two share no feature.
    """
    from exapt.data.loading import load

    loaded = load(config)
    if config.features_of is None:
        return loaded
    other = load(DataConfig(name=config.features_of)).table
    known = {feature for matrix in other.matrices.values() for feature in matrix.features}
    kept = {}
    for name, matrix in loaded.table.matrices.items():
        columns = np.array([i for i, feature in enumerate(matrix.features) if feature in known], dtype=np.int64)
        if not len(columns):
            raise DataError(
                f"{loaded.table.source} and {other.source} share no feature: "
                f"{', '.join(matrix.features[:3])} ... against {', '.join(sorted(known)[:3])} ..."
            )
        kept[name] = Matrix(matrix.values[:, columns], tuple(matrix.features[i] for i in columns))
    return replace(loaded, table=replace(loaded.table, matrices=kept))


def default_split(loaded: Loaded, asked: Piece | None) -> Piece:
    """The split that was asked for, else the card's, else the group, else stratified by the label, else random."""
    if asked is not None:
        return asked
    if loaded.split is not None:
        return loaded.split
    table = loaded.table
    if names := table.names("group"):
        return Piece.model_validate({"name": "group", "column": names[0]})
    targets = table.names("target")
    if len(targets) == 1 and table.columns[targets[0]].modality == "label":
        return Piece.model_validate({"name": "stratified", "column": targets[0]})
    return Piece(name="random")


def weights_config(backbone: BackboneConfig) -> dict[str, Any] | None:
    """The config.json of the weights that a backbone starts from; None without weights.

    Raises
    ------
    WeightsError
        Where the weights are unknown or belong to another architecture.
    """
    if backbone.weights is None:
        return None
    from exapt.models import hub

    saved = hub.read_config(backbone.weights)
    hub.check_arch(backbone.weights, saved["arch"], backbone.name)
    return saved


def build_encoders(table: Table, train: Rows, config: RunConfig) -> dict[str, Encoder]:
    """One encoder an input column, learned from training rows, or the one that travels with the weights.

    Raises
    ------
    ConfigError
        Where the backbone cannot read the modality of an input column.
    """
    _check_columns(table, config)
    encoders: dict[str, Encoder] = {}
    for name in table.names("input"):
        backbone, asked = config.backbone_of(name), config.encoder_of(name)
        modality, reads = table.columns[name].modality, BACKBONES.get(backbone.name).encoders
        saved = weights_config(backbone)
        if saved is not None:
            encoder = build_encoder(*_saved_encoder(saved, asked, backbone), table, name)
        elif asked is not None:
            encoder = build_encoder(asked.name, asked.options, table, name)
        elif modality in reads:
            encoder = build_encoder(reads[modality], {}, table, name)
        else:
            raise ConfigError(
                f"{table.source}: backbone {backbone.name!r} cannot read column {name!r} ({modality}). "
                f"It reads {', '.join(reads)}."
            )
        _check_reads(encoder, table, name, f"the encoder of {backbone.weights or backbone.name}")
        encoders[name] = encoder.fit(table.take(train).values(name))
    if not encoders:
        raise DataError(f"{table.source}: no input column. Name one with --input; columns: {', '.join(table.columns)}.")
    return encoders


def _check_columns(table: Table, config: RunConfig) -> None:
    """Where every input column has a backbone of its own, the names must be those of the table.

    Raises
    ------
    ConfigError
        With the names that differ.
    """
    inputs = table.names("input")
    for key, given in (("backbone", config.backbone), ("encoder", config.encoder)):
        if not isinstance(given, dict):
            continue
        unknown = [column for column in given if column not in inputs]
        missing = [column for column in inputs if column not in given] if key == "backbone" else []
        if unknown or missing:
            raise ConfigError(
                f"{table.source}: `{key}` names {', '.join(given)}, but the input columns are {', '.join(inputs)}. "
                f"Give each input column its own, or one {key} (with the key `name`) for all."
            )


def _saved_encoder(
    saved: Mapping[str, Any], asked: Piece | None, backbone: BackboneConfig
) -> tuple[str, dict[str, Any]]:
    """Name and options of the encoder that travels with the weights; the configuration may change options only."""
    name, state = saved["encoder"]["name"], saved["encoder"]["state"]
    if asked is None:
        return name, state
    if asked.name != name:
        raise ConfigError(
            f"{backbone.weights}: these weights read what the encoder {name!r} makes, "
            f"not {asked.name!r}. Leave `encoder` out, or choose other weights."
        )
    return name, {**state, **asked.options}


def build_encoder(name: str, options: Mapping[str, Any], table: Table, column: str) -> Encoder:
    """An encoder for one column; what is not stated (its modality, its unit) is taken from the column."""
    known = ENCODERS.options(name)
    inferred = {"modality": table.columns[column].modality, "unit": table.columns[column].unit}
    fitting = {key: value for key, value in inferred.items() if key in known and value}
    encoder: Encoder = ENCODERS.build(name, **{**fitting, **options})
    return encoder


def modalities_of(encoder: Encoder) -> tuple[str, ...]:
    """What an encoder reads as it was built: DNA alone, say, of all the letters that its kind could read."""
    stated = getattr(encoder, "modality", None)
    return (stated,) if stated else encoder.modalities


def _check_reads(encoder: Encoder, table: Table, column: str, whose: str) -> None:
    """Refuse a column of another modality: the same letters would mean something else.

    Raises
    ------
    ConfigError
        With the modality of the column, and those that the encoder reads.
    """
    modality, known = table.columns[column].modality, modalities_of(encoder)
    if modality not in known:
        raise ConfigError(
            f"{table.source}: column {column!r} is {modality}, but {whose} reads {', '.join(known)}. "
            f"Choose another column or other weights, or state what it is: data.modality: {{{column}: ...}}."
        )


def encode(table: Table, encoders: Mapping[str, Encoder], targets: Mapping[str, NDArray[Any]]) -> Examples:
    """Encode all rows of a table; of pairs, whose entities occur again and again, each entity once."""
    values = {name: table.values(name) for name in encoders}
    if len(encoders) > 1:
        inputs = {name: _encode_once(encoder, values[name]) for name, encoder in encoders.items()}
    else:
        inputs = {name: encoder.encode(values[name]) for name, encoder in encoders.items()}
    return Examples(inputs, encoders, targets, table.ids())


def _encode_once(encoder: Encoder, values: Sequence[Any] | Matrix) -> Sequence[Encoded]:
    if isinstance(values, Matrix):
        return encoder.encode(values)
    codes, distinct = pd.factorize(np.asarray(values, dtype=object), use_na_sentinel=False)
    return Repeated(encoder.encode(distinct.tolist()), codes.astype(np.int64))


@dataclass(frozen=True)
class Cut:
    """A data set, loaded and cut into the folds of its split, whose groups are the first groups of the table."""

    loaded: Loaded
    split: Piece
    folds: Sequence[Fold]

    @property
    def table(self) -> Table:
        """The cleaned table."""
        return self.loaded.table


def cut_data(loaded: Loaded, asked: Piece | None) -> Cut:
    """Cut a data set by the split that was asked for, or the one that suits it.

    Groups that the split computes or names (families, scaffolds, clusters of homologous sequences) become the first
    group column of the table: intervals resample them, and the audit looks at all group columns.
    """
    piece = default_split(loaded, asked)
    split = SPLITS.build(piece.name, **piece.options)
    folds, groups, table = split(loaded.table), split.groups(loaded.table), loaded.table
    if groups is not None:
        stated = piece.options.get("column") if piece.name == "group" else None
        name = str(stated or f"{piece.name} of the split")
        columns = {name: Column("group", "label")} | {key: c for key, c in table.columns.items() if key != name}
        frame = table.frame if name in table.frame else table.frame.assign(**{name: groups})
        table = replace(table, frame=frame, columns=columns)
    return Cut(replace(loaded, table=table), piece, folds)


def prepare_domain(config: RunConfig, cut: Cut, fold: Fold) -> Domain:
    """One fold of the target data, ready for the task; encoders and task have learned from its training rows only."""
    table = cut.table
    task: Task = TASKS.build(config.task.name, **config.task.options)
    task.fit(table.take(fold.train))
    encoders = build_encoders(table, fold.train, config)
    sizes = f"{len(fold.train)} training, {len(fold.valid)} validation, {len(fold.test)} test rows"
    folds = f", {len(cut.folds)} folds, the first with" if len(cut.folds) > 1 else ""
    notes = [*cut.loaded.notes, f"split: {cut.split.name}{folds}, {sizes}".replace("with,", "with")]
    examples = encode(table, encoders, task.targets(table))
    return Domain(cut.loaded, fold, task, encoders, examples, config.train_size, config.data.augment, notes)


def prepare_source(config: RunConfig, loaded: Loaded, encoders: Mapping[str, Encoder]) -> Domain:
    """The source data, read by the encoders of the target; all its rows train, because none is judged."""
    table = loaded.table
    if set(encoders) != set(table.names("input")):
        raise ConfigError(
            f"{table.source}: source and target need the same input columns; "
            f"found {table.names('input')} and {sorted(encoders)}."
        )
    for name, encoder in encoders.items():
        _check_reads(encoder, table, name, "the encoder of the target data")
    task: Task = TASKS.build(config.task.name, **config.task.options)
    task.fit(table)
    none = np.empty(0, dtype=np.int64)
    examples = encode(table, encoders, task.targets(table))
    return Domain(
        loaded,
        Fold(np.arange(len(table)), none, none),
        task,
        encoders,
        examples,
        augment=config.source.augment if config.source else (),
    )
