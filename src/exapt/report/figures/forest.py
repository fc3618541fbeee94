"""Forest plots: the score of every arm, and what the transfer gained, each with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from exapt.report import words
from exapt.report.content import Arm, ReportContent, Score
from exapt.report.figures._canvas import (
    SMALL,
    TEXT,
    WIDTH,
    Drawing,
    area_height,
    axes,
    colour,
    finish,
    look,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 42.0
MARK = 13.0  # from the bottom of a row
MARKERS = {"transfer": "o", "scratch": "s", "frozen": "D", "strategy": "^", "baseline": "o"}
SYMBOLS = {"helped": "▲ helped", "hurt": "▼ hurt", "no evidence": "≈ no evidence"}


def forest(content: ReportContent) -> Drawing | None:
    """The primary score of every arm with its interval, the transfer highlighted."""
    arms = [arm for arm in content.arms if content.primary_score(arm).value is not None]
    if not arms:
        return None
    name = words.metric(content.primary)
    figure = new_figure(ROW * len(arms) + 44)
    area = _rows(axes(figure, 10, 2, WIDTH - 20, ROW * len(arms)), len(arms))
    for row, arm in enumerate(arms):
        _draw_arm(area, row, arm, content.primary_score(arm), colour(look(content, arm.name)))
    _fit_x(area, [content.primary_score(arm) for arm in arms], len(arms))
    _repeat_transfer(area, content, len(arms))
    better = "higher is better →" if content.higher_is_better else "← lower is better"
    area.set_xlabel(f"{name} on the test data   ({better})", color=colour("muted"), fontsize=SMALL, labelpad=5)
    numbers = pd.DataFrame(
        [{"arm": arm.name, "metric": content.primary, **vars(content.primary_score(arm))} for arm in arms]
    )
    best = (max if content.higher_is_better else min)(arms, key=lambda arm: content.primary_score(arm).value or 0.0)
    return finish(
        "forest",
        figure,
        title=f"{name[:1].upper()}{name[1:]} of every model",
        caption="The mark is the score on the test data, the bar its 95 % interval."
        + (" The dotted line repeats the transfer." if content.arm("transfer") and len(arms) > 1 else "")
        + (" Overlapping bars decide nothing; the paired comparison (next figure) does." if content.gains else ""),
        description=f"{name} with 95 percent interval for {len(arms)} models; the best is {words.arm(best.name)}.",
        numbers=numbers,
    )


def gain(content: ReportContent) -> Drawing | None:
    """What the transfer gained over scratch and over the best baseline, against the line of no difference."""
    gains = [gain for gain in content.gains if gain.score.value is not None]
    if not gains:
        return None
    name = words.metric(content.primary)
    figure = new_figure(24 + (ROW + 6) * len(gains) + 44)
    area = _rows(axes(figure, 10, 24, WIDTH - 20, (ROW + 6) * len(gains)), len(gains))
    for row, item in enumerate(gains):
        shade = colour(item.verdict.replace("no evidence", "neutral"))
        label = f"Gain over {words.against(item.against)}" if item.arm == "transfer" else words.arm(item.arm)
        value = words.number(item.score.value, sign=True)
        value = f"{value}   {SYMBOLS[item.verdict]}"
        _texts(area, row, words.shorten(label, 30), value, bold=True, value_colour=shade)
        _bar(area, row, item.score, shade, "o", bold=True)
    _fit_x(area, [*(item.score for item in gains), Score(0.0)], len(gains), symmetric=True)
    low, high = area.get_xlim()
    area.axvspan(0, high, color=colour("helped"), alpha=0.07, linewidth=0)
    area.axvspan(low, 0, color=colour("hurt"), alpha=0.07, linewidth=0)
    for row in range(len(gains)):
        area.plot([0, 0], [row + 0.42, row + 1], color=colour("ink"), linewidth=1.5, solid_capstyle="butt", zorder=2)
    for text, side, shift, tone in (
        ("← transfer is worse", "right", -6, "hurt"),
        ("transfer is better →", "left", 6, "helped"),
    ):
        area.annotate(
            text, (0, 1), (shift, 7), xycoords=("data", "axes fraction"), textcoords="offset points", ha=side,
            fontsize=SMALL, color=colour(tone), annotation_clip=False,
        )  # fmt: skip
    area.set_xlabel(f"difference in {name}", color=colour("muted"), fontsize=SMALL, labelpad=5)
    return finish(
        "gain",
        figure,
        title="Did the transfer help?",
        caption="Both models are compared on the same test examples. If the whole bar lies right of zero the transfer "
        "helped, left of zero it hurt. If the bar touches zero, these data cannot tell."
        + (" Other strategies are compared with scratch." if content.strategies else ""),
        description="; ".join(
            f"{words.arm(g.arm)} over {words.against(g.against)} {words.number(g.score.value, sign=True)}, "
            f"{words.interval(g.score, sign=True)}, {g.verdict}" for g in gains
        ),
        numbers=pd.DataFrame(
            [
                {"arm": g.arm, "against": g.against, "metric": content.primary, **vars(g.score), "verdict": g.verdict}
                for g in gains
            ]
        ),
    )  # fmt: skip


def _rows(area: Axes, rows: int) -> Axes:
    area.set_ylim(rows, 0)
    area.set_yticks([])
    area.grid(visible=False)
    area.spines["left"].set_visible(False)
    for row in range(1, rows):
        area.axhline(row, color=colour("grid"), linewidth=1, zorder=0)
    return area


def _draw_arm(area: Axes, row: int, arm: Arm, score: Score, shade: str) -> None:
    main = arm.kind == "transfer"
    if main:
        area.axhspan(row, row + 1, color=shade, alpha=0.1, linewidth=0, zorder=0)
    value = words.number(score.value) + (f"  ({words.interval(score)})" if score.bounds else "")
    label = words.arm(arm.name) + (" (baseline)" if arm.kind == "baseline" else "")
    _texts(area, row, label, value, bold=main, value_colour=colour("ink" if arm.kind != "baseline" else "muted"))
    _bar(area, row, score, shade, MARKERS[arm.kind], bold=arm.kind != "baseline")


def _repeat_transfer(area: Axes, content: ReportContent, rows: int) -> None:
    """The score of the transfer as a dotted line beside the marks of the other rows, clear of their texts."""
    transfer = content.arm("transfer")
    value = content.primary_score(transfer).value if transfer else None
    if value is None:
        return
    shade = colour("transfer")
    for row in range(1, rows):
        area.plot([value, value], [row + 0.45, row + 1], color=shade, linewidth=1.2, dashes=(1, 2), zorder=1)


def _texts(area: Axes, row: int, label: str, value: str, *, bold: bool, value_colour: str) -> None:
    weight = "bold" if bold else "normal"
    shared: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "top"}
    area.annotate(
        words.shorten(label, 30), (0, row), (4, -5), **shared, fontsize=TEXT, color=colour("ink"), fontweight=weight
    )
    area.annotate(
        value, (1, row), (-4, -5), **shared, ha="right", fontsize=SMALL + 0.5, color=value_colour, fontweight=weight
    )


def _bar(area: Axes, row: int, score: Score, shade: str, marker: str, *, bold: bool) -> None:
    rows = abs(area.get_ylim()[0] - area.get_ylim()[1])
    y = row + 1 - MARK * rows / area_height(area)
    if score.bounds:
        area.plot(score.bounds, [y, y], color=shade, linewidth=3 if bold else 2, alpha=1.0 if bold else 0.8, zorder=3)
    face = shade if bold else colour("paper")
    size = 8 if bold else 6.5
    if score.value is not None:
        look: dict[str, Any] = {"color": shade, "markerfacecolor": face, "markersize": size, "markeredgewidth": 1.6}
        area.plot([score.value], [y], marker, zorder=4, **look)


def _fit_x(area: Axes, scores: list[Score], rows: int, *, symmetric: bool = False) -> None:
    """The range of x around all intervals, with grid lines behind the marks but not behind the texts."""
    from matplotlib.ticker import MaxNLocator

    ends = [end for score in scores for end in (*(score.bounds or ()), score.value) if end is not None]
    low, high = min(ends), max(ends)
    if symmetric:
        high = max(abs(low), abs(high)) or 1.0
        low = -high
    room = (high - low) * 0.06 or max(abs(high), 1.0) * 0.1
    area.set_xlim(low - room, high + room)
    places = MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(low - room, high + room)
    inside = [x for x in places if low - room / 2 <= x <= high + room / 2]  # labels at the very edge would be cut
    area.set_xticks(inside)
    for row in range(rows):
        area.vlines(inside, row + 0.45, row + 1, color=colour("grid"), linewidth=1, zorder=0.5)
