"""The benchmark of the prefix cache runs, small, and reports what it promises."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "speed" / "prefix_cache.py"


@pytest.mark.slow
def test_small_run(tmp_path):
    out = tmp_path / "result.json"
    subprocess.run([sys.executable, SCRIPT, "--small", "--threads", "1", "-o", out], check=True)
    report = json.loads(out.read_text())
    cached, plain, trainer = report["results"].values()
    assert cached["accuracy"] == plain["accuracy"]
    assert report["largest_difference_of_outputs_with_and_without_cache"] < 1e-4
    assert plain["wall_ratio"] == plain["wall_s"] / cached["wall_s"]
    assert trainer["wall_s"] > 0
