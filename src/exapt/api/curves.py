"""`compare`: strategies x numbers of labels; learning curves that say when scratch catches up."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from exapt.api._arms import arm_name, with_source
from exapt.api._arms import arms as arms_of
from exapt.api._cells import Cells, restore, shrink
from exapt.api._curve import Point, assemble, copy_figures, label_counts, read_point, size_name
from exapt.api._prepare import Cut, cut_data, load_data
from exapt.api._work import NOTE, alone, is_finished, training_key
from exapt.api.finetuning import check, finetune
from exapt.core.config import Piece, RunConfig, parse, value_of
from exapt.core.errors import ConfigError, RunExistsError, nearest
from exapt.core.paths import read_json, storage_errors, write_json, write_text
from exapt.core.registry import STRATEGIES

logger = logging.getLogger(__name__)

CURVE, TABLE, CELLS, RUN = "curve.json", "table.tsv", "cells", "labels_"


def compare(
    config: RunConfig,
    output: Path,
    *,
    strategies: Sequence[str] = (),
    sizes: Sequence[float | int] = (),
    lambdas: Sequence[float] = (),
    force: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Run finetune for every number of labels with every strategy as an arm, and say what labels the transfer saves.

    Every strategy, size and seed is trained once and kept in `output/cells`: an interrupted call goes on where it
    stopped, and another call with more strategies, sizes or seeds trains only these.

    Parameters
    ----------
    config
        The run; its own strategy is used where none is named.
    output
        The folder for the curve, the table, the figures, and one run a size.
    strategies
        Names; options are written `joint:weight=0.3;...`. Empty = the configuration's own.
    sizes
        Fractions of the training labels in (0, 1], or whole numbers of labels a class. Empty = all.
    lambdas
        Weights of the target loss that every `joint` among the strategies is trained with.
    force
        Replace a finished comparison, and train all of it again.
    quiet
        No progress bars.

    Returns
    -------
    dict
        The content of `curve.json`, by arm or strategy and then in the order of `sizes`: see docs/howto/compare.md.

    Raises
    ------
    ConfigError
        Where a name, an option or a size is not possible; nothing was trained then.
    RunExistsError
        Where `output` holds a finished comparison of another configuration or other data, and `force` is False.
    """
    asked = swept([strategy(text) for text in strategies] or [tuple(config.strategy)], lambdas)
    (first, pieces), *rest = ((arm_name(one), one) for one in asked)
    also = [one for name, one in dict(rest).items() if name != first]
    steps = list(dict.fromkeys(sizes)) or [config.train_size or 1.0]
    whole = config.model_copy(update={"strategy": list(pieces)})
    sized = {size: parse({**whole.model_dump(), "train_size": size}, f"size {size!r}") for size in steps}
    check(whole, also)
    _refuse_other_output(output)
    cut = cut_data(load_data(config.data), config.split)
    counts, notes = label_counts(cut, steps, config.seeds)
    for note in notes:
        logger.warning("%s", note)
    per_class = cut.table.columns[cut.table.names("target")[0]].modality == "label"
    key = training_key(whole.model_copy(update={"train_size": None, "source": None}), cut.loaded.files)
    header = {
        "key": key,
        "sizes": list(counts),
        "size_names": [size_name(size, per_class=per_class) for size in counts],
        "labels": list(counts.values()),
        "strategies": [first, *map(arm_name, also)],
        "notes": notes,
    }
    with storage_errors(output), alone(output):
        _make_way(output, key, force=force)
        points = _points(cut, [sized[size] for size in counts], also, output, quiet=quiet)
        curve = assemble(header, points)
        _write(curve, output)
    return curve


def _points(
    cut: Cut, configs: Sequence[RunConfig], also: Sequence[tuple[Piece, ...]], output: Path, *, quiet: bool
) -> list[Point]:
    """Train and score what is not there yet, one run a size, and read all of it."""
    specs, source = arms_of(configs[0], also), configs[0].source
    files = dict(cut.loaded.files)
    if source is not None and with_source(specs):
        files |= load_data(source).files
    points = []
    for config in configs:
        run = output / f"{RUN}{config.train_size}"
        cells = Cells(output / CELLS / training_key(config, files), cut, specs, config)
        if not _is_finished(config, run, files, [arm_name(one) for one in also]):
            restore(cells)
            finetune(config, run, also=also, cells=output / CELLS, force=True, quiet=quiet)
        shrink(cells)
        points.append(read_point(run, cells, arm_name(config.strategy)))
    return points


