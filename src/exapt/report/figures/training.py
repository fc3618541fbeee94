"""How training went: losses, validation score and the chosen epoch of each arm."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from exapt.report import words
from exapt.report.content import ReportContent
from exapt.report.figures._canvas import (
    SMALL,
    WIDTH,
    Drawing,
    axes,
    colour,
    finish,
    label_axes,
    look,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def training(content: ReportContent) -> list[Drawing]:
    """One drawing an arm that was trained: loss on the left, validation score on the right."""
    history = content.history.dropna(subset=["epoch"])
    if not content.higher_is_better:
        history = history.assign(valid_score=-history["valid_score"])  # written so that higher is better
    arms = [arm.name for arm in content.arms if (history["arm"] == arm.name).any()]
    shared = history[history["arm"].isin(arms)]
    return [_one(content, shared, arm) for arm in arms]


def _one(content: ReportContent, history: pd.DataFrame, arm: str) -> Drawing:
    mine = history[history["arm"] == arm]
    validated = bool(history["valid_score"].notna().any())
    figure = new_figure(212)
    panel = (WIDTH - 38 - 46 - 12) / 2 if validated else WIDTH - 50
    losses = axes(figure, 38, 28, panel, 120)
    shade = colour(look(content, arm))
    panels = [(losses, ["train_loss", "valid_loss"], "loss (lower is better)")]
    if validated:
        scores = axes(figure, 38 + panel + 46, 28, panel, 120)
        panels.append((scores, ["valid_score"], f"validation {words.metric(content.primary)}"))
    chosen, opened = _chosen(content, mine), _opened(mine)
    for area, columns, label in panels:
        for _, run in mine.groupby("seed", sort=True):
            for column in columns:
                area.plot(run["epoch"], run[column], color=shade, **_line(column))
        if validated:
            area.plot(chosen["epoch"], chosen[columns[-1]], "o", **_ring(shade))
        for epoch in opened:
            area.axvline(epoch, color=colour("muted"), linewidth=0.9, dashes=(1, 2))
        _same_scale(area, history, mine, columns)
        label_axes(area, "epoch", label)
    _key(axes(figure, 38, 186, WIDTH - 50, 24), shade, validated=validated)
    return finish(
        "training_" + re.sub(r"[^\w.-]+", "-", arm),  # a strategy may have options, as in joint:weight=0.3
        figure,
        title=words.arm(arm),
        caption=_caption(mine, chosen, opened, validated=validated),
        description=f"Training of {words.arm(arm)}: {len(mine)} epochs in {mine['seed'].nunique()} seeds.",
        numbers=mine.reset_index(drop=True),
    )


def _line(column: str) -> dict[str, Any]:
    return {"linewidth": 1.2, "dashes": (2, 1.5)} if column == "train_loss" else {"linewidth": 1.7}


def _ring(shade: str) -> dict[str, Any]:
    look = {"color": shade, "markerfacecolor": colour("paper"), "markersize": 7.5, "markeredgewidth": 2}
    return {**look, "zorder": 5, "clip_on": False}


def _chosen(content: ReportContent, history: pd.DataFrame) -> pd.DataFrame:
    """The epoch of each seed whose weights were kept."""
    training = content.config.get("training")
    last = isinstance(training, dict) and training.get("keep") == "last"
    rows = []
    for _, run in history.groupby("seed", sort=True):
        score = run["valid_score"] if content.higher_is_better else -run["valid_score"]
        ranked = pd.DataFrame({"score": score.fillna(-np.inf), "loss": run["valid_loss"]})  # the loss decides a tie
        ranked = ranked.sort_values(["score", "loss"], ascending=[False, True], kind="stable")
        rows.append(run.index[-1] if last or run["valid_loss"].isna().all() else ranked.index[0])
    return history.loc[rows]


def _opened(history: pd.DataFrame) -> list[float]:
    """Epochs between which more or fewer parameters began to train (first seed)."""
    first = history[history["seed"] == history["seed"].min()]
    trainable = first["trainable"]
    changed = trainable.notna() & trainable.shift().notna() & (trainable != trainable.shift())
    return [float(epoch) - 0.5 for epoch in first.loc[changed, "epoch"]]


def _same_scale(area: Axes, history: pd.DataFrame, mine: pd.DataFrame, columns: list[str]) -> None:
    """The same scale for all arms, so that they can be compared by eye."""
    from matplotlib.ticker import MaxNLocator

    values = history[columns].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values):
        low, high = float(values.min()), float(values.max())
        if columns[0] == "train_loss":  # one wild first epoch must not flatten all curves
            high = min(high, max(low + 1e-9, float(np.quantile(values, 0.98)) * 1.15))
        room = (high - low) * 0.06 or 0.1
        area.set_ylim(low - room, high + room)
    area.set_xlim(min(mine["epoch"].min(), 1) - 0.3, max(mine["epoch"].max(), 2) + 0.3)
    area.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    area.yaxis.set_major_locator(MaxNLocator(4))


def _key(area: Axes, shade: str, *, validated: bool) -> None:
    area.axis("off")
    area.set(xlim=(0, WIDTH - 50), ylim=(24, 0))
    area.plot([0, 22], [14, 14], color=shade, **_line("train_loss"))
    texts = [(27, "training")]
    if validated:
        area.plot([88, 110], [14, 14], color=shade, **_line("valid_loss"))
        area.plot([207], [14], "o", **_ring(shade))
        texts += [(115, "validation"), (218, "chosen epoch")]
    for x, text in texts:
        area.text(x, 14, text, va="center_baseline", fontsize=SMALL, color=colour("ink"))


def _caption(history: pd.DataFrame, chosen: pd.DataFrame, opened: list[float], *, validated: bool) -> str:
    seeds = int(history["seed"].nunique())
    text = f"Each line is one of {seeds} seeds. " if seeds > 1 else ""
    seconds = history.groupby("seed")["seconds"].sum().mean()
    if seconds > 0:
        text += f"{words.duration(seconds)} of training{' a seed' if seeds > 1 else ''}. "
    if opened:
        text += "Dotted vertical lines: layers were opened for training. "
    if not validated:
        return text + "All labels were used for training, so there is no validation curve."
    ends = history.groupby("seed").tail(1)
    worse = ends["valid_loss"].mean() - chosen["valid_loss"].mean() > 0.1 * abs(chosen["valid_loss"].mean())
    if worse and ends["train_loss"].mean() < chosen["train_loss"].mean():
        text += (
            "After the chosen epoch the training loss still falls while the validation loss rises: the network begins "
            "to learn the training examples by heart (overfitting). The weights of the chosen epoch are kept."
        )
    return text.strip()
