"""Progress: a bar that fits into a terminal, plain lines in a log."""

import io
import os
import pty
import subprocess
import sys

import pytest

from exapt.core import progress

SCRIPT = """
import time
from exapt.core.progress import bar
with bar("transfer, seed 0", 400, unit="steps") as running:
    for step in range(400):
        running.advance()
        running.note("epoch 10/20, loss 0.432, score 0.876")
        time.sleep(0.002)
"""


class Log(io.StringIO):
    def isatty(self):
        return False


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves, a while after the last line."""
    monkeypatch.setattr(progress._Log, "written", 0.0)
    now = {"time": 100.0}
    monkeypatch.setattr(progress.time, "monotonic", lambda: now["time"])
    return now


def test_a_log_gets_a_line_now_and_then_and_one_at_the_end(monkeypatch, clock):
    log = Log()
    monkeypatch.setattr(sys, "stderr", log)
    with progress.bar("train", 200, unit="steps") as running:
        for step in range(200):
            clock["time"] += 0.125
            running.advance()
            running.note(f"epoch {step // 20 + 1}/10")
    lines = log.getvalue().splitlines()
    assert lines[0] == "train: 40/200 steps, 8 steps/s, 0:00:20 left, epoch 2/10"
    assert lines[-1] == "train: 200/200 steps, 8 steps/s, 0:00:25 taken, epoch 10/10"
    assert len(lines) == 6
    assert not any(ord(character) < 32 for line in lines for character in line)


def test_what_an_earlier_run_did_does_not_count_for_the_rate(monkeypatch, clock):
    log = Log()
    monkeypatch.setattr(sys, "stderr", log)
    with progress.bar("train", 1000, unit="steps", done=900) as running:
        for _ in range(10):
            clock["time"] += 1.0
            running.advance()
    assert log.getvalue().splitlines()[0] == "train: 905/1,000 steps, 1 steps/s, 0:01:35 left"


def test_many_short_ones_write_few_lines(monkeypatch, clock):
    log = Log()
    monkeypatch.setattr(sys, "stderr", log)
    for seed in range(30):
        with progress.bar(f"seed {seed}", 4) as running:
            clock["time"] += 0.5
            running.advance(4)
    assert [line.partition(":")[0] for line in log.getvalue().splitlines()] == ["seed 0", "seed 10", "seed 20"]


def test_an_unknown_total(monkeypatch, clock):
    log = Log()
    monkeypatch.setattr(sys, "stderr", log)
    with progress.bar("predict", None, unit="rows") as running:
        clock["time"] += 6
        running.advance(60_000)
    assert log.getvalue().splitlines()[-1] == "predict: 60,000 rows, 10,000 rows/s, 0:00:06 taken"


def test_quiet_prints_nothing(capfd):
    with progress.bar("train", 2, quiet=True) as running:
        running.advance(2)
        running.note("done")
    assert capfd.readouterr().err == ""


def test_everything_fits_into_80_columns_of_a_terminal():
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "TERM": "xterm"}
    subprocess.run([sys.executable, "-c", SCRIPT], stderr=slave, env=environment, check=True)
    os.close(slave)
    shown = os.read(master, 1 << 16).decode(errors="replace")
    os.close(master)
    last = shown.replace("\r", "\n").rstrip().splitlines()
    assert any("400/400" in line and "steps/s" in line and "score 0.876" in line for line in last)
    assert "…" not in shown
