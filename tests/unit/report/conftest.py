"""Run folders with their reports, written once for all tests of the room."""

import pytest

from exapt.report import write_report, write_run_card
from unit.report import synthetic_run_folders as synthetic

CASES = {
    "helped": synthetic.classification,
    "hurt": synthetic.hurt,
    "regression": synthetic.regression,
    "no_evidence": synthetic.no_evidence,
    "bare": synthetic.bare,
    "odd": synthetic.odd_names,
    "many": synthetic.many_classes,
    "few_labels": synthetic.few_labels,
    "detailed": synthetic.detailed,
    "detailed_numbers": synthetic.detailed_numbers,
    "undecided": synthetic.undecided,
}


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory):
    """A function: case name -> run folder with report.html, figures and README.md."""
    made = {}

    def make(case):
        if case not in made:
            folder = tmp_path_factory.mktemp("runs") / case
            CASES[case](folder)
            write_report(folder)
            write_run_card(folder)
            made[case] = folder
        return made[case]

    return make