def _refuse_other_output(output: Path) -> None:
    """Only a folder that is new, or that compare has made, is written to."""
    if output.is_file() or (output / NOTE).is_file():
        raise RunExistsError(f"{output} is there already and was not made by compare. Choose another -o.")


def _make_way(output: Path, key: str, *, force: bool) -> None:
    """A finished comparison is added to where configuration and data are the same; `force` begins it anew.

    One that was interrupted has no curve yet. Its cells are kept by what they were trained with, so it may go on.
    """
    if not (output / CURVE).is_file():
        return
    if force:
        for path in [output / CELLS, *(path.parent for path in output.glob(f"{RUN}*/{NOTE}"))]:
            shutil.rmtree(path, ignore_errors=True)
        (output / CURVE).unlink()
    elif read_json(output / CURVE).get("key") != key:
        raise RunExistsError(
            f"{output} exists already, with a comparison of another configuration or of other data. "
            "Choose another -o, or pass --force to replace it."
        )


def _is_finished(config: RunConfig, run: Path, files: Mapping[str, str], others: Sequence[str]) -> bool:
    """Whether an earlier call has left this very run, of the same data and with the arms beside the first."""
    if not is_finished(config, run) or not set(others) <= set(read_json(run / "scores.json")["arms"]):
        return False
    made_with: dict[str, str] = read_json(run / "provenance.json")["data"]
    return dict(files).items() <= made_with.items()


def swept(asked: Sequence[tuple[Piece, ...]], lambdas: Sequence[float]) -> list[tuple[Piece, ...]]:
    """Every strategy, `joint` once for each lambda; without lambdas as they are.

    Raises
    ------
    ConfigError
        Where no `joint` was asked for, or it has a weight already.

    Examples
    --------
    >>> [one[0].plain() for one in swept([strategy("full"), strategy("joint")], [0.1, 1])]
    [{'name': 'full'}, {'name': 'joint', 'weight': 0.1}, {'name': 'joint', 'weight': 1}]
    """
    if not lambdas:
        return list(asked)
    joint = [piece for one in asked for piece in one if piece.name == "joint"]
    if not joint:
        raise ConfigError("--lambdas weigh the strategy 'joint', and it is not among the strategies. Add it.")
    if any("weight" in piece.options for piece in joint):
        raise ConfigError("--lambdas are weights of 'joint', and it has one already. Write joint without a weight.")
    found: list[tuple[Piece, ...]] = []
    for one in asked:
        weights = lambdas if any(piece.name == "joint" for piece in one) else [None]
        found += [tuple(_weighted(piece, weight) for piece in one) for weight in weights]
    return found


def _weighted(piece: Piece, weight: float | None) -> Piece:
    if piece.name != "joint" or weight is None:
        return piece
    STRATEGIES.build("joint", weight=weight)  # refuses what is no weight
    return Piece.model_validate({**piece.plain(), "weight": weight})


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


def curve_table(curve: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a strategy and size, with numbers only: what `table.tsv` holds.

    Parameters
    ----------
    curve
        The content of `curve.json`.
    """
    from exapt.evaluate.learning_curve import table

    return table(curve)


def _write(curve: Mapping[str, Any], output: Path) -> None:
    """Curve, table and figures, and the report of the run with the most labels with the curve in it."""
    import pandas as pd

    from exapt.report.page import write_report

    last = output / f"{RUN}{curve['sizes'][-1]}"
    write_json(last / CURVE, curve)
    write_report(last)
    copy_figures(last, output)
    write_text(output / TABLE, pd.DataFrame(curve_table(curve)).to_csv(sep="\t", index=False))
    write_json(output / CURVE, curve)  # last: it says that the comparison is complete
