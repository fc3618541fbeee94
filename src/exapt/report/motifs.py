"""One self-contained HTML page of the motifs that a model has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exapt.core.paths import write_text
from exapt.report.figures.logo import Logo, logos
from exapt.report.template import render


@dataclass(frozen=True)
class FoundMotif:
    """A motif on the page.

    Attributes
    ----------
    name
        One word, as in the files.
    sentence
        What it does to which output, at how many places.
    logo, known
        The motif, and the best known one where it is like any.
    matches
        Rows of the table of known motifs, column -> text; the best first.
    """

    name: str
    sentence: str
    logo: Logo
    known: Logo | None
    matches: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class MotifsContent:
    """What the page says.

    Attributes
    ----------
    run
        Name of the run.
    headline
        The answer in a sentence.
    facts
        Label and text of each fact.
    motifs
        Those with most sites first.
    command, version
        What repeats it, and with which version it was made.
    """

    run: str
    headline: str
    facts: Sequence[tuple[str, str]]
    motifs: Sequence[FoundMotif]
    command: str = ""
    version: str = ""


def write_motifs_report(folder: Path, content: MotifsContent) -> Path:
    """Write `motifs.html` and `figures/` into a folder; the same content gives the same bytes."""
    figures = {
        motif.name: logos(
            motif.name,
            motif.logo,
            motif.known,
            title=f"{motif.name}" + (f" and {motif.known.title}" if motif.known else ""),
            caption="Each position is as high as its information, each letter has its share of it.",
        )
        for motif in content.motifs
    }
    for drawing in figures.values():
        write_text(folder / "figures" / f"{drawing.name}.svg", drawing.svg)
        write_text(folder / "figures" / f"{drawing.name}.tsv", drawing.numbers.to_csv(sep="\t", index=False))
    page = folder / "motifs.html"
    write_text(page, render("motifs.html", figures, content=content))
    return page
