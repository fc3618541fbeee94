"""The score by similarity to training, so that what holds for near copies is not taken for what holds for the new."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from exapt.report import detail, words
from exapt.report.content import ReportContent, Score
from exapt.report.figures._canvas import SMALL, WIDTH, Drawing, axes, colour, finish, label_axes, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = {"transfer": "o", "scratch": "s"}
STEP = 0.22  # between the arms of a band
LEFT, SIDE = 42.0, 230.0


def bands(content: ReportContent) -> Drawing | None:
    """The primary score of transfer and scratch in each band of similarity, with intervals and counts."""
    rows = content.detail("bands").get("rows") or []
    if not detail.scored_bands(content):
        return None
    arms = [name for name in MARKERS if any(name in row["arms"] for row in rows)]
    measure = str(content.detail("bands").get("measure", "similarity"))
    lines = textwrap.wrap(f"{measure}, to the nearest training example", 54)
    figure = new_figure(48 + SIDE + 62 + 13 * len(lines))
    area = axes(figure, LEFT, 48, WIDTH - LEFT - 8, SIDE)
    area.set_xlim(-0.5, len(rows) - 0.5)
    area.grid(axis="x", visible=False)
    for place, row in enumerate(rows):
        for number, name in enumerate(arms):
            x = place + STEP * (number - (len(arms) - 1) / 2)
            _mark(area, x, Score.of(row["arms"].get(name)), name, colour(look(content, name)))
        if place % 2:
            area.axvspan(place - 0.5, place + 0.5, color=colour("grid"), alpha=0.35, linewidth=0, zorder=0)
    _limits(area, [Score.of(score) for row in rows for score in row["arms"].values()])
    _below(area, rows)
    better = "higher" if content.higher_is_better else "lower"
    label_axes(area, "", f"{words.metric(content.primary)} ({better} is better)")
    area.annotate("\n".join(lines), (0.5, 0), (-LEFT / 2, -52), xycoords="axes fraction", textcoords="offset points",
                  ha="center", va="top", fontsize=SMALL, color=colour("muted"))  # fmt: skip
    _key(axes(figure, 0, 0, WIDTH, 26), [(name, words.arm(name)) for name in arms])
    return finish(
        "bands",
        figure,
        title="Does it work on what is unlike the training data?",
        caption=" ".join(filter(None, [detail.similarity(content), detail.new_gain(content), _how(rows)])),
        description="; ".join(
            f"{detail.band(row)}: {words.number(row['arms']['transfer']['value'])} of {row['n']}"
            for row in detail.scored_bands(content)
        ),
        numbers=_numbers(rows, arms, content.primary),
    )


def _mark(area: Axes, x: float, score: Score, arm: str, shade: str) -> None:
    if score.value is None:
        return
    if score.bounds:
        area.plot([x, x], score.bounds, color=shade, linewidth=2.6, zorder=3)
    face = shade if arm == "transfer" else colour("paper")
    style: dict[str, Any] = {"color": shade, "markerfacecolor": face, "markersize": 7.5, "markeredgewidth": 1.6}
    area.plot([x], [score.value], MARKERS[arm], zorder=4, **style)


def _limits(area: Axes, scores: list[Score]) -> None:
    ends = [end for score in scores for end in (*(score.bounds or ()), score.value) if end is not None]
    room = (max(ends) - min(ends)) * 0.08 or 0.05
    area.set_ylim(min(ends) - room, max(ends) + room)


def _below(area: Axes, rows: list[dict[str, Any]]) -> None:
    """Band and number of examples under each column; a band without a score says why in it."""
    area.set_xticks([])
    for place, row in enumerate(rows):
        shared: dict[str, Any] = {"textcoords": "offset points", "ha": "center", "va": "top", "annotation_clip": False}
        label = {"exactly 1": "1", "below 0.3": "<0.3"}.get(detail.band(row), f"{row['low']:g}–{row['high']:g}")
        area.annotate(label, (place, 0), (0, -6), xycoords=("data", "axes fraction"), **shared, fontsize=SMALL,
                      color=colour("ink"))  # fmt: skip
        area.annotate(f"n = {row['n']:,}", (place, 0), (0, -22), xycoords=("data", "axes fraction"), **shared,
                      fontsize=SMALL - 1, color=colour("muted"))  # fmt: skip
        if 0 < row["n"] != row["n_groups"]:
            area.annotate(words.count(row["n_groups"], "group"), (place, 0), (0, -36), **shared,
                          xycoords=("data", "axes fraction"), fontsize=SMALL - 1, color=colour("muted"))  # fmt: skip
        if not row["arms"]:
            text = "none" if not row["n"] else "one\nclass" if "one class" in row["note"] else "too\nfew"
            area.text(place, 0.5, text, transform=area.get_xaxis_transform(), ha="center", va="center",
                      fontsize=SMALL, color=colour("muted"))  # fmt: skip


def _key(area: Axes, arms: list[tuple[str, str]]) -> None:
    area.axis("off")
    area.set(xlim=(0, WIDTH), ylim=(26, 0))
    for number, (name, text) in enumerate(arms):
        x = WIDTH - 100 * (len(arms) - number)
        face = colour(name) if name == "transfer" else colour("paper")
        area.plot([x], [12], MARKERS[name], color=colour(name), markerfacecolor=face, markersize=7, markeredgewidth=1.6)
        area.text(x + 10, 12, text, va="center_baseline", fontsize=SMALL, color=colour("ink"))


def _how(rows: list[dict[str, Any]]) -> str:
    text = (
        "Each test example is in the band of its similarity to the nearest training example; bars are 95 % intervals."
    )
    few = [row for row in rows if not row["arms"] and 0 < row["n"] < detail.FEW]
    text += f" Bands with fewer than {detail.FEW} examples are not scored." if few else ""
    one = any("one class" in (row["note"] or "") for row in rows)
    return text + (" A band of one class is not scored either: this score needs two." if one else "")


def _numbers(rows: list[dict[str, Any]], arms: list[str], metric: str) -> pd.DataFrame:
    lines = []
    for row in rows:
        shared = {"low": row["low"], "high": row["high"], "n": row["n"], "n_groups": row["n_groups"]}
        for name in arms:
            score = Score.of(row["arms"].get(name))
            lines.append({"band": detail.band(row), **shared, "arm": name, "metric": metric, "value": score.value,
                          "value_low": score.low, "value_high": score.high})  # fmt: skip
        if row.get("gain"):
            gain = Score.of(row["gain"])
            lines.append({"band": detail.band(row), **shared, "arm": "transfer - scratch", "metric": metric,
                          "value": gain.value, "value_low": gain.low, "value_high": gain.high})  # fmt: skip
    return pd.DataFrame(lines)
