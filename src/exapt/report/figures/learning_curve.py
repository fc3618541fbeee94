"""The score against the number of labels: how much data the transfer saves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from exapt.report import words
from exapt.report.content import ReportContent, Score
from exapt.report.figures._canvas import (
    SMALL,
    WIDTH,
    Drawing,
    axes,
    colour,
    finish,
    label_axes,
    line_style,
    look,
    new_figure,
    text_width,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LABEL = 20
HEIGHT = 230.0
BESIDE = 22.0  # units between two numbers under the axis, at least


@dataclass(frozen=True)
class _Line:
    """One arm: its name in curve.json, its look, and its points."""

    name: str
    look: str
    points: list[Score]

    @property
    def label(self) -> str:
        """Name at the end of the line."""
        return words.shorten(words.arm(self.name), LABEL)


def learning_curve(content: ReportContent) -> Drawing | None:
    """The score of each arm against the number of training labels, where `compare` ran with several of them."""
    labels = [float(count) for count in content.curve.get("labels") or content.curve.get("sizes") or ()]
    lines = _lines(content)
    if len(labels) < 2 or not lines:
        return None
    figure = new_figure(HEIGHT + 72)
    width = WIDTH - 42 - max(text_width(line.label, SMALL) for line in lines) - 20
    area = axes(figure, 42, 26, width, HEIGHT)
    for line in lines:
        _draw(area, labels, line)
    _label_axis(area, labels, width)
    _label_ends(area, lines, labels[-1])
    _arrow(area, content, labels)
    counted = "training labels" if content.curve.get("labels") else "training labels a class"
    what = "share of the training labels" if max(labels) <= 1 else counted
    label_axes(
        area,
        f"{what} (bands: 95 % intervals)",
        f"{words.metric(str(content.curve.get('metric', content.primary)))} on the test data",
    )
    numbers = [
        {"arm": line.name, "labels": count, **vars(point)}
        for line in lines
        for count, point in zip(labels, line.points, strict=False)
    ]
    return finish(
        "learning_curve",
        figure,
        title="How many labels are needed?",
        caption=_caption(content, lines),
        description=f"Learning curves of {words.listed([words.arm(line.name) for line in lines])}.",
        numbers=pd.DataFrame(numbers),
    )


def strategies_of(content: ReportContent) -> list[str]:
    """The strategies of the curve; the first one is what the run is about."""
    arms = [str(name) for name in content.curve.get("arms") or {}]
    return [name for name in arms if name not in ("scratch", "frozen") and not name.startswith("baseline:")]


def look_of(content: ReportContent, name: str) -> str:
    """The look of an arm of the curve; the first strategy looks like the transfer everywhere else."""
    return "transfer" if name in strategies_of(content)[:1] else look(content, name)


def _lines(content: ReportContent) -> list[_Line]:
    """The strategies, the controls, and of the baselines the one to beat; a control that is a strategy only once."""
    arms = {str(name): points for name, points in (content.curve.get("arms") or {}).items()}
    best = content.best_baseline.name if content.best_baseline else ""
    return [
        _Line(name, look_of(content, name), [Score.of(point) for point in points])
        for name, points in arms.items()
        if (not name.startswith("baseline:") or name == best)
        and not (name == "frozen" and any(arms[other] == points for other in strategies_of(content)))
    ]


def _draw(area: Axes, labels: list[float], line: _Line) -> None:
    known = [(n, p.value, p.bounds) for n, p in zip(labels, line.points, strict=False) if p.value is not None]
    style = line_style(line.look)
    x = [n for n, _, _ in known]
    if known and all(bounds for _, _, bounds in known):
        low, high = zip(*(bounds for _, _, bounds in known if bounds), strict=True)
        alpha = 0.16 if line.look in ("transfer", "scratch") else 0.08
        area.fill_between(x, low, high, color=style["color"], alpha=alpha, linewidth=0)
    area.plot(x, [value for _, value, _ in known], **style)
    area.plot(x, [value for _, value, _ in known], "o", color=style["color"], markersize=2 + style["linewidth"])


def _arrow(area: Axes, content: ReportContent, labels: list[float]) -> None:
    """From the strategy's point to where scratch has the same score, with the number of labels between the two."""
    told = content.curve.get("headline")
    if not told:
        return
    name, position = told["strategy"], told["position"]
    entry, value = content.curve["catch_up"][name][position], content.curve["arms"][name][position]["value"]
    never = entry["reached"] == "never"
    end = labels[-1] if never else entry["needs"]["value"]
    if end is None or end <= labels[position] * 1.02:
        return
    text = "scratch never gets there" if never else f"{entry['saved']['value']:,.0f} labels saved"
    shade = colour("helped")
    style = {"arrowstyle": "-|>", "color": shade, "linewidth": 1.8, "shrinkA": 4, "shrinkB": 0, "mutation_scale": 11}
    area.annotate("", (end, value), (labels[position], value), arrowprops=style, annotation_clip=False, zorder=5)
    box = {"facecolor": colour("paper"), "edgecolor": "none", "alpha": 0.7, "pad": 1.0}
    area.annotate(
        text, (labels[position], value), (9, -6), textcoords="offset points", va="top", fontsize=SMALL, color=shade,
        fontweight="bold", bbox=box, zorder=6,
    )  # fmt: skip


