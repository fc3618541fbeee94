"""Which classes are mistaken for which, and which classes gained from the transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from exapt.report import measures, words
from exapt.report.content import ReportContent
from exapt.report.figures._canvas import SMALL, WIDTH, Drawing, axes, colour, finish, label_axes, new_figure, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL = 22


def confusion(content: ReportContent) -> Drawing | None:
    """The confusion matrix of the transfer arm: shares of each true class, with counts."""
    classes = measures.classes_by_size(content)
    arm = measures.arm_classes(content, "transfer", classes)
    if arm is None:
        return None
    cells, names = measures.lump(arm.confusion(), classes)
    n = len(names)
    sizes = cells.sum(1)
    shares = np.divide(cells, sizes[:, None], out=np.zeros_like(cells), where=sizes[:, None] > 0)
    rows = [f"{words.shorten(name, LABEL)}  ({_count(size)})" for name, size in zip(names, sizes, strict=True)]
    columns = [words.shorten(name, LABEL) for name in names]
    left = max(text_width(label, SMALL) for label in rows) + 8
    side = max(min((WIDTH - left - 8) / n, 84.0), 34.0 if n <= 12 else 27.0)
    widest = max(text_width(label, SMALL) for label in columns)
    slanted = widest > side - 6
    top = 24 + (widest * 0.72 + 12 if slanted else 20)
    overhang = text_width(columns[-1], SMALL) * 0.72 + 6 if slanted else 0.0
    figure = new_figure(top + side * n + 10, max(left + side * n + max(overhang - side / 2, 4), WIDTH))
    area = axes(figure, left, top, side * n, side * n)
    area.set(xlim=(0, n), ylim=(n, 0), xticks=[], yticks=[])
    area.grid(visible=False)
    for spine in area.spines.values():
        spine.set_visible(False)
    _draw_cells(area, cells, shares, small=n > 12)
    for i in range(n):
        area.annotate(
            rows[i], (0, i + 0.5), (-6, 0), textcoords="offset points", ha="right", va="center", fontsize=SMALL,
            color=colour("ink"), annotation_clip=False,
        )  # fmt: skip
        area.annotate(
            columns[i], (i + 0.5, 0), (-2 if slanted else 0, 6), textcoords="offset points",
            rotation=45 if slanted else 0, rotation_mode="anchor", ha="left" if slanted else "center",
            fontsize=SMALL, color=colour("ink"), annotation_clip=False,
        )  # fmt: skip
    area.annotate("true class ↓   predicted as →", (0, 1), (4, -14), xycoords="figure fraction",
                  textcoords="offset points", fontsize=SMALL, color=colour("muted"))  # fmt: skip
    numbers = pd.DataFrame(cells, columns=names).round(4)
    numbers.insert(0, "true", names)
    return finish(
        "confusion",
        figure,
        title="What is mistaken for what",
        caption=f"Each row is a true class, the largest first ({_per_seed(arm)}in brackets: test examples). A cell is "
        "the percentage of that row" + ("" if n > 12 else " and, below it, the number of examples") + ". Right "
        "predictions lie on the diagonal; a dark cell beside it is a frequent mistake." + _worst(cells, shares, names),
        description=f"Confusion matrix of {n} classes; "
        + "; ".join(f"{name} {shares[i, i]:.0%} right" for i, name in enumerate(names)),
        numbers=numbers,
    )  # fmt: skip


def _draw_cells(area: Axes, cells: measures.Floats, shares: measures.Floats, *, small: bool) -> None:
    from matplotlib.patches import Rectangle

    frame: dict[str, Any] = {"facecolor": "none", "edgecolor": colour("grid"), "linewidth": 0.8, "clip_on": False}
    n = len(cells)
    for i in range(n):
        for j in range(n):
            share = shares[i, j]
            tone = colour("transfer" if i == j else "hurt")
            area.add_patch(Rectangle((j, i), 1, 1, **frame))
            if share <= 0:
                continue
            area.add_patch(Rectangle((j, i), 1, 1, facecolor=tone, alpha=0.08 + 0.87 * share, linewidth=0))
            ink = colour("paper" if share > 0.55 else "ink")
            text = f"{100 * share:.0f}" if share >= 0.005 else "<1"
            if small:
                area.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=9, color=ink)
                continue
            area.text(j + 0.5, i + 0.47, f"{text}%" if n <= 6 else text, ha="center", va="bottom", fontsize=SMALL,
                      color=ink, fontweight="bold" if i == j else "normal")  # fmt: skip
            area.text(j + 0.5, i + 0.58, _count(cells[i, j]), ha="center", va="top", fontsize=8.5, color=ink)


def per_class(content: ReportContent) -> Drawing | None:
    """F1 of each class, from scratch and with transfer, the largest class first."""
    classes = measures.classes_by_size(content)
    transfer = measures.arm_classes(content, "transfer", classes)
    scratch = measures.arm_classes(content, "scratch", classes)
    if transfer is None:
        return None
    shown = [k for k in range(len(classes)) if transfer.sizes[k] > 0][: 2 * measures.MOST_CLASSES]
    if not shown:
        return None
    after = transfer.f1()[shown]
    before = scratch.f1()[shown] if scratch else np.full(len(shown), np.nan)
    labels = [f"{words.shorten(classes[k], LABEL)}  ({_count(transfer.sizes[k])})" for k in shown]
    left = max(text_width(label, SMALL) for label in labels) + 8
    figure = new_figure(30 + 24 * len(shown) + 36)
    area = axes(figure, left, 30, WIDTH - left - 14, 24 * len(shown))
    area.set(xlim=(-0.02, 1.02), ylim=(len(shown), 0), yticks=[])
    area.grid(axis="y", visible=False)
    area.spines["left"].set_visible(False)
    for row, label in enumerate(labels):
        y = row + 0.5
        area.annotate(
            label, (-0.02, y), (-6, 0), textcoords="offset points", ha="right", va="center", fontsize=SMALL,
            color=colour("ink"), annotation_clip=False,
        )  # fmt: skip
        area.plot([before[row], after[row]], [y, y], color=colour("baseline"), linewidth=2, alpha=0.6)
        area.plot([before[row]], [y], "s", color=colour("scratch"), markersize=6.5)
        area.plot([after[row]], [y], "o", color=colour("transfer"), markersize=8)
    _key(figure, with_scratch=scratch is not None)
    label_axes(area, "F1 of the class (1 is perfect)", "")
    numbers = pd.DataFrame(
        {"class": [classes[k] for k in shown], "examples": transfer.sizes[shown], "scratch": before, "transfer": after}
    )
    return finish(
        "per_class",
        figure,
        title="Which classes are recognised, and which gained",
        caption="F1 balances how many members of a class are found against how many calls are right. "
        "In brackets: test examples; few of them mean an uncertain F1."
        + (f" Shown are the {len(shown)} largest of {len(classes)} classes." if len(shown) < len(classes) else "")
        + _changes(numbers),
        description="F1 of each class: "
        + "; ".join(f"{classes[k]} {score:.2f}" for k, score in zip(shown, after, strict=True)),
        numbers=numbers.round(6),
    )


def _key(figure: Figure, *, with_scratch: bool) -> None:
    area = axes(figure, 0, 0, WIDTH, 26)
    area.set(xlim=(0, WIDTH), ylim=(26, 0))
    area.axis("off")
    entries = [("o", "transfer", "transfer"), ("s", "scratch", "from scratch")]
    for i, (marker, tone, text) in enumerate(entries[: 1 + with_scratch]):
        x = WIDTH - 190 + 90 * i
        area.plot([x], [12], marker, color=colour(tone), markersize=7)
        area.text(x + 9, 12, text, va="center_baseline", fontsize=SMALL, color=colour("ink"))


def _changes(numbers: pd.DataFrame) -> str:
    change = (numbers["transfer"] - numbers["scratch"]).to_numpy(dtype=np.float64)
    if np.isnan(change).all():
        return ""
    most, least = int(np.nanargmax(change)), int(np.nanargmin(change))
    text, names = "", numbers["class"].tolist()
    if change[most] > 0:
        text += f" The largest gain over scratch: “{names[most]}” ({words.number(change[most], sign=True)})."
    if change[least] < 0:
        text += f" The largest loss: “{names[least]}” ({words.number(change[least], sign=True)})."
    return text


def _worst(cells: measures.Floats, shares: measures.Floats, names: list[str]) -> str:
    off = np.where(np.eye(len(names), dtype=bool), 0, cells)
    if not off.any():
        return ""
    i, j = np.unravel_index(int(off.argmax()), off.shape)
    return f" The most frequent mistake: “{names[i]}” predicted as “{names[j]}” ({shares[i, j]:.0%} of that row)."


def _per_seed(arm: measures.ArmClasses) -> str:
    return f"mean of {len(arm.seeds)} seeds; " if len(arm.seeds) > 1 else ""


def _count(value: float) -> str:
    return f"{value:.0f}" if abs(value - round(value)) < 0.05 else f"{value:.1f}"
