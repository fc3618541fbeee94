"""Drawing area, colours and the way from a matplotlib figure to an SVG whose colours and fonts a page can change.

One unit is one SVG pixel; a figure is about as wide as a phone, so that its letters stay readable there.
"""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from exapt.report.content import ReportContent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 380.0
TEXT = 12.0
SMALL = 10.5

# name -> (light, dark). The light colour is drawn and stays in the files; a page replaces it by a variable.
# Blue, ochre and green of Okabe and Ito (jfly.uni-koeln.de/color), darkened to 3:1 against white.
COLOURS: Mapping[str, tuple[str, str]] = {
    "ink": ("#1b2430", "#e7ecf2"),
    "muted": ("#55616f", "#a3b0be"),
    "grid": ("#dfe4ea", "#303b47"),
    "paper": ("#fffffe", "#151c24"),
    "transfer": ("#0072b2", "#5bb8f5"),
    "scratch": ("#b87400", "#f0b040"),
    "frozen": ("#00876a", "#3fcf9f"),
    "baseline": ("#7b8794", "#8b98a6"),
    "other-1": ("#8a4fb5", "#c79bea"),
    "other-2": ("#b03a5b", "#f08ca8"),
    "other-3": ("#5c6b1e", "#b8c96a"),
    "other-4": ("#4a5bd0", "#9aa6ff"),
    "other-5": ("#7a4a2a", "#d9a27a"),
    "helped": ("#00796c", "#4fd1b9"),
    "hurt": ("#c2410b", "#ff8f5c"),
    "neutral": ("#5d6977", "#a9b5c2"),
}
OTHERS = 5
DASHES = {"scratch": (5, 2), "frozen": (2, 1.5), "baseline": (1, 1.5)}
FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"

_SETTINGS: Mapping[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": TEXT,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "axes.unicode_minus": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 1.0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.linewidth": 1.0,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "xtick.major.pad": 5.0,
    "ytick.major.pad": 5.0,
    "lines.solid_capstyle": "round",
}


def colour(name: str) -> str:
    """The colour that is drawn for a name of `COLOURS`."""
    return COLOURS[name][0]


def look(content: ReportContent, arm: str) -> str:
    """The name of an arm's colour; further strategies get theirs by their order in the run."""
    if arm in ("transfer", "scratch", "frozen"):
        return arm
    if arm.startswith("baseline:"):
        return "baseline"
    strategies = [other.name for other in content.arms if other.kind == "strategy"]
    return f"other-{1 + (strategies.index(arm) if arm in strategies else len(strategies)) % OTHERS}"


def line_style(name: str) -> dict[str, Any]:
    """Colour, width and dashes of a line in an arm's look; they differ in more than colour."""
    style: dict[str, Any] = {"color": colour(name), "linewidth": 2.6 if name == "transfer" else 1.8}
    return {**style, "dashes": DASHES[name]} if name in DASHES else style


@dataclass(frozen=True)
class Drawing:
    """A figure, what it shows, how to read it, and the numbers behind it.

    Attributes
    ----------
    name
        Stem of the files in `figures/`.
    title, caption
        What it shows; how to read it. Plain text.
    description
        For those who cannot see it.
    svg
        A standalone SVG in light colours.
    numbers
        What is drawn, as a table.
    """

    name: str
    title: str
    caption: str
    description: str
    svg: str
    numbers: pd.DataFrame

    def inline(self) -> str:
        """The SVG for an HTML page: colours and font follow the page's variables, no width of its own."""
        names = {light: f"var(--{name})" for name, (light, _) in COLOURS.items()}
        svg = re.sub(r' xmlns(:\w+)?="[^"]*"| font-family="[^"]*"', "", self.svg).replace("xlink:href", "href")
        svg = re.sub(r"(?<=: )#[0-9a-f]{6}", lambda hit: names.get(hit[0], hit[0]), svg)
        width = re.search(r'viewBox="0 0 ([\d.]+)', svg)
        style = f'style="--natural: {float(width.group(1)) if width else WIDTH:.0f}px"'
        return re.sub(r'^<svg width="[\d.]+" height="[\d.]+"', f"<svg {style}", svg)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """An empty figure without background, in units; drawn later by `finish`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72))
    figure.patch.set_visible(False)
    return figure


def settings() -> Any:
    """The look of all figures, as a context; nothing outside it changes."""
    import matplotlib

    return matplotlib.rc_context(dict(_SETTINGS))


def axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place counted in units from the left and the top of the figure."""
    whole, high = (72 * side for side in figure.get_size_inches())
    area = figure.add_axes((left / whole, 1 - (top + height) / high, width / whole, height / high))
    area.patch.set_visible(False)
    area.tick_params(colors=colour("muted"), labelsize=SMALL)
    area.grid(color=colour("grid"))
    for spine in area.spines.values():
        spine.set_color(colour("muted"))
    return area


def area_height(area: Axes) -> float:
    """Height of axes in units."""
    figure = area.get_figure(root=True)
    return float(area.get_position().height * 72 * figure.get_size_inches()[1]) if figure is not None else 1.0


def label_axes(area: Axes, x: str, y: str) -> None:
    """Names of both axes; the one of y stands horizontally above the axis, where it is read first."""
    area.set_xlabel(x, color=colour("muted"), fontsize=SMALL, labelpad=5)
    area.text(
        0, 1 + 8 / area_height(area), y, transform=area.transAxes, color=colour("muted"), fontsize=SMALL, va="bottom"
    )


def text_width(text: str, size: float = TEXT) -> float:
    """Width of a text in units, on the safe side of common sans-serif fonts."""
    letters = sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else 0.62 for letter in text)
    return letters * size


def finish(name: str, figure: Figure, *, title: str, caption: str, description: str, numbers: pd.DataFrame) -> Drawing:
    """Save a figure as SVG with the same bytes for the same numbers, and ids of its own."""
    import matplotlib

    buffer = io.StringIO()
    empty = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # letters stay letters in the SVG, whatever the font here
        figure.savefig(buffer, format="svg", metadata=empty)
    svg = _tidy(buffer.getvalue(), name, description)
    return Drawing(name, title, caption, description, svg, numbers)


def _tidy(svg: str, name: str, description: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>|<!--.*?-->", "", svg, flags=re.S)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))

    def clean(match: re.Match[str]) -> str:
        tag = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", match.group())
        tag = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", tag)
        tag = re.sub(r"\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), tag)
        tag = re.sub(r" font-family: [^;]*;| transform=\"rotate\(-?0 [^\"]*\"|(?<=[\dz]) \n(?=\")", "", tag)
        return tag.replace(" \n", " ")

    svg = re.sub(r"<[^>]+>", clean, svg).replace("<g/>", "")
    svg = re.sub(r"\n\s*", "\n", svg).strip() + "\n"
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    width, height = size.groups() if size else (str(WIDTH), str(WIDTH))
    head = (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(description)}" font-family="{FONTS}" stroke-linejoin="round" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    return re.sub(r"^<svg[^>]*>", lambda _: head, svg)
