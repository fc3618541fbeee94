"""The page on leakage says what the commands say: its tables are those of the benchmarks, its output is real."""

import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from exapt.app.cli.main import main

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "explanation" / "leakage.md"
RUN = re.compile(r"^```console\n\$ (exapt .*?)\n```\n+```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_its_tables_are_those_of_the_results():
    page = runpy.run_path(str(ROOT / "benchmarks" / "science" / "leakage.py"))["page"]
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run `python benchmarks/science/leakage.py --table`"


@pytest.mark.mirror
@pytest.mark.parametrize("number", range(4))
def test_its_output_is_what_the_commands_print(number, tmp_path, monkeypatch, capsys):
    """Line by line; `...` stands for lines that are left out."""
    blocks = RUN.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) == 4
    command, shown = blocks[number]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    with pytest.raises(SystemExit):
        main()
    captured = capsys.readouterr()
    printed = [*captured.out.splitlines(), *captured.err.splitlines()]
    for line in shown.splitlines():
        assert line == "..." or line in printed
