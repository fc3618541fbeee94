"""One arm of a comparison with one seed: build, train, predict, keep. Finished arms survive an interruption."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from exapt.api._prepare import Domain
from exapt.core.config import Piece, RunConfig
from exapt.core.contracts import Backbone, Encoder, Model, Rows, Task
from exapt.core.errors import ConfigError
from exapt.core.paths import atomic, read_json, write_json
from exapt.core.registry import METRICS, STRATEGIES, TASKS
from exapt.core.seeds import seed_everything

if TYPE_CHECKING:
    from torch import Tensor

    from exapt.core.examples import Examples


CONTROLS = ("scratch", "frozen", "random")
WITHOUT = "without:"  # and the input column whose weights an arm leaves out


@dataclass(frozen=True)
class ArmSpec:
    """How one arm trains: its strategies, whether it starts from the weights, and the column whose are left out."""

    name: str
    strategy: tuple[Piece, ...]
    pretrained: bool
    without: str | None = None


@dataclass(frozen=True)
class SeedResult:
    """What one arm left for one seed.

    Attributes
    ----------
    test, valid
        Decoded predictions of the test rows, and of the validation rows whose labels may be used with this seed.
    valid_score
        Primary metric on the validation rows, higher = better; NaN without any.
    seconds, steps
        Wall time of training and optimiser steps.
    folder
        Where the weights, the history and the transfer report lie.
    """

    test: NDArray[np.float64]
    valid: NDArray[np.float64]
    valid_score: float
    seconds: float
    steps: int
    folder: Path


def arms(config: RunConfig, also: Sequence[tuple[Piece, ...]] = ()) -> list[ArmSpec]:
    """The arms that a finetune trains: transfer, further strategies by their label, and the controls.

    `scratch` trains the same network from random weights. `frozen` keeps the weights; it is a linear probe where the
    head is linear, so that it depends on no learning rate. Where the transfer trains its head alone, `random` does the
    same on random weights, so that what a good head gains is not taken for what the weights gain. Where several columns
    have weights, one arm for each column leaves its weights out and keeps the others, so that each transfer is judged.
    """
    wanted = _wanted(config)
    specs = [_arm("transfer", tuple(config.strategy)), *(_arm(arm_name(pieces), pieces) for pieces in also)]
    if "scratch" in wanted:
        specs.append(ArmSpec("scratch", (Piece(name="scratch"),), False))
    if "frozen" in wanted:
        task = TASKS.build(config.task.name, **config.task.options)
        linear = task.needs == "pooled" and getattr(task, "hidden", None) is None
        specs.append(ArmSpec("frozen", (Piece(name="linear_probe" if linear else "frozen"),), True))
    if "random" in wanted and specs[0].pretrained:
        specs.append(ArmSpec("random", tuple(config.strategy), False))
    if "without" in wanted and specs[0].pretrained and len(config.weights()) > 1:
        specs += [ArmSpec(f"{WITHOUT}{column}", tuple(config.strategy), True, column) for column in config.weights()]
    return specs


def _wanted(config: RunConfig) -> Sequence[str]:
    """The controls that are asked for, or that suit the run."""
    if not isinstance(config.controls, str):
        return config.controls
    if config.controls == "none":
        return ()
    strategies = [STRATEGIES.build(piece.name, **piece.options) for piece in config.strategy]
    head_alone = not any(strategy.trains_backbone for strategy in strategies)
    return ("scratch", "frozen", *(["random"] if head_alone else []), "without")


def _arm(name: str, strategy: tuple[Piece, ...]) -> ArmSpec:
    return ArmSpec(name, strategy, all(STRATEGIES.get(piece.name).pretrained for piece in strategy))


def with_source(specs: Sequence[ArmSpec]) -> list[str]:
    """The strategies, candidates of `auto` among them, that train on source data too."""
    pieces = [piece for spec in specs for piece in spec.strategy]
    for piece in [piece for piece in pieces if piece.name == "auto"]:
        pieces += [part for parts in STRATEGIES.build("auto", **piece.options).candidates.values() for part in parts]
    return sorted({piece.name for piece in pieces if STRATEGIES.get(piece.name).needs_source})


def arm_name(strategy: Sequence[Piece]) -> str:
    """The name of a further strategy beside `transfer`: its label, unless a control has that name.

    Examples
    --------
    >>> arm_name([Piece(name="lp_ft")]), arm_name([Piece(name="frozen")])
    ('lp_ft', 'strategy:frozen')
    """
    text = label(strategy)
    return f"strategy:{text}" if text in CONTROLS else text


def label(strategy: Sequence[Piece]) -> str:
    """A strategy in one word.

    Examples
    --------
    >>> label([Piece.model_validate({"name": "joint", "weight": 0.3}), Piece(name="l2_sp")])
    'joint:weight=0.3+l2_sp'
    """
    words = []
    for piece in strategy:
        options = ";".join(f"{key}={value}" for key, value in piece.options.items())
        words.append(piece.name + (f":{options}" if options else ""))
    return "+".join(words)


def folder_of(spec: ArmSpec) -> str:
    """A folder name for all trainings of an arm's strategies and start, whatever the arm is called.

    Examples
    --------
    >>> folder_of(ArmSpec("transfer", (Piece(name="lp_ft"),), True))
    'lp_ft-b7f855'
    """
    key = [[piece.plain() for piece in spec.strategy], spec.pretrained, *([spec.without] if spec.without else [])]
    text = json.dumps(key, sort_keys=True)
    names = "+".join(piece.name for piece in spec.strategy)
    return f"{names}-{hashlib.blake2b(text.encode(), digest_size=3).hexdigest()}"


def same_training(a: ArmSpec, b: ArmSpec, config: RunConfig) -> bool:
    """Whether two arms would train the very same model, so that one run serves both."""
    if (a.pretrained, a.strategy, a.without) == (b.pretrained, b.strategy, b.without):
        return True
    nothing_given = not config.weights()
    return nothing_given and {p.name for p in a.strategy + b.strategy} <= {"scratch", "full"}


def build_model(
    domain: Domain, source: Domain | None, config: RunConfig, *, pretrained: bool, without: str | None = None
) -> tuple[Model, dict[str, Any]]:
    """A model for the target (and source) task, and the report of what was loaded into it.

    Columns share one backbone, unless the configuration gives each its own; `without` is a column whose weights are
    not loaded.
    """
    from exapt.models import hub
    from exapt.models.build import build

    inputs = {name: encoder.inputs() for name, encoder in domain.encoders.items()}
    columns: dict[str, Backbone] = {}
    report: dict[str, Any] = {"weights": None, "loaded": [], "skipped": [], "reinitialised": []}
    for column, backbone in config.backbones().items():
        read = [column] if column is not None else list(inputs)
        kinds = {inputs[name] for name in read}
        if len(kinds) > 1:
            raise ConfigError(
                f"{domain.table.source}: one backbone {backbone.name!r} cannot read input columns of different kinds. "
                f"Give each its own: backbone: {{{': ..., '.join(inputs)}: ...}}."
            )
        built: Backbone = build(backbone, kinds.pop())
        if pretrained and backbone.weights is not None and (column is None or column != without):
            loaded = hub.load_into(built, backbone.weights, encoder=_described(domain.encoders[read[0]])).as_dict()
            report = loaded if column is None else _joined(report, column, loaded)
        columns |= dict.fromkeys(read, built)
    backbones = [columns[name] for name in inputs]
    heads = {"target": domain.task.build_head(backbones)}
    if source is not None:
        heads["source"] = source.task.build_head(backbones)
    return Model({name: columns[name] for name in inputs}, heads), report  # type: ignore[arg-type]


def _joined(report: Mapping[str, Any], column: str, loaded: Mapping[str, Any]) -> dict[str, Any]:
    """One report of the weights of several columns; the column stands before each tensor."""
    lists = ("loaded", "skipped", "reinitialised")
    named = {key: [*report[key], *(f"{column}: {tensor}" for tensor in loaded[key])] for key in lists}
    weights = f"{loaded['weights']} ({column})"
    return {**named, "weights": f"{report['weights']}, {weights}" if report["weights"] else weights}


def _described(encoder: Encoder) -> dict[str, Any]:
    """Name and state of the encoder that feeds a backbone, to be compared with that of the weights."""
    return {"name": encoder_name(encoder), "state": encoder.state()}


def encoder_name(encoder: Encoder) -> str:
    """The registry name of an encoder: its file name."""
    return type(encoder).__module__.rpartition(".")[2]


def truth(task: Task, examples: Examples, rows: Rows) -> NDArray[Any]:
    """The truth of some rows in the shape that metrics take."""
    return task.truth({name: values[rows] for name, values in examples.targets.items()})


def scorer(task: Task) -> Any:
    """A function of raw outputs and examples: the primary metric, oriented so that higher is better."""
    names = task.metrics()
    if not names:
        return None
    metric: Any = METRICS.get(names[0])

    def score(outputs: Tensor, examples: Examples) -> float:
        value = metric.value(truth(task, examples, np.arange(len(examples))), task.decode(outputs))
        return float(value if metric.higher_is_better else -value)

    return score


def run_arm(
    config: RunConfig, spec: ArmSpec, target: Domain, source: Domain | None, seed: int, folder: Path, *, quiet: bool
) -> SeedResult:
    """Train one arm with one seed, or read what an earlier, interrupted call left.

    Parameters
    ----------
    folder
        Where checkpoints and results of this arm and seed go; `done.json` marks a finished one.
    """
    from exapt.transfer.strategies._combine import combine
    from exapt.transfer.training.loop import TrainingSets, fit
    from exapt.transfer.training.predict import predict

    done = folder / "done.json"
    if done.exists():
        return _read(folder)
    spec = _resolve_auto(config, spec, target, source, seed, folder, quiet=quiet)
    strategy = combine(list(spec.strategy))
    seed_everything(seed)  # here, because the trials of `auto` may have been run or read back
    needs_source = source if strategy.needs_source else None
    model, report = build_model(target, needs_source, config, pretrained=spec.pretrained, without=spec.without)
    train, valid = target.labelled(seed)
    sets = {"target": target.training(train, seed)}
    task = target.task_of(seed)
    tasks = {"target": task}
    if needs_source is not None:
        sets["source"], tasks["source"] = needs_source.training(needs_source.fold.train, seed), needs_source.task
    history = fit(
        model,
        tasks,  # type: ignore[arg-type]
        strategy,
        TrainingSets(sets, target.examples.take(valid) if len(valid) else None),  # type: ignore[arg-type]
        config.training,
        seed=seed,
        folder=folder,
        score=scorer(task),
        description=f"{spec.name}, seed {seed}",
        quiet=quiet,
    )
    outputs = {"test": task.decode(predict(model, target.examples.take(target.fold.test), config.training))}
    outputs["valid"] = outputs["test"][:0]
    if len(valid):
        outputs["valid"] = task.decode(predict(model, target.examples.take(valid), config.training))
    if "source" in model.heads:  # a run predicts the target
        del model.heads["source"]
    report |= {"strategy": [piece.plain() for piece in spec.strategy], **parameter_counts(model)}
    if (folder / "auto.json").is_file():
        report["auto"] = read_json(folder / "auto.json")
    if any(piece.name == "lora" for piece in spec.strategy):
        merge_adapter(model, folder, ", ".join(config.weights().values()) or "random start")
    write_json(folder / "task.json", task.state())
    _keep(folder, model, outputs, report)
    history.write(folder / "history.tsv")
    score = history.kept(config.training.keep).score
    summary = {"valid_score": None if np.isnan(score) else score, "seconds": history.seconds, "steps": history.steps}
    write_json(done, summary)
    return _read(folder)


def merge_adapter(model: Model, folder: Path, base: str) -> None:
    """Keep the adapter in PEFT's own format, then fold it into the weights, so that a run stands alone."""
    from exapt.transfer.strategies.lora import merge, save_adapter

    save_adapter(model, folder / "adapter", base)
    merge(model)


