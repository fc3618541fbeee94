"""`pretrain`: train a backbone on a large set, with the same loop, and keep it as `arch.tag`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from exapt.api._arms import build_model, encoder_name, parameter_counts, scorer
from exapt.api._prepare import Domain, check_names, cut_data, load_data, prepare_domain
from exapt.api._work import alone, close_work, open_work, plain, refuse_output, tidy
from exapt.core.config import DataConfig, RunConfig
from exapt.core.contracts import Rows
from exapt.core.errors import ConfigError
from exapt.core.paths import storage_errors
from exapt.core.provenance import provenance
from exapt.core.registry import STRATEGIES, TASKS
from exapt.core.seeds import seed_everything


def pretrain(config: RunConfig, output: Path, *, force: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Train a backbone and write a folder of weights: config.json, model.safetensors, card.yaml, sketch.json.

    Parameters
    ----------
    config
        Data, backbone, task (masked_tokens, reconstruction, or a supervised one) and training. The first
        seed is used. The validation part is only watched; the test part, if any, is never read.
    output
        The folder to make; its name is `arch.tag`. An interrupted call continues from its last checkpoint.

    Returns
    -------
    dict
        The card: what it was trained on, how, and the losses reached.
    """
    from exapt.data.leakage import sketch
    from exapt.models import hub
    from exapt.models.build import resolve
    from exapt.transfer.strategies._combine import combine
    from exapt.transfer.strategies.lora import merge
    from exapt.transfer.training.loop import TrainingSets, fit

    _check(config)
    refuse_output(output, force=force)
    seed = config.seeds[0]
    strategy = combine(list(config.strategy))
    cut = cut_data(load_data(without_targets(config)), config.split)
    domain = prepare_domain(config, cut, cut.folds[0])
    train, valid = pretraining_rows(domain, config)
    with storage_errors(output), alone(output), tidy(output):
        work = open_work(config, output, domain.loaded.files, force=force)
        seed_everything(seed)
        model, _ = build_model(domain, None, config, pretrained=True)
        score = scorer(domain.task)
        history = fit(
            model,
            {"target": domain.task},
            strategy,
            TrainingSets({"target": domain.training(train, seed)}, domain.examples.take(valid) if len(valid) else None),
            config.training,
            seed=seed,
            folder=work / "arms",
            score=score,
            quiet=quiet,
        )
        card = _card(config, domain, len(train), history, parameter_counts(model))
        if any(piece.name == "lora" for piece in config.strategy):
            merge(model)  # weights are those of the plain architecture
        (name, encoder), *_ = domain.encoders.items()
        hub.save(
            work,
            model.distinct_backbones()[0],
            arch=config.backbone_of(name).name,
            options=resolve(config.backbone_of(name)).options,
            encoder={"name": encoder_name(encoder), "state": encoder.state()},
            card=card,
            sketch=sketch(domain.table.take(train).values(name), domain.table.columns[name].modality),
        )
        history.write(work / "history.tsv")
        close_work(work, output)
    return card


def _check(config: RunConfig) -> None:
    check_names(config, "configuration")
    for piece in config.strategy:
        if piece.name == "auto" or STRATEGIES.get(piece.name).needs_source:
            raise ConfigError(f"strategy {piece.name!r} is for finetune. Pre-training trains on one data set, one way.")
    if isinstance(config.backbone, dict):
        raise ConfigError(
            "pretrain trains one backbone; write `backbone` with the key `name`, not one for each column."
        )
    if config.train_size is not None:
        raise ConfigError("train_size draws a few labels for finetune; pretrain uses all training rows. Leave it out.")


def without_targets(config: RunConfig) -> DataConfig:
    """The data section; a self-supervised task reads no target, so a missing one stops nothing."""
    supervised = TASKS.build(config.task.name, **config.task.options).supervised
    return config.data if supervised else config.data.model_copy(update={"target": []})


def pretraining_rows(domain: Domain, config: RunConfig) -> tuple[Rows, Rows]:
    """Training and validation rows. Without a stated split there is no test part: its rows join training."""
    fold = domain.fold
    if config.split is not None or domain.loaded.split is not None:
        return fold.train, fold.valid
    return np.sort(np.concatenate([fold.train, fold.test])), fold.valid


def _card(config: RunConfig, domain: Domain, rows: int, history: Any, counts: dict[str, int]) -> dict[str, Any]:
    kept = history.kept(config.training.keep)
    card: dict[str, Any] = {
        "task": TASKS.get(config.task.name).__name__,
        "data": domain.loaded.table.source,
        "licence": domain.loaded.licence,
        "rows": rows,
        "parameters": counts["parameters"],
        "steps": history.steps,
        "seconds": round(history.seconds, 1),
        "train_loss": kept.train_loss,
        "configuration": plain(config),
        "provenance": provenance(domain.loaded.files, config.seeds[:1]),
    }
    left_out = [step.line() for step in domain.loaded.report.steps if step.rows_out < step.rows_in]
    if left_out:
        card["left_out"] = left_out
    if kept.valid_loss is not None:
        card["valid_loss"] = kept.valid_loss
        if config.task.name == "masked_tokens":
            card["valid_perplexity"] = math.exp(kept.valid_loss)
    return card
