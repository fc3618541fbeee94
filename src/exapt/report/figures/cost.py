"""What a gain costs: seconds of training against the gain over scratch, one point a strategy and number of labels."""

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
    new_figure,
    text_width,
)
from exapt.report.figures.learning_curve import look_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKERS = "osD^vPX"
ROW = 20.0
HEIGHT = 230.0
WIDTH_OF_AREA = WIDTH - 48 - 24
FEWEST_SECONDS = 1e-3


@dataclass(frozen=True)
class _Series:
    """One strategy: a gain, seconds and labels a point."""

    name: str
    shade: str
    marker: str
    gains: list[Score]
    seconds: list[float]
    labels: list[float]
    trainable: int | None


def cost(content: ReportContent) -> Drawing | None:
    """Seconds of one training against the gain over scratch, where `compare` ran with the control from scratch."""
    found = _series(content)
    if not found:
        return None
    legend = ROW * (len(found) + 2) + 10
    figure = new_figure(26 + HEIGHT + 44 + legend)
    area = axes(figure, 48, 26, WIDTH_OF_AREA, HEIGHT)
    _scale(area, [second for one in found for second in one.seconds])
    area.axhline(0, color=colour("scratch"), linewidth=1.8, dashes=(5, 2), zorder=2)
    for one in found:
        _draw(area, one)
    _number_points(area, found)
    metric = words.metric(str(content.curve.get("metric", content.primary)))
    label_axes(area, "seconds of one training", f"gain over scratch ({metric})")
    scratch = [float(entry["fit_seconds"]) for entry in content.curve["cost"]["scratch"]]
    _legend(axes(figure, 48, 26 + HEIGHT + 44, WIDTH - 54, legend), found, scratch)
    return finish(
        "cost",
        figure,
        title="What does the gain cost?",
        caption="Each point is a strategy trained with a number of labels (the number beside it): its gain over "
        "scratch against the time of one training. Above the dashed line the transfer was better; vertical bars are "
        "95 % intervals. The best value for its time lies at the upper left.",
        description=f"Gain against seconds of {words.listed([words.arm(one.name) for one in found])}.",
        numbers=pd.DataFrame(
            {"strategy": one.name, "labels": n, "seconds": seconds, "trainable": one.trainable, **vars(gain)}
            for one in found
            for n, seconds, gain in zip(one.labels, one.seconds, one.gains, strict=True)
        ),
    )


def _series(content: ReportContent) -> list[_Series]:
    curve = content.curve
    found = []
    for number, (name, gains) in enumerate((curve.get("verdicts") or {}).items()):
        entries = (curve.get("cost") or {}).get(name) or ()
        points = [
            (Score.of(gain), max(float(entry["fit_seconds"]), FEWEST_SECONDS), float(n), entry["trainable"])
            for gain, entry, n in zip(gains, entries, curve.get("labels") or (), strict=False)
            if gain and gain["value"] is not None and entry["fit_seconds"] is not None
        ]
        if points:
            scores, seconds, labels, trainable = (list(part) for part in zip(*points, strict=True))
            shade = colour(look_of(content, str(name)))
            marker = MARKERS[number % len(MARKERS)]
            found.append(_Series(str(name), shade, marker, scores, seconds, labels, trainable[-1]))
    return found


def _scale(area: Axes, seconds: list[float]) -> None:
    """A logarithmic axis from below the shortest to beyond the longest training, with plain numbers."""
    from matplotlib.ticker import FixedLocator, NullLocator

    low, high = min(seconds) / 1.5, max(seconds) * 1.8
    area.set_xscale("log")
    area.set_xlim(low, high)
    steps = (1, 2, 5) if high / low < 100 else (1,)
    places = [m * 10.0**e for e in range(-3, 7) for m in steps if low <= m * 10.0**e <= high]
    area.xaxis.set_major_locator(FixedLocator(places))
    area.xaxis.set_minor_locator(NullLocator())
    area.set_xticks(places, [f"{place:,g}" for place in places])


def _draw(area: Axes, one: _Series) -> None:
    values = [0.0 if gain.value is None else gain.value for gain in one.gains]  # `_series` has dropped what is None
    area.plot(one.seconds, values, color=one.shade, linewidth=1, alpha=0.45, zorder=3)
    for x, gain in zip(one.seconds, one.gains, strict=True):
        if gain.bounds:
            area.plot([x, x], gain.bounds, color=one.shade, linewidth=1.6, alpha=0.55, zorder=3)
    area.plot(one.seconds, values, one.marker, color=one.shade, markersize=6.5, zorder=4)


def _number_points(area: Axes, found: list[_Series]) -> None:
    """The number of labels beside each point, at the first of four places that is free; nowhere where none is."""
    scale = area.bbox.width / WIDTH_OF_AREA
    marks = [
        (one, n, *area.transData.transform((x, gain.value or 0.0)) / scale)
        for one in found
        for x, gain, n in zip(one.seconds, one.gains, one.labels, strict=True)
    ]
    taken = [(x - 4, y - 4, x + 4, y + 4) for _, _, x, y in marks]
    for one, n, x, y in marks:
        text, size = f"{n:,.0f}", SMALL - 1
        width = text_width(text, size)
        for left, below in ((6, 2), (6, -size - 2), (-6 - width, 2), (-6 - width, -size - 2)):
            box = (x + left, y + below, x + left + width, y + below + size)
            if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
                taken.append(box)
                place = area.transData.inverted().transform((x * scale, y * scale))
                style: dict[str, Any] = {"fontsize": size, "color": one.shade, "annotation_clip": False, "zorder": 5}
                area.annotate(text, (place[0], place[1]), (left, below), textcoords="offset points", **style)
                break


def _legend(area: Axes, found: list[_Series], scratch: list[float]) -> None:
    """Name, seconds and trainable parameters of each strategy, scratch last."""
    area.axis("off")
    area.set(xlim=(0, WIDTH - 54), ylim=(ROW * (len(found) + 2) + 10, 0))
    plain: dict[str, Any] = {"va": "center_baseline", "fontsize": SMALL, "color": colour("ink")}
    for row, one in enumerate(found):
        y = ROW * row + 12
        area.plot([12], [y], one.marker, color=one.shade, markersize=6.5)
        trained = "" if one.trainable is None else f", {one.trainable:,} parameters"
        area.text(30, y, words.shorten(words.arm(one.name), 26), **plain)
        area.text(WIDTH - 56, y, _seconds(one.seconds) + trained, ha="right", **plain)
    y = ROW * len(found) + 12
    area.plot([0, 24], [y, y], color=colour("scratch"), linewidth=1.8, dashes=(5, 2))
    area.text(30, y, words.arm("scratch"), **plain)
    area.text(WIDTH - 56, y, _seconds(scratch), ha="right", **plain)
    note = "numbers at the points: training labels; bars: 95 % intervals"
    area.text(0, y + ROW, note, **{**plain, "color": colour("muted"), "fontsize": SMALL - 1})


def _seconds(values: list[float]) -> str:
    """A range of seconds; one number where both ends read the same.

    Examples
    --------
    >>> _seconds([0.2, 1.3]), _seconds([2.0, 2.01])
    ('0.2 to 1.3 s', '2 s')
    """
    low, high = f"{min(values):,.2g}", f"{max(values):,.2g}"
    return f"{low} s" if low == high else f"{low} to {high} s"
