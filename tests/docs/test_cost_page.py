"""The page on what a billion molecules cost says what was measured."""

import json
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/explanation/cost_of_a_billion.md"


def test_the_table_is_that_of_the_last_measurement():
    script = runpy.run_path(str(ROOT / "benchmarks/speed/screening.py"))
    result = json.loads(script["RESULT"].read_text())
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(script["BEGIN"])
    written, end, _ = rest.partition(script["END"])
    assert end
    assert written.strip().splitlines() == script["cost_table"](result)
    assert result["rows"] == 1_000_000
    assert result["screen"]["counts"]["read"] == result["screen"]["counts"]["ranked"] == 1_000_000
    assert result["screen"]["peak_gib"] < 3
