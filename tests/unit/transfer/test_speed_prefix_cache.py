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
    results = json.loads(out.read_text())["results"]
    cached, plain = results["exapt, prefix cache"], results["exapt, no cache"]
    assert [run["accuracy"] for run in cached] == [plain["accuracy"]] * 3
    assert results["largest_difference_of_outputs_with_and_without_cache"] < 1e-4
    assert plain["wall_ratio"] == pytest.approx(plain["wall_s"] * 2 / (cached[0]["wall_s"] + cached[1]["wall_s"]))
    assert results["transformers Trainer"]["wall_ratio"] > 0