def parameter_counts(model: Model) -> dict[str, int]:
    """Parameters in all, and those that were trainable at the end."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return {"parameters": sum(n for n, _ in sizes), "trainable": sum(n for n, on in sizes if on)}


def _keep(folder: Path, model: Model, outputs: Mapping[str, NDArray[np.float64]], report: Mapping[str, Any]) -> None:
    from exapt.models.hub import save_model

    save_model(folder / "model.safetensors", model)
    with atomic(folder / "outputs.safetensors") as temporary:
        save_file({part: np.ascontiguousarray(values) for part, values in outputs.items()}, temporary)
    write_json(folder / "transfer.json", dict(report))


def _read(folder: Path) -> SeedResult:
    summary = read_json(folder / "done.json")
    score = summary["valid_score"]
    outputs = load_file(folder / "outputs.safetensors")
    return SeedResult(
        test=outputs["test"],
        valid=outputs["valid"],
        valid_score=float("nan") if score is None else float(score),
        seconds=summary["seconds"],
        steps=summary["steps"],
        folder=folder,
    )


def _resolve_auto(
    config: RunConfig, spec: ArmSpec, target: Domain, source: Domain | None, seed: int, folder: Path, *, quiet: bool
) -> ArmSpec:
    """The arm that `auto` stands for: the candidate with the best validation score under its budget."""
    if not any(piece.name == "auto" for piece in spec.strategy):
        return spec
    if len(spec.strategy) > 1:
        raise ConfigError("strategy 'auto' chooses the strategy and stands alone.")
    if not len(target.labelled(seed)[1]):
        raise ConfigError("strategy 'auto' chooses by validation, and there is no validation part. Name a strategy.")
    auto = STRATEGIES.build("auto", **spec.strategy[0].options)
    epochs = auto.trial_epochs(config.training.epochs)
    short = config.model_copy(update={"training": config.training.model_copy(update={"epochs": epochs})})
    trials = {name: _arm(f"auto {name}", tuple(pieces)) for name, pieces in auto.candidates.items()}
    results = {
        name: run_arm(short, trial, target, source, seed, folder / f"auto-{name}", quiet=quiet).valid_score
        for name, trial in trials.items()
    }
    best = auto.choose(results)
    validation = {name: None if np.isnan(value) else value for name, value in results.items()}
    write_json(folder / "auto.json", {"chosen": best, "validation": validation, "epochs": epochs})
    return _arm(spec.name, trials[best].strategy)


def mean_valid(results: Sequence[SeedResult]) -> float:
    """Mean validation score over the seeds; NaN without validation."""
    return float(np.mean([result.valid_score for result in results]))
