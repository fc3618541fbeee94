"""Figures, the HTML page and the model card of a run, from the files of its folder and nothing else."""

from exapt.report.content import ReportContent
from exapt.report.page import write_report
from exapt.report.run_card import write_run_card

__all__ = ["ReportContent", "write_report", "write_run_card"]
