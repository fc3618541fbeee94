"""One self-contained HTML page of a comparison of genomes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from exapt.core.paths import write_text
from exapt.report.figures import COLOURS, FONTS, Drawing

KINDS: Mapping[str, str] = {
    "inversion": "turned round where it stands",
    "translocation": "stands elsewhere than its neighbours",
    "duplication": "the other genome has a second copy",
    "lost_copy": "the reference has a second copy",
    "deletion": "the other genome lacks it",
    "insertion": "the reference lacks it",
    "replacement": "both have letters there, which are not alike",
    "unaligned": "at the end of a contig, or between two contigs of the other genome",
}
MOST_EVENTS = 40  # rows of large differences on the page; all are in structure.bed


@dataclass(frozen=True)
class Track:
    """A genome as it is drawn: its contigs one behind the other.

    Attributes
    ----------
    name
        Of the genome.
    contigs
        Name and letters of each contig.
    genes
        First letter, end, strand and class (core, accessory, unique, or empty) of each gene, counted over all contigs.
    """

    name: str
    contigs: tuple[tuple[str, int], ...]
    genes: tuple[tuple[int, int, str, str], ...] = ()

    @property
    def length(self) -> int:
        """Letters of all contigs."""
        return sum(length for _, length in self.contigs)


@dataclass(frozen=True)
class GenomesContent:
    """What the page of a comparison says.

    Attributes
    ----------
    tracks
        The genomes; the first one is the reference.
    ribbons
        Of each two neighbouring tracks: columns a_start, a_end, b_start, b_end, turned (bool); over all contigs.
    dots
        Genome -> its blocks on the reference, columns x_start, x_end, y_start, y_end; y falls where it is turned.
    density
        Columns genome, start, end, per_kb (NaN where nothing is aligned), windows along the reference.
    headline
        The answer in a sentence.
    facts
        Label and text of each fact.
    genomes, identity, variants, effects, events, groups
        Rows of tables, column -> value; may be empty.
    notes
        What was inferred or is odd, one sentence each.
    command
        What repeats it.
    """

    tracks: tuple[Track, ...]
    ribbons: tuple[pd.DataFrame, ...]
    dots: Mapping[str, pd.DataFrame]
    density: pd.DataFrame
    headline: str
    facts: Sequence[tuple[str, str]]
    genomes: Sequence[Mapping[str, Any]]
    identity: Sequence[Mapping[str, Any]]
    variants: Sequence[Mapping[str, Any]]
    effects: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()
    command: str = ""
    version: str = ""


def write_genomes_report(folder: Path, content: GenomesContent) -> Path:
    """Write `report.html` and `figures/` into a folder; the same content gives the same bytes."""
    from exapt.report.figures import genomes

    drawings = genomes.draw(content)
    for drawing in drawings:
        write_text(folder / "figures" / f"{drawing.name}.svg", drawing.svg)
        write_text(folder / "figures" / f"{drawing.name}.tsv", drawing.numbers.to_csv(sep="\t", index=False))
    page = folder / "report.html"
    write_text(page, html(content, {drawing.name: drawing for drawing in drawings}))
    return page


def html(content: GenomesContent, drawings: Mapping[str, Drawing]) -> str:
    """The page as text: figures, style and script inside, nothing loaded from elsewhere."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("exapt.report", "html"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    folder = resources.files("exapt.report.html")
    style, script = (Markup(folder.joinpath(name).read_text(encoding="utf-8")) for name in ("page.css", "page.js"))
    themes = [Markup(" ".join(f"--{name}: {pair[row]};" for name, pair in COLOURS.items())) for row in (0, 1)]
    text = environment.get_template("genomes.html").render(
        content=content,
        figures=drawings,
        inline={name: Markup(drawing.inline()) for name, drawing in drawings.items()},
        kinds=KINDS,
        most=MOST_EVENTS,
        colours=themes[0],
        dark_colours=themes[1],
        fonts=Markup(FONTS),
        style=style,
        script=script,
    )
    return re.sub(r"(\d) %", "\\1\N{NO-BREAK SPACE}%", text)
