"""`report`: make the HTML page of a run again, and say its result in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exapt.core.errors import InputError


def report(run: Path) -> Path:
    """Write `report.html`, its figures and the model card from the files of a run folder.

    Returns
    -------
    Path
        The HTML page.

    Raises
    ------
    InputError
        Where the folder is no run.
    """
    from exapt.report.page import write_report
    from exapt.report.run_card import write_run_card

    if not (run / "scores.json").is_file():
        raise InputError(f"{run}: not a run folder (no scores.json). Make one with `exapt finetune`.")
    write_run_card(run)
    page: Path = write_report(run)
    return page


def scores_sentence(scores: Mapping[str, Any]) -> str:
    """The verdict in one sentence."""
    from exapt.evaluate.compare import sentence

    return sentence(scores)


def scores_table(scores: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row an arm, for printing."""
    from exapt.evaluate.compare import table

    return table(scores)
