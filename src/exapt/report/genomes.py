"""One self-contained HTML page of a comparison of genomes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from exapt.core.paths import write_text
from exapt.report.genome_content import GenomesContent
from exapt.report.template import render

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
    figures = {drawing.name: drawing for drawing in drawings}
    write_text(page, render("genomes.html", figures, content=content, kinds=KINDS, most=MOST_EVENTS))
    return page
