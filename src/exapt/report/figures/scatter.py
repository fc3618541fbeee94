"""Predicted against measured numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from exapt.report import words
from exapt.report.content import ReportContent
from exapt.report.figures._canvas import WIDTH, Drawing, axes, colour, finish, label_axes, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 2000


def scatter(content: ReportContent, arm: str) -> Drawing | None:
    """Predicted against measured values of one arm, averaged over seeds, with the line of perfect predictions."""
    points = _points(content, arm)
    if points.empty:
        return None
    both = pd.concat([_points(content, name) for name in ("transfer", "scratch")])
    low, high = (float(getattr(both[["truth", "predicted"]].to_numpy(), side)()) for side in ("min", "max"))
    room = (high - low) * 0.04 or 1.0
    figure = new_figure(366)
    area = axes(figure, 46, 26, WIDTH - 46 - 14, 300)
    area.set(xlim=(low - room, high + room), ylim=(low - room, high + room))
    area.plot([low - room, high + room], [low - room, high + room], color=colour("ink"), linewidth=1, dashes=(4, 3))
    many = len(points) > MOST_POINTS
    (_hexagons if many else _circles)(area, points, colour(look(content, arm)))
    unit = f" ({content.unit})" if content.unit else ""
    label_axes(area, f"measured{unit}", f"predicted{unit}")
    name = words.arm(arm).lower()
    seeds = content.predictions.loc[content.predictions["arm"] == arm, "seed"].nunique()
    marks = "hexagon is a group of test examples, the darker the more" if many else "point is a test example"
    mean = f" Predictions are the mean of {seeds} seeds." if seeds > 1 else ""
    return finish(
        "scatter" if arm == "transfer" else f"scatter_{arm}",
        figure,
        title=f"Predicted against measured: {name}",
        caption=f"Each {marks}. On the dashed line the prediction is exactly right; above it too high, below it too "
        f"low.{mean}{_shrinkage(points)}",
        description=f"{len(points)} test examples; correlation {points['truth'].corr(points['predicted']):.2f}.",
        numbers=points,
    )


def _points(content: ReportContent, arm: str) -> pd.DataFrame:
    frame = content.predictions[content.predictions["arm"] == arm]
    numbers = pd.DataFrame({name: pd.to_numeric(frame[name], errors="coerce") for name in ("truth", "predicted")})
    numbers.insert(0, "id", frame["id"])
    found = numbers.dropna().groupby("id", sort=True)[["truth", "predicted"]].mean()
    return found.reset_index()


def _circles(area: Axes, points: pd.DataFrame, shade: str) -> None:
    alpha = float(np.clip(14 / np.sqrt(len(points)), 0.35, 0.8))
    area.scatter(points["truth"], points["predicted"], s=22, color=shade, alpha=alpha, linewidths=0, zorder=3)


def _hexagons(area: Axes, points: pd.DataFrame, shade: str) -> None:
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba

    (low, high), cells = area.get_xlim(), 34
    hexagons = area.hexbin(
        points["truth"], points["predicted"], gridsize=(cells, cells * 4 // 7), mincnt=1, extent=(low, high, low, high)
    )
    assert isinstance(hexagons, PolyCollection)
    counts = np.asarray(hexagons.get_array())
    depth = 0.15 + 0.85 * np.log1p(counts) / np.log1p(counts.max())
    hexagons.set_array(None)
    hexagons.set(facecolor=[to_rgba(shade, a) for a in depth], edgecolor="none", zorder=3)


def _shrinkage(points: pd.DataFrame) -> str:
    spread = points["truth"].std()
    if len(points) < 10 or not spread > 0:
        return ""
    ratio = points["predicted"].std() / spread
    if ratio < 0.75:
        return " The predictions spread less than the measurements: extreme values are predicted too close to the mean."
    return ""
