"""One self-contained HTML page of a comparison of genomes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from exapt.core.paths import write_text
from exapt.report.figures import COLOURS, FONTS, Drawing
from exapt.report.genome_content import GenomesContent

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
