"""One self-contained HTML page of a run, with its figures as SVG files and the numbers behind them as TSV."""

from __future__ import annotations

from pathlib import Path

from exapt.core.paths import write_text
from exapt.report import detail, sections, words
from exapt.report.audit import audit_lines
from exapt.report.content import ReportContent
from exapt.report.figures import Drawing, draw
from exapt.report.molecules import Molecules, read_molecules
from exapt.report.template import render
from exapt.report.verdict import answer


def write_report(run: Path) -> Path:
    """Write `report.html` and `figures/` into a run folder, from its own files and nothing else.

    Parameters
    ----------
    run
        The folder that a training left.

    Returns
    -------
    Path
        The page. The same folder gives the same bytes.

    Raises
    ------
    DataError
        Where the folder is no run, or one of its files cannot be read.
    """
    content = ReportContent.read(run)
    drawings = draw(content)
    for drawing in drawings.values():
        write_text(run / "figures" / f"{drawing.name}.svg", drawing.svg)
        write_text(run / "figures" / f"{drawing.name}.tsv", drawing.numbers.to_csv(sep="\t", index=False))
    page = run / "report.html"
    write_text(page, html(content, drawings, read_molecules(run, content)))
    return page


def html(content: ReportContent, drawings: dict[str, Drawing], molecules: Molecules | None = None) -> str:
    """The page as text: figures, style and script inside, nothing loaded from elsewhere."""
    return render(
        "page.html",
        drawings,
        content=content,
        training=[name for name in drawings if name.startswith("training_")],
        answer=answer(content),
        sections=sections,
        detail=detail,
        audit_lines=audit_lines,
        words=words,
        molecules=molecules,
    )
