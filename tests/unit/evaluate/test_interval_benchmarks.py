"""The simulation of coverage and the benchmark of the bootstrap run, and the written results keep the promise."""

import json
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "benchmarks" / "science" / "results" / "coverage.json"


def call(script, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    runpy.run_path(str(ROOT / "benchmarks" / script), run_name="__main__")


def test_the_simulation_runs_and_continues(tmp_path, monkeypatch, capsys):
    output = tmp_path / "coverage.json"
    call("science/coverage.py", monkeypatch, "--quick", "-o", str(output))
    first = capsys.readouterr().out
    cells = json.loads(output.read_text())["cells"]
    assert [cell["seeds"] for cell in cells] == [1, 1, 1, 3]
    for cell in cells:
        for entry in cell["metrics"].values():
            assert entry["difference"]["exapt"] >= 80, "40 data sets: 95 % less luck"
    call("science/coverage.py", monkeypatch, "--quick", "-o", str(output))
    again = capsys.readouterr().out
    assert "1 of 4 cells" in first
    assert "of 4 cells" not in again, "a finished cell is not simulated again"


def test_the_benchmark_runs_and_agrees_with_scikit_learn(tmp_path, monkeypatch, capsys):
    """It fails by itself where a replicate of any metric is not what scikit-learn and scipy compute."""
    output = tmp_path / "bootstrap.json"
    call("speed/bootstrap.py", monkeypatch, "--small", "-o", str(output))
    results = json.loads(output.read_text())["results"]
    assert "2,000 groups" in results
    assert {part["metrics"] for part in results["every row a group"].values() if isinstance(part, dict)} == {14, 5}


def promised():
    return [cell for cell in json.loads(RESULTS.read_text())["cells"] if not cell["gain"]]


@pytest.mark.parametrize("groups", [50, 200, 1000])
def test_the_written_coverage_is_93_to_97_percent(groups):
    """Within two Monte Carlo errors."""
    cells = [cell for cell in promised() if cell["groups"] == groups and cell["seeds"] == 1]
    names = {name for cell in cells for name in cell["metrics"]}
    assert names == {"accuracy", "macro_f1", "mcc", "auroc", "spearman"}
    for cell in cells:
        for name, entry in cell["metrics"].items():
            for kind in ("value", "difference"):
                room = 2 * cell["error"]
                assert 93 - room <= entry[kind]["exapt"] <= 97 + room, (cell, name, kind)


def test_the_written_verdicts_are_wrong_in_at_most_5_percent():
    """Within two Monte Carlo errors, from six groups on, for every number and spread of seeds."""
    cells = [cell for cell in promised() if cell["groups"] >= 6]
    assert {cell["seeds"] for cell in cells} >= {1, 2, 3, 5}
    for cell in cells:
        for name, entry in cell["metrics"].items():
            wrong = entry["verdict"]["helped"] + entry["verdict"]["hurt"]
            assert wrong <= 5 + 2 * cell["error"], (cell, name)
