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
    """The score of each arm against the number of training labels, where `compare` ran."""
    sizes = [float(size) for size in content.curve.get("sizes") or ()]
    lines = _lines(content)
    if len(sizes) < 2 or not lines:
        return None
    figure = new_figure(290)
    area = axes(figure, 42, 26, WIDTH - 42 - max(text_width(line.label, SMALL) for line in lines) - 20, 220)
    for line in lines:
        _draw(area, sizes, line)
    _label_ends(area, lines, sizes[-1])
    _size_axis(area, sizes)
    metric = words.metric(str(content.curve.get("metric", content.primary)))
    share = max(sizes) <= 1
    label_axes(
        area, "share of the training labels" if share else "training labels a class", f"{metric} on the test data"
    )
    numbers = [
        {"arm": line.name, "size": size, **vars(point)}
        for line in lines
        for size, point in zip(sizes, line.points, strict=False)
    ]
    return finish(
        "learning_curve",
        figure,
        title="How many labels are needed?",
        caption="Score on the test data against the number of labelled training examples; bands are 95 % intervals. "
        "Where the curves meet, labels have made up for what the transfer brought." + _ending(content, sizes, lines),
        description=f"Learning curves of {words.listed([words.arm(line.name) for line in lines])}.",
        numbers=pd.DataFrame(numbers),
    )


def _lines(content: ReportContent) -> list[_Line]:
    """The first strategy is the one that this run is about; it looks like the transfer everywhere else."""
    arms = content.curve.get("arms") or {}
    controls = ("scratch", "frozen")
    strategies = [str(name) for name in arms if name not in controls and not str(name).startswith("baseline:")]
    return [
        _Line(
            str(name),
            "transfer" if str(name) in strategies[:1] else look(content, str(name)),
            [Score.of(point) for point in points],
        )
        for name, points in arms.items()
    ]


def _draw(area: Axes, sizes: list[float], line: _Line) -> None:
    known = [(size, p.value, p.bounds) for size, p in zip(sizes, line.points, strict=False) if p.value is not None]
    style = line_style(line.look)
    x = [size for size, _, _ in known]
    if known and all(bounds for _, _, bounds in known):
        low, high = zip(*(bounds for _, _, bounds in known if bounds), strict=True)
        alpha = 0.16 if line.look == "transfer" else 0.08
        area.fill_between(x, low, high, color=style["color"], alpha=alpha, linewidth=0)
    area.plot(x, [value for _, value, _ in known], **style)
    area.plot(x, [value for _, value, _ in known], "o", color=style["color"], markersize=2 + style["linewidth"])


def _label_ends(area: Axes, lines: list[_Line], x: float) -> None:
    """Names at the right end of the curves, moved apart as little as needed."""
    low, high = area.get_ylim()
    ends = [(line.points[-1].value, line) for line in lines if line.points]
    known = sorted(((value, line) for value, line in ends if value is not None), key=lambda end: end[0])
    places = spread([value for value, _ in known], (high - low) * 15 / 220)
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


def _size_axis(area: Axes, sizes: list[float]) -> None:
    from matplotlib.ticker import NullLocator

    if min(sizes) > 0 and max(sizes) / min(sizes) >= 4:
        area.set_xscale("log")
    area.xaxis.set_minor_locator(NullLocator())
    area.set_xticks(sizes, [f"{size:.0%}" if max(sizes) <= 1 else f"{size:,.0f}" for size in sizes])


def _ending(content: ReportContent, sizes: list[float], lines: list[_Line]) -> str:
    """Whether scratch has caught up with the largest number of labels."""
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
    label = f"{sizes[-1]:.0%} of the labels" if max(sizes) <= 1 else f"{sizes[-1]:,.0f} labels a class"
    if last <= 0 < first:
        return f" With {label} the model from scratch has caught up."
    return f" With {label} the transfer is ahead by {words.number(last)}." if last > 0 else ""
