"""ROC and precision-recall curves, and whether probabilities can be taken at their word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from exapt.report import measures, words
from exapt.report.content import ReportContent
from exapt.report.figures._canvas import (
    SMALL,
    WIDTH,
    Drawing,
    axes,
    colour,
    finish,
    label_axes,
    line_style,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_THIN = 10
FEWEST = 3  # examples in a bin that is drawn
SIDE = 320.0


def roc(content: ReportContent) -> Drawing | None:
    """ROC curves of the arms, one class against the rest, averaged."""
    return _both(content, "roc")


def precision_recall(content: ReportContent) -> Drawing | None:
    """Precision-recall curves of the arms, one class against the rest, averaged."""
    return _both(content, "pr")


def _both(content: ReportContent, kind: str) -> Drawing | None:
    classes = [column.removeprefix("p:") for column in content.probability_columns]
    found = _arm_curves(content, kind, classes)
    if "transfer" not in found:
        return None
    ranking = kind == "roc"
    legend = 20.0 * len(found) + 8
    figure = new_figure(26 + SIDE + 40 + legend)
    area = axes(figure, 40, 26, WIDTH - 40 - 14, SIDE)
    area.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    average = {name: measures.average(curves.values()) for name, curves in found.items()}
    share = average["transfer"].share
    area.plot([0, 1], [0, 1] if ranking else [share, share], color=colour("muted"), linewidth=1, dashes=(3, 3))
    if ranking:
        label_axes(area, "false positives (share of the others called)", "true positives (share of the class found)")
    else:
        label_axes(area, "recall (share of the class found)", "precision (share of the calls that are right)")
    if 1 < len(found["transfer"]) <= MOST_THIN:
        for curve in found["transfer"].values():
            area.plot(measures.GRID, curve.y, color=colour("transfer"), linewidth=0.8, alpha=0.35)
    for name in reversed(average):
        area.plot(measures.GRID, average[name].y, **line_style(name.split(":")[0]))
    _legend(axes(figure, 40, 26 + SIDE + 40, WIDTH - 54, legend), average, "AUROC" if ranking else "AUPRC")
    return finish(
        kind,
        figure,
        title="ROC: finding a class against false alarms" if ranking else "Precision against recall",
        caption=_caption(content, kind, classes, found["transfer"], share),
        description="; ".join(f"{words.arm(name)} area {curve.area:.3f}" for name, curve in average.items()),
        numbers=_numbers(found, average, kind),
    )


def _arm_curves(content: ReportContent, kind: str, classes: list[str]) -> dict[str, dict[str, measures.Curve]]:
    best = content.best_baseline
    chosen = ["transfer", "scratch", "frozen", *([best.name] if best else [])]
    found = {}
    for name in chosen:
        arm = measures.arm_classes(content, name, classes)
        curves = measures.class_curves(arm, kind) if arm is not None else {}
        if len(classes) == 2:
            curves = {key: curve for key, curve in curves.items() if key == classes[1]}
        if curves:
            found[name] = curves
    return found


def _legend(area: Axes, average: dict[str, measures.Curve], metric: str) -> None:
    area.axis("off")
    area.set(xlim=(0, WIDTH - 54), ylim=(20 * len(average) + 8, 0))
    for row, (name, curve) in enumerate(average.items()):
        y = 20 * row + 14
        area.plot([0, 26], [y, y], **line_style(name.split(":")[0]))
        weight = "bold" if name == "transfer" else "normal"
        area.text(34, y, words.arm(name), va="center_baseline", fontsize=SMALL, color=colour("ink"), fontweight=weight)
        area.text(WIDTH - 56, y, f"{metric} {curve.area:.3f}", va="center_baseline", ha="right", fontsize=SMALL,
                  color=colour("ink"), fontweight=weight)  # fmt: skip


def _caption(
    content: ReportContent, kind: str, classes: list[str], curves: dict[str, measures.Curve], share: float
) -> str:
    if len(classes) == 2:
        text = f"The class to be found is “{classes[1]}”. "
    else:
        text = f"Mean over {len(curves)} classes, each against all others"
        text += "; thin lines are the single classes with transfer. " if len(curves) <= MOST_THIN else ". "
    if kind == "roc":
        return text + "The nearer a curve comes to the upper left corner, the better; the dashed diagonal is guessing."
    positives = f"{share:.0%}" if len(classes) == 2 else f"{share:.0%} on average"
    return text + (
        f"The nearer to the upper right corner, the better. The dashed line is guessing: it lies at the share of the "
        f"class in the test data ({positives}). For rare classes this plot says more than ROC."
    )


def _numbers(
    found: dict[str, dict[str, measures.Curve]], average: dict[str, measures.Curve], kind: str
) -> pd.DataFrame:
    x, y = ("false_positive_rate", "true_positive_rate") if kind == "roc" else ("recall", "precision")
    parts = []
    for arm, curves in found.items():
        single = curves if arm == "transfer" and 1 < len(curves) <= MOST_THIN else {}
        for label, curve in [("mean", average[arm]), *single.items()]:
            parts.append(pd.DataFrame({"arm": arm, "class": label, x: measures.GRID.round(4), y: curve.y.round(5)}))
    return pd.concat(parts, ignore_index=True)


def calibration(content: ReportContent) -> Drawing | None:
    """Reliability diagram: stated probability of the predicted class against how often it was right."""
    classes = [column.removeprefix("p:") for column in content.probability_columns]
    tables = {}
    for name in ("transfer", "scratch", "frozen"):
        arm = measures.arm_classes(content, name, classes)
        table = measures.reliability(arm) if arm is not None else None
        if table is not None:
            tables[name] = table
    if "transfer" not in tables:
        return None
    legend = 20.0 * len(tables) + 8
    figure = new_figure(26 + 250 + 70 + 40 + legend)
    area = axes(figure, 40, 26, WIDTH - 54, 250)
    area.set(xlim=(0, 1), ylim=(0, 1.02))
    area.plot([0, 1], [0, 1], color=colour("muted"), linewidth=1, dashes=(3, 3))
    area.tick_params(labelbottom=False)
    label_axes(area, "", "how often it was right")
    bars = axes(figure, 40, 26 + 250 + 14, WIDTH - 54, 56)
    bars.set(xlim=(0, 1), yticks=[])
    bars.grid(axis="y", visible=False)
    bars.spines["left"].set_visible(False)
    examples = tables["transfer"]
    bars.bar(examples["confidence"], examples["examples"], width=0.07, color=colour("transfer"), alpha=0.45)
    bars.text(0.01, 0.97, "test examples (transfer)", transform=bars.transAxes, va="top", fontsize=SMALL - 0.5,
              color=colour("muted"))  # fmt: skip
    label_axes(bars, "probability that the model gives its answer", "")
    for name in reversed(tables):
        table, marker = tables[name], {"transfer": "o", "scratch": "s", "frozen": "D"}[name]
        table = table[table["examples"] >= FEWEST]
        area.plot(table["confidence"], table["accuracy"], marker=marker, color=colour(name), markersize=5.5,
                  linewidth=2.4 if name == "transfer" else 1.4)  # fmt: skip
    errors = {name: measures.calibration_error(table) for name, table in tables.items()}
    _error_legend(axes(figure, 40, 26 + 250 + 70 + 40, WIDTH - 54, legend), errors)
    numbers = pd.concat([table.assign(arm=name) for name, table in tables.items()], ignore_index=True)
    return finish(
        "calibration",
        figure,
        title="Can the probabilities be taken at their word?",
        caption="On the dashed diagonal a model that says 80 % is right in 80 % of the cases. Below it the model is "
        f"too sure, above it too modest. Points with fewer than {FEWEST} test examples are left out. "
        f"{_calibration_sentence(tables['transfer'], errors['transfer'])}",
        description="; ".join(f"{words.arm(name)} calibration error {error:.3f}" for name, error in errors.items()),
        numbers=numbers[["arm", "confidence", "accuracy", "examples"]].round(6),
    )


def _error_legend(area: Axes, errors: dict[str, float]) -> None:
    area.axis("off")
    area.set(xlim=(0, WIDTH - 54), ylim=(20 * len(errors) + 8, 0))
    for row, (name, error) in enumerate(errors.items()):
        y, weight = 20 * row + 14, "bold" if name == "transfer" else "normal"
        marker = {"transfer": "o", "scratch": "s", "frozen": "D"}[name]
        area.plot([0, 13, 26], [y] * 3, color=colour(name), marker=marker, markevery=[1], markersize=5.5)
        area.text(34, y, words.arm(name), va="center_baseline", fontsize=SMALL, color=colour("ink"), fontweight=weight)
        area.text(WIDTH - 56, y, f"mean gap {error:.3f}", va="center_baseline", ha="right", fontsize=SMALL,
                  color=colour("ink"), fontweight=weight)  # fmt: skip


def _calibration_sentence(table: pd.DataFrame, error: float) -> str:
    gap = ((table["confidence"] - table["accuracy"]) * table["examples"]).sum() / table["examples"].sum()
    if error < 0.05:
        return f"Here the transfer model is close to it (mean gap {error:.2f})."
    word = "too sure of itself" if gap > 0 else "too modest"
    return f"Here the transfer model is {word}: on average its probabilities are off by {error:.2f}."
