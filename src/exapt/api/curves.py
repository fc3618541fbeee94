"""`compare`: strategies x numbers of labels; learning curves that say when scratch catches up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from exapt.api._arms import arm_name
from exapt.api._work import is_finished
from exapt.api.finetuning import finetune
from exapt.core.config import Piece, RunConfig, parse, value_of
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
    """Run finetune for every number of labels with every strategy as an arm; write `curve.json` and the runs.

    Parameters
    ----------
    strategies
        Names; options are written `joint:weight=0.3;...`. Empty = the configuration's own.
    sizes
        Fractions of the training labels in (0, 1], or whole numbers of labels a class. Empty = all.

    Returns
    -------
    dict
        `{"metric", "sizes", "arms": {name: [{"value", "low", "high"}, ...]}, "verdicts": {strategy: [...]}}`.

    Raises
    ------
    ConfigError
        Where a strategy is unknown.
    """
    refuse_existing(output / "curve.json", force=force)
    asked = [strategy(text) for text in strategies] or [tuple(config.strategy)]
    (name, first), *rest = {arm_name(pieces): pieces for pieces in asked}.items()
    others = dict(rest)
    steps = list(sizes) or [config.train_size or 1.0]
    curve: dict[str, Any] = {"metric": "", "sizes": steps, "arms": {}, "verdicts": {}}
    sized = [parse({**config.model_dump(), "train_size": size}, f"size {size!r}") for size in steps]
    for size, whole in zip(steps, sized, strict=True):
        single = whole.model_copy(update={"strategy": list(first)})
        run = output / f"labels_{size}"
        if force or not _is_finished(single, run, others):
            finetune(single, run, also=list(others.values()), force=True, quiet=quiet)
        add_point(curve, run, name)
    write_json(output / "curve.json", curve)
    _report(output / f"labels_{steps[-1]}", curve)
    return curve


def _is_finished(config: RunConfig, run: Path, arms: Iterable[str]) -> bool:
    """Whether an interrupted call has left this run, with the arms beside the first."""
    return is_finished(config, run) and set(arms) <= set(read_json(run / "scores.json")["arms"])


def strategy(text: str) -> tuple[Piece, ...]:
    """`joint:weight=0.3+l2_sp` -> pieces; values are read as YAML.

    Raises
    ------
    ConfigError
        Where a name is unknown or an option has no value.

    Examples
    --------
    >>> [piece.plain() for piece in strategy("joint:weight=0.3+l2_sp")]
    [{'name': 'joint', 'weight': 0.3}, {'name': 'l2_sp'}]
    """
    pieces = []
    for word in text.split("+"):
        name, _, options = word.partition(":")
        if name not in STRATEGIES.names():
            raise ConfigError(f"Unknown strategy {name!r}. {nearest(name, STRATEGIES.names())}")
        pairs = [option.partition("=") for option in options.split(";") if option]
        if any(not sign for _, sign, _ in pairs):
            raise ConfigError(f"strategy {word!r}: write name:option=value, for example joint:weight=0.3.")
        pieces.append(Piece.model_validate({"name": name, **{key: value_of(value, word) for key, _, value in pairs}}))
    return tuple(pieces)


def add_point(curve: dict[str, Any], run: Path, first: str) -> None:
    """Add one run to the curve: the primary metric of every arm, and the verdict of every strategy."""
    scores = read_json(run / "scores.json")
    metric = scores["primary_metric"]
    curve["metric"] = metric
    for arm, values in scores["arms"].items():
        curve["arms"].setdefault(first if arm == "transfer" else arm, []).append(values[metric])
    gains = read_json(run / "gains.json") if (run / "gains.json").is_file() else {}
    for name, gain in {first: scores["gain"]["vs_scratch"], **gains}.items():
        curve["verdicts"].setdefault(name, []).append(gain)


def _report(run: Path, curve: dict[str, Any]) -> None:
    """Put the learning curve into the report of the run with the most labels."""
    from exapt.report.page import write_report

    write_json(run / "curve.json", curve)
    write_report(run)