def _label_ends(area: Axes, lines: list[_Line], x: float) -> None:
    """Names at the right end of the curves, moved apart as little as needed."""
    low, high = area.get_ylim()
    ends = [(line.points[-1].value, line) for line in lines if line.points]
    known = sorted(((value, line) for value, line in ends if value is not None), key=lambda end: end[0])
    step = (high - low) * 15 / HEIGHT
    places = spread([value for value, _ in known], step)
    over = max(places[-1] - high, 0.0) if places else 0.0
    places = [place - over for place in places]
    shared: dict[str, Any] = {"textcoords": "offset points", "va": "center_baseline", "annotation_clip": False}
    for (_, line), y in zip(known, places, strict=True):
        weight = "bold" if line.look == "transfer" else "normal"
        area.annotate("●", (x, y), (8, 0), color=line_style(line.look)["color"], fontsize=SMALL, **shared)
        area.annotate(line.label, (x, y), (20, 0), color=colour("ink"), fontsize=SMALL, fontweight=weight, **shared)


def spread(values: list[float], step: float) -> list[float]:
    """Move ascending values apart to at least `step`, with the least sum of squared moves.

    Examples
    --------
    >>> spread([1.0, 1.0, 5.0], 2.0)
    [0.0, 2.0, 5.0]
    """
    pools: list[list[float]] = []
    for i, value in enumerate(values):
        pools.append([value - i * step])
        while len(pools) > 1 and sum(pools[-2]) / len(pools[-2]) > sum(pools[-1]) / len(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    flat = [sum(pool) / len(pool) for pool in pools for _ in pool]
    return [value + i * step for i, value in enumerate(flat)]


def _label_axis(area: Axes, labels: list[float], width: float) -> None:
    """A logarithmic axis with the numbers that were measured, as far as they have room; the last one always."""
    from matplotlib.ticker import NullLocator

    if min(labels) > 0 and max(labels) > min(labels):
        area.set_xscale("log")
    area.xaxis.set_minor_locator(NullLocator())
    texts = [f"{n:.0%}" if max(labels) <= 1 else f"{n:,.0f}" for n in labels]
    places = area.transData.transform([(n, 0) for n in labels])[:, 0]
    shown: list[int] = []
    for i in reversed(range(len(labels))):
        room = text_width(texts[i], SMALL) / 2 + (text_width(texts[shown[-1]], SMALL) / 2 if shown else 0) + 4
        if not shown or places[shown[-1]] - places[i] >= max(room, BESIDE) * area.bbox.width / width:
            shown.append(i)
    area.set_xticks([labels[i] for i in shown], [texts[i] for i in shown])


def _caption(content: ReportContent, lines: list[_Line]) -> str:
    sizes = content.curve.get("size_names")
    text = "Score on the test data against the number of labelled training examples, on a logarithmic axis"
    text += f" ({words.listed([str(name) for name in sizes])}). " if sizes else ". "
    text += "Bands are 95 % intervals. Where a curve meets the dashed one from scratch, labels have made up for what "
    text += "the transfer brought. "
    return text + str(content.curve.get("sentence") or _ending(content, lines))


def _ending(content: ReportContent, lines: list[_Line]) -> str:
    """Whether scratch has caught up with the largest number of labels, for a curve that does not say it itself."""
    by_look = {line.look: line.points for line in lines}
    if "transfer" not in by_look or "scratch" not in by_look:
        return ""
    sign = 1 if content.higher_is_better else -1
    first, last = (
        None if t.value is None or s.value is None else sign * (t.value - s.value)
        for t, s in ((by_look["transfer"][i], by_look["scratch"][i]) for i in (0, -1))
    )
    if first is None or last is None:
        return ""
    if last <= 0 < first:
        return "With the most labels the model from scratch has caught up."
    return f"With the most labels the transfer is ahead by {words.number(last)}." if last > 0 else ""
