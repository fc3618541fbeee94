"""Figures of genomes: dot plot, synteny between tracks, density of variants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from exapt.report.figures._canvas import (
    SMALL,
    WIDTH,
    Drawing,
    axes,
    colour,
    finish,
    label_axes,
    new_figure,
    settings,
    text_width,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from exapt.report.genome_content import GenomesContent, Track

WIDE = 780.0
MOST_DOTS = 6  # genomes with a dot plot of their own
MOST_BLOCKS = 3000  # lines of a figure, the longest
MOST_GENES = 800  # genes of all tracks that are drawn one by one
_TRACK = 84  # units between two tracks
_CLASSES = {"core": "transfer", "accessory": "scratch", "unique": "other-1", "": "baseline"}


def draw(content: GenomesContent) -> list[Drawing]:
    """All figures: synteny, density, and a dot plot of each of the first genomes against the reference."""
    with settings():
        drawings = [_synteny(content), _density(content)]
        for row, name in enumerate(list(content.dots)[:MOST_DOTS], start=1):
            drawings.append(_dots(content, name, row))
    return drawings


def _unit(length: int) -> tuple[float, str]:
    """Letters in a unit of an axis, and its name."""
    return (1e6, "Mb") if length >= 2_000_000 else (1e3, "kb") if length >= 2_000 else (1.0, "b")


def _longest(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    spans = (frame[f"{column}_end"] - frame[f"{column}_start"]).abs()
    return frame if len(frame) <= MOST_BLOCKS else frame.loc[spans.nlargest(MOST_BLOCKS).index]


def _dots(content: GenomesContent, name: str, row: int) -> Drawing:
    from matplotlib.collections import LineCollection

    frame = _longest(content.dots[name], "x")
    reference = content.tracks[0]
    other = next(track for track in content.tracks[1:] if track.name == name)
    unit, word = _unit(max(reference.length, other.length))
    figure = new_figure(370)
    left = 58.0
    area = axes(figure, left, 30, WIDTH - left - 14, 290)
    area.set(xlim=(0, reference.length / unit), ylim=(0, other.length / unit))
    area.grid(visible=False)
    _borders(area, reference, unit, vertical=True)
    _borders(area, other, unit, vertical=False)
    for turned, shade in ((False, "transfer"), (True, "scratch")):
        part = frame[(frame["y_end"] < frame["y_start"]) == turned]
        lines = np.stack([part[["x_start", "y_start"]].to_numpy(), part[["x_end", "y_end"]].to_numpy()], axis=1) / unit
        area.add_collection(LineCollection(list(lines), colors=colour(shade), linewidths=2.2, capstyle="round"))
    label_axes(area, f"{reference.name} ({word})", f"{name} ({word})")
    backwards = int((frame["y_end"] < frame["y_start"]).sum())
    return finish(
        f"dots_{row}",
        figure,
        title=f"{name} against {reference.name}",
        caption="Each line is a block that both genomes have. Blue runs the same way round, ochre the other way; a "
        "step is an insertion or a deletion, a line off the diagonal a piece that moved. Thin lines part contigs.",
        description=f"{len(frame)} blocks, {backwards} of them turned round.",
        numbers=frame,
    )


def _borders(area: Axes, track: Track, unit: float, *, vertical: bool) -> None:
    ends = np.cumsum([length for _, length in track.contigs])[:-1] / unit
    for end in ends[: MOST_BLOCKS // 10]:
        (area.axvline if vertical else area.axhline)(end, color=colour("grid"), linewidth=0.8)


def _synteny(content: GenomesContent) -> Drawing:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    tracks = content.tracks
    left = min(200.0, 16 + max(text_width(track.name, SMALL + 1) for track in tracks))
    height = 40 + _TRACK * (len(tracks) - 1) + 60
    figure = new_figure(height, WIDE)
    area = axes(figure, left, 14, WIDE - left - 20, height - 54)
    longest = max(track.length for track in tracks)
    unit, word = _unit(longest)
    area.set(xlim=(0, longest / unit), ylim=(len(tracks) - 1 + 0.25, -0.25))
    area.grid(visible=False)
    area.spines["left"].set_visible(False)
    area.set_yticks([])
    for row, frame in enumerate(content.ribbons):
        for one in _longest(frame, "a").itertuples(index=False):
            corners = _ribbon(one, row, unit)
            codes = [Path.MOVETO, Path.LINETO, Path.CURVE4, Path.CURVE4, Path.CURVE4, Path.LINETO, *[Path.CURVE4] * 3]
            shade = colour("scratch" if one.turned else "transfer")
            area.add_patch(PathPatch(Path(corners, codes), facecolor=shade, alpha=0.32, linewidth=0))
    detailed = sum(len(track.genes) for track in tracks) <= MOST_GENES
    for row, track in enumerate(tracks):
        area.text(-8 * longest / unit / (WIDE - left), row, track.name, ha="right", va="center", color=colour("ink"))
        start = 0.0
        for _, length in track.contigs:
            end = start + length / unit
            area.plot([start, end], [row, row], color=colour("ink"), linewidth=1.4, solid_capstyle="butt", zorder=4)
            area.plot([end, end], [row - 0.06, row + 0.06], color=colour("ink"), linewidth=1.0, zorder=4)
            start = end
        for first, last, strand, kind in track.genes if detailed else ():
            arrow = _arrow(first / unit, last / unit, row, strand, longest / unit)
            area.add_patch(Polygon(arrow, facecolor=colour(_CLASSES[kind]), linewidth=0, zorder=5))
    area.set_xlabel(word, color=colour("muted"), fontsize=SMALL)
    classes = " Arrows are genes: blue those of all genomes, ochre of some, violet of one alone, grey unknown."
    numbers = pd.concat([frame.assign(between=row) for row, frame in enumerate(content.ribbons)], ignore_index=True)
    return finish(
        "synteny",
        figure,
        title="Genomes one below the other",
        caption="Bands join what neighbouring genomes share: blue the same way round, ochre turned round. White is "
        f"what one of them lacks.{classes if detailed and any(track.genes for track in tracks) else ''}",
        description=f"{len(numbers)} bands between {len(tracks)} genomes.",
        numbers=numbers,
    )


def _ribbon(one: Any, row: int, unit: float) -> list[tuple[float, float]]:
    top, bottom = row + 0.09, row + 1 - 0.09
    b_start, b_end = (one.b_end, one.b_start) if one.turned else (one.b_start, one.b_end)
    x = [value / unit for value in (one.a_start, one.a_end, b_end, b_start)]
    middle = (top + bottom) / 2
    return [
        (x[0], top),
        (x[1], top),
        *((x[1], middle), (x[2], middle), (x[2], bottom)),
        (x[3], bottom),
        *((x[3], middle), (x[0], middle), (x[0], top)),
    ]


def _arrow(first: float, last: float, row: int, strand: str, longest: float) -> list[tuple[float, float]]:
    half, head = 0.07, min(last - first, longest / 150)
    if strand == "-":
        return [
            (first, row),
            (first + head, row - half),
            (last, row - half),
            (last, row + half),
            (first + head, row + half),
        ]
    return [(first, row - half), (last - head, row - half), (last, row), (last - head, row + half), (first, row + half)]


def _density(content: GenomesContent) -> Drawing:
    reference = content.tracks[0]
    others = [track.name for track in content.tracks[1:]]
    unit, word = _unit(reference.length)
    each, left = 74.0, 58.0
    figure = new_figure(34 + each * len(others) + 26, WIDE)
    most = float(np.nanmax([1e-9, *content.density["per_kb"]]))
    for row, name in enumerate(others):
        part = content.density[content.density["genome"] == name]
        area = axes(figure, left, 26 + each * row, WIDE - left - 20, each - 26)
        edges = [*part["start"].tolist(), int(part["end"].iloc[-1])]
        values = part["per_kb"].to_numpy()
        area.stairs(np.nan_to_num(values), np.array(edges) / unit, fill=True, color=colour("transfer"), alpha=0.85)
        bare = np.isnan(values)
        for start, end in part[["start", "end"]].to_numpy()[bare] / unit:
            area.axvspan(start, end, color=colour("baseline"), alpha=0.25, linewidth=0)
        area.set(xlim=(0, reference.length / unit), ylim=(0, most * 1.05))
        area.locator_params(axis="y", nbins=3)
        if row < len(others) - 1:
            area.set_xticklabels([])
        label_axes(area, f"{reference.name} ({word})" if row == len(others) - 1 else "", f"{name}: differences per kb")
    return finish(
        "density",
        figure,
        title="Where genomes differ in small ways",
        caption="Substitutions and indels in windows along the reference, per thousand letters that are aligned. Grey: "
        "less than a tenth of the window is aligned.",
        description=f"{len(content.density)} windows; the highest has {most:.1f} differences per kb.",
        numbers=content.density,
    )
