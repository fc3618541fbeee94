"""`compare`: strategies x numbers of labels; learning curves that say when scratch catches up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exapt.api.finetune import finetune
from exapt.core.config import Piece, RunConfig
from exapt.core.errors import ConfigError, nearest
from exapt.core.paths import read_json, refuse_existing, write_json
from exapt.core.registry import STRATEGIES


def compare(
    config: RunConfig,
    output: Path,
    *,
    strategies: Sequence[str] = (),
    sizes: Sequence[float | int] = (),
    force: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Run finetune for every strategy and number of labels; write `curve.json` and one run folder each.

    Parameters
    ----------
    strategies
        Names; a name with one option is written `joint:weight=0.3`. Empty = the configuration's own.
    sizes
        Fractions of the training labels in (0, 1], or whole numbers of labels a class. Empty = all.

    Returns
    -------
    dict
        `{"metric", "sizes", "arms": {name: [{"value", "low", "high"}, ...]}, "verdicts": {strategy: [...]}}`.
    """
    refuse_existing(output, force=force)
    chosen = [_piece(text) for text in strategies] or [list(config.strategy)]
    steps = list(sizes) or [config.train_size or 1.0]
    curve: dict[str, Any] = {"metric": "", "sizes": steps, "arms": {}, "verdicts": {}}
    for number, pieces in enumerate(chosen):
        label = "+".join(_label(piece) for piece in pieces)
        for size in steps:
            controls = config.controls if number == 0 else "none"
            single = config.model_copy(update={"strategy": pieces, "train_size": size, "controls": controls})
            scores = _one(single, output / "runs" / f"{label.replace(':', '-')}_{size}", force=force, quiet=quiet)
            curve["metric"] = scores["primary_metric"]
            for arm, values in scores["arms"].items():
                name = label if arm == "transfer" else arm
                curve["arms"].setdefault(name, []).append(values[scores["primary_metric"]])
            curve["verdicts"].setdefault(label, []).append(scores["gain"].get("vs_scratch"))
    write_json(output / "curve.json", curve)
    _report(config, output, chosen, steps)
    return curve


def _one(config: RunConfig, run: Path, *, force: bool, quiet: bool) -> dict[str, Any]:
    if (run / "scores.json").is_file() and not force:
        finished: dict[str, Any] = read_json(run / "scores.json")
        return finished
    return finetune(config, run, force=True, quiet=quiet)


def _piece(text: str) -> list[Piece]:
    name, _, options = text.partition(":")
    if name not in STRATEGIES.names():
        raise ConfigError(f"Unknown strategy {name!r}. {nearest(name, STRATEGIES.names())}")
    values = {}
    for option in filter(None, options.split(";")):
        key, sign, value = option.partition("=")
        if not sign:
            raise ConfigError(f"strategy {text!r}: write name:option=value, for example joint:weight=0.3.")
        values[key] = float(value)
    return [Piece.model_validate({"name": name, **values})]


def _label(piece: Piece) -> str:
    options = ",".join(f"{key}={value:g}" for key, value in piece.options.items() if isinstance(value, int | float))
    return piece.name + (f":{options}" if options else "")


def _report(config: RunConfig, output: Path, chosen: list[list[Piece]], sizes: list[float | int]) -> None:
    """Put the learning curve into the report of the first strategy at the largest size."""
    from exapt.report.page import write_report

    label = "+".join(_label(piece) for piece in chosen[0]).replace(":", "-")
    run = output / "runs" / f"{label}_{sizes[-1]}"
    write_json(run / "curve.json", read_json(output / "curve.json"))
    write_report(run)
