"""How far a single answer can be trusted: calibration, abstention and conformal sets on the test data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from exapt.report import detail, words
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

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEWEST = 3  # examples in a bin that is drawn
SIDE = 250.0
MOST_CLASSES = 20
LABEL = 22


def reliability(content: ReportContent) -> Drawing | None:
    """Stated probability against frequency, before and after temperature scaling."""
    part = content.detail("calibration")
    if not part.get("before"):
        return None
    series = {name: part[name] for name in ("before", "after") if part.get(name)}
    legend = 20.0 * len(series) + 8
    figure = new_figure(26 + SIDE + 110 + legend)
    area = axes(figure, 40, 26, WIDTH - 54, SIDE)
    area.set(xlim=(0, 1), ylim=(0, 1.02))
    area.plot([0, 1], [0, 1], color=colour("muted"), linewidth=1, dashes=(3, 3))
    area.tick_params(labelbottom=False)
    label_axes(area, "", "how often it was right")
    last = list(series)[-1]
    for name, found in series.items():
        rows = [row for row in found["bins"] if row["n"] >= FEWEST]
        area.plot([row["confidence"] for row in rows], [row["frequency"] for row in rows], **_line(name == last))
    _counts(axes(figure, 40, 26 + SIDE + 14, WIDTH - 54, 56), series[last]["bins"])
    errors = {_label(name, series): found["ece"] for name, found in series.items()}
    _legend(axes(figure, 40, 26 + SIDE + 110, WIDTH - 54, legend), errors)
    return finish(
        "reliability",
        figure,
        title="Can the probabilities be taken at their word?",
        caption=f"{detail.probabilities(content)} On the dashed diagonal a model that says 80 % is right in 80 % of "
        "the cases; below it the model is too sure, above it too modest. Points with fewer than "
        f"{FEWEST} test examples are left out.",
        description="; ".join(f"{name} calibration error {error:.3f}" for name, error in errors.items()),
        numbers=pd.concat([pd.DataFrame(found["bins"]).assign(when=name) for name, found in series.items()]),
    )


def _label(name: str, series: Mapping[str, Any]) -> str:
    if "after" not in series:
        return "as the model states them"
    return {"before": "before temperature scaling", "after": "after temperature scaling"}[name]


def _line(main: bool) -> dict[str, Any]:
    shade = colour("transfer" if main else "baseline")
    style: dict[str, Any] = {"color": shade, "marker": "o" if main else "s", "markersize": 5.5, "linewidth": 2.4}
    return style if main else {**style, "linewidth": 1.4, "dashes": (3, 2), "markerfacecolor": colour("paper")}


def _counts(area: Axes, bins: Sequence[Mapping[str, Any]]) -> None:
    area.set(xlim=(0, 1), yticks=[])
    area.grid(axis="y", visible=False)
    area.spines["left"].set_visible(False)
    centres = [(row["low"] + row["high"]) / 2 for row in bins]
    area.bar(centres, [row["n"] for row in bins], width=0.085, color=colour("transfer"), alpha=0.45)
    area.text(0.01, 0.97, "test examples", transform=area.transAxes, va="top", fontsize=SMALL - 0.5,
              color=colour("muted"))  # fmt: skip
    label_axes(area, "probability that the model gives its answer", "")


def _legend(area: Axes, errors: Mapping[str, float]) -> None:
    area.axis("off")
    area.set(xlim=(0, WIDTH - 54), ylim=(20 * len(errors) + 8, 0))
    for row, (name, error) in enumerate(errors.items()):
        y, main = 20 * row + 14, row == len(errors) - 1
        area.plot([0, 13, 26], [y] * 3, **_line(main), markevery=[1])
        weight = "bold" if main else "normal"
        area.text(34, y, name, va="center_baseline", fontsize=SMALL, color=colour("ink"), fontweight=weight)
        area.text(WIDTH - 56, y, f"mean gap {error:.3f}", va="center_baseline", ha="right", fontsize=SMALL,
                  color=colour("ink"), fontweight=weight)  # fmt: skip


def abstention(content: ReportContent) -> Drawing | None:
    """The error among the answers against the share of examples that are answered."""
    part = content.detail("abstention")
    if not part.get("curve"):
        return None
    curve = pd.DataFrame(part["curve"])
    told, wrong = Score.of(part.get("coverage")), Score.of(part.get("error_answered"))
    chosen = told.value is not None and wrong.value is not None
    top = 1.12 * max([curve["risk"].max(), 1.25 * part["goal"], *(wrong.bounds or ())[1:]])
    figure = new_figure(26 + SIDE + 44)
    area = axes(figure, 44, 26, WIDTH - 58, SIDE)
    area.set(xlim=(0, 1.01), ylim=(0, min(1.0, top)))
    area.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    area.yaxis.set_major_formatter(lambda y, _: f"{y:.0%}" if top > 0.05 else f"{y:.1%}")
    area.plot([0, 1.01], [part["goal"]] * 2, color=colour("hurt"), linewidth=1.2, dashes=(3, 3))
    left, right = ((curve["risk"].iloc[round(at * (len(curve) - 1))] - part["goal"]) ** 2 for at in (0.12, 0.88))
    place, shift, side = (0.0, 5, "left") if left > right else (1.0, -2, "right")
    area.annotate(f"wanted: {part['goal']:.0%} at most", (place, part["goal"]), (shift, 4), ha=side,
                  textcoords="offset points", fontsize=SMALL, color=colour("hurt"))  # fmt: skip
    area.plot(curve["coverage"], curve["risk"], color=colour("transfer"), linewidth=2.4)
    if chosen:
        _cross(area, told, wrong)
    label_axes(area, "share of the test examples that are answered, the surest first", "wrong among the answers")
    return finish(
        "abstention",
        figure,
        title="What if the model may say “unknown”?",
        caption=f"{detail.unknown(content)} The curve shows the mistakes that are left if only the surest examples are "
        "answered; the lower, the better."
        + (
            " The diamond is the threshold that was chosen on the validation data, with 95 % intervals."
            if chosen
            else ""
        )
        + f" The mean over all shares (AURC) is {words.number(part['aurc'])}; "
        f"where sureness says nothing it would be {words.number(part['error'])}.",
        description=f"Error {part['error']:.3f} with all examples answered, area {part['aurc']:.3f}.",
        numbers=curve.round(6),
    )


def _cross(area: Axes, told: Score, wrong: Score) -> None:
    assert told.value is not None
    assert wrong.value is not None
    style: dict[str, Any] = {"color": colour("ink"), "linewidth": 1.6, "zorder": 4}
    if told.bounds:
        area.plot(told.bounds, [wrong.value] * 2, **style)
    if wrong.bounds:
        area.plot([told.value] * 2, wrong.bounds, **style)
    area.plot([told.value], [wrong.value], "D", color=colour("ink"), markersize=7.5, zorder=5)
    area.plot([0.03], [0.94], "D", color=colour("ink"), markersize=7.5, transform=area.transAxes)
    area.text(0.065, 0.94, f"answers {told.value:.0%}, {wrong.value:.1%} wrong", transform=area.transAxes,
              va="center_baseline", fontsize=SMALL, fontweight="bold", color=colour("ink"))  # fmt: skip


def conformal(content: ReportContent) -> Drawing | None:
    """How large the sets are, and how often they hold the truth, class by class."""
    part = content.detail("conformal")
    rows = [row for row in part.get("by_class") or () if row["coverage"] is not None]
    if not rows or Score.of(part.get("coverage")).value is None:
        return None
    rows = sorted(rows, key=lambda row: (row["coverage"], row["class"]))
    shown = rows[:MOST_CLASSES]
    sizes = part.get("sizes") or []
    labels = [f"{words.shorten(str(row['class']), LABEL)}  ({row['n']:,})" for row in shown]
    left, top = max(text_width(label, SMALL) for label in labels) + 8, 52.0 if sizes else 2.0
    figure = new_figure(top + 26 + 24 * len(shown) + 40)
    if sizes:
        _sizes(axes(figure, 10, 20, WIDTH - 20, 26), sizes)
    area = axes(figure, left, top + 26, WIDTH - left - 54, 24 * len(shown))
    area.set(xlim=(min(0.48, min(row["coverage"] for row in shown) - 0.05), 1.02), ylim=(len(shown), 0), yticks=[])
    area.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    area.grid(axis="y", visible=False)
    area.spines["left"].set_visible(False)
    area.plot([part["goal"]] * 2, [0, len(shown)], color=colour("ink"), linewidth=1.2, dashes=(3, 3))
    for place, (row, label) in enumerate(zip(shown, labels, strict=True)):
        _class(area, place + 0.5, row, label, part["goal"])
    label_axes(area, "how often the set holds the truth", "")
    area.annotate("mean size" if part["method"] == "LAC" else "width", (1, 1), (52, 6), xycoords="axes fraction",
                  textcoords="offset points", ha="right", fontsize=SMALL, color=colour("muted"))  # fmt: skip
    return finish(
        "conformal",
        figure,
        title="Sets of answers that hold the truth",
        caption=f"{detail.sets(content)} The promise (dashed line) is for all examples together, so a rare or "
        "difficult class may be held less often. In brackets: test examples of the class; an open mark stands for "
        f"fewer than {detail.FEW}, of which little can be said."
        + (f" Shown are the {len(shown)} classes held least often, of {len(rows)}." if len(rows) > len(shown) else ""),
        description="; ".join(f"{row['class']} {row['coverage']:.0%}" for row in shown),
        numbers=pd.DataFrame(rows),
    )


def _sizes(area: Axes, sizes: Sequence[Mapping[str, Any]]) -> None:
    """One bar for all examples, cut by how many answers their sets hold."""
    area.set(xlim=(0, 1), ylim=(0, 1), yticks=[], xticks=[])
    area.grid(visible=False)
    for spine in area.spines.values():
        spine.set_visible(False)
    area.text(
        0,
        1.25,
        "answers in a set: dark 1, medium 2, light 3 or more",
        transform=area.transAxes,
        fontsize=SMALL,
        color=colour("muted"),
    )
    one, two = (sum(row["share"] for row in sizes if row["size"] == size) for size in (1, 2))
    parts = [("1", one, 1.0), ("2", two, 0.55), ("3 or more", max(0.0, 1 - one - two), 0.25)]
    start = 0.0
    for text, share, depth in parts:
        if share < 0.0005:
            continue
        area.barh(0.5, share, left=start, height=1.0, color=colour("transfer"), alpha=depth, linewidth=0)
        words_of = f"{text}: {share:.0%}"
        if share > (text_width(words_of, SMALL) + 8) / (WIDTH - 20):
            area.text(start + share / 2, 0.5, words_of, ha="center", va="center_baseline", fontsize=SMALL,
                      color=colour("paper" if depth == 1.0 else "ink"))  # fmt: skip
        start += share


def _class(area: Axes, y: float, row: Mapping[str, Any], label: str, goal: float) -> None:
    shade = colour("transfer" if row["coverage"] >= goal - 0.1 else "hurt")
    left = area.get_xlim()[0]
    area.annotate(label, (left, y), (-6, 0), textcoords="offset points", ha="right", va="center", fontsize=SMALL,
                  color=colour("ink"), annotation_clip=False)  # fmt: skip
    area.plot([min(goal, row["coverage"]), max(goal, row["coverage"])], [y, y], color=shade, linewidth=2, alpha=0.6)
    face = colour("paper") if row["n"] < detail.FEW else shade
    area.plot([row["coverage"]], [y], "o", color=shade, markerfacecolor=face, markersize=8, markeredgewidth=1.6)
    area.annotate(words.number(row["size"], decimals=2), (1, y), (52, 0), xycoords=("axes fraction", "data"),
                  textcoords="offset points", ha="right", va="center", fontsize=SMALL, color=colour("ink"))  # fmt: skip
