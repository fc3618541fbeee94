"""kill -9 at any moment: the same command finishes the run, with the bits of an undisturbed one."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exapt.core.config import parse
from exapt.core.errors import RunExistsError

KILLED = -signal.SIGKILL


class Commands:
    """Commands in processes of their own, one at a time."""

    def __init__(self, folder):
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        script = Path(__file__).with_name("command_server.py")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.server = subprocess.Popen([sys.executable, script], env=environment, cwd=folder, **pipes)
        self.log = folder / "messages.txt"
        assert json.loads(self.server.stdout.readline()) == "ready"

    def start(self, *arguments):
        """Start a command; returns its process id."""
        self.server.stdin.write(json.dumps([*map(str, (self.log, *arguments))]) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def end(self):
        """Wait for the command; returns its exit code."""
        return json.loads(self.server.stdout.readline())

    def run(self, *arguments):
        """A command from start to end; returns its exit code and messages."""
        self.start(*arguments)
        return self.end(), self.log.read_text()

    def kill_when(self, condition, *arguments, limit=120.0):
        """Start a command and kill it as soon as the condition holds, if it still runs; returns its exit code."""
        process, stop = self.start(*arguments), time.monotonic() + limit
        while Path(f"/proc/{process}").exists() and not is_zombie(process) and not condition():
            assert time.monotonic() < stop
            time.sleep(0.001)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        return self.end()


def is_zombie(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.fixture(scope="module")
def commands(files):
    started = Commands(files)
    yield started
    started.server.stdin.close()
    assert started.server.wait(60) == 0


def changes(path):
    """Counts how often a file was replaced since the call."""
    seen = set()

    def count():
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            seen.add((found.st_ino, found.st_mtime_ns))
        return len(seen)

    return count


def arguments(files, weights, run, *more):
    """Three arms of two seeds; a checkpoint after every step."""
    settings = ("training.checkpoint_every=1", "training.epochs=2", "training.batch_size=32", "baselines=[majority]")
    options = [part for setting in settings for part in ("--set", setting)]
    command = ["finetune", files / "dna.csv", "--target", "label", "--strategy", "gradual_unfreeze", "--seeds", 2]
    return [*command, *options, "--set", f"backbone={{name: cnn, weights: '{weights}'}}", "--quiet", "-o", run, *more]


@pytest.fixture(scope="module")
def undisturbed(commands, files, weights):
    run = files / "undisturbed"
    code, messages = commands.run(*arguments(files, weights, run))
    assert code == 0, messages
    return run


def assert_same(run, other):
    assert {path.relative_to(run) for path in run.rglob("*")} == {path.relative_to(other) for path in other.rglob("*")}
    for name in ("model.safetensors", "predictions.tsv", "model.json", "encoder.json", "split.tsv", "transfer.json"):
        assert (run / name).read_bytes() == (other / name).read_bytes(), name
    ours, theirs = (json.loads((folder / "scores.json").read_text()) for folder in (run, other))
    for scores in (ours, theirs):
        for arm in scores["arms"].values():
            del arm["fit_seconds"]
    assert ours == theirs


@pytest.mark.slow
def test_a_process_with_another_hash_seed_gives_the_same_bits(files, weights, undisturbed, tmp_path):
    command = [sys.executable, "-m", "exapt.app.cli", *map(str, arguments(files, weights, tmp_path / "run"))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "12345"}
    subprocess.run(command, env=environment, cwd=files, check=True, capture_output=True)
    assert_same(tmp_path / "run", undisturbed)


def finish(commands, run, undisturbed, *arguments):
    """The same command to its end; the folder is complete as soon as it is there."""
    wanted = {path.name for path in undisturbed.iterdir()}
    process = commands.start(*arguments)
    while not run.exists() and not is_zombie(process):
        time.sleep(0.0005)
    found = {path.name for path in run.iterdir()} if run.exists() else set()
    assert commands.end() == 0, commands.log.read_text()
    assert found == wanted
    assert not run.with_name(run.name + ".partial").exists()
    assert_same(run, undisturbed)


@pytest.mark.parametrize(
    ("arm", "seed", "checkpoints"),
    [
        ("transfer", 0, 1),
        pytest.param("transfer", 1, 4, marks=pytest.mark.slow),
        pytest.param("scratch", 1, 3, marks=pytest.mark.slow),
    ],
)
def test_killed_after_some_checkpoints(arm, seed, checkpoints, commands, files, weights, undisturbed, tmp_path):
    run = tmp_path / "run"
    command = arguments(files, weights, run)
    written = changes(tmp_path / "run.partial" / "arms" / arm / str(seed) / "checkpoint.safetensors")
    assert commands.kill_when(lambda: written() >= checkpoints, *command) == KILLED
    assert not run.exists()
    finish(commands, run, undisturbed, *command)


@pytest.mark.parametrize("name", ["done.json", pytest.param("scores.json", marks=pytest.mark.slow), "report.html"])
def test_killed_when_a_file_appears(name, commands, files, weights, undisturbed, tmp_path):
    run = tmp_path / "run"
    command = arguments(files, weights, run)
    work = tmp_path / "run.partial"
    commands.kill_when(lambda: any(work.rglob(name)), *command)
    assert not run.exists() or {p.name for p in run.iterdir()} == {p.name for p in undisturbed.iterdir()}
    if not run.exists():
        finish(commands, run, undisturbed, *command)


def killed_again_and_again(commands, run, undisturbed, command, seed):
    """Kill at random times until a call survives."""
    draw, kills = random.Random(seed), 0
    while not run.exists() and kills < 8:
        stop = time.monotonic() + draw.uniform(0, 2)
        kills += commands.kill_when(lambda stop=stop: time.monotonic() > stop, *command) == KILLED
        if run.exists():
            assert {path.name for path in run.iterdir()} == {path.name for path in undisturbed.iterdir()}
    if not run.exists():
        assert commands.run(*command)[0] == 0
    assert_same(run, undisturbed)


def test_killed_at_random_times(commands, files, weights, undisturbed, tmp_path):
    run = tmp_path / "run"
    killed_again_and_again(commands, run, undisturbed, arguments(files, weights, run), seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 13))
def test_killed_at_more_random_times(seed, commands, files, weights, undisturbed, tmp_path):
    run = tmp_path / "run"
    killed_again_and_again(commands, run, undisturbed, arguments(files, weights, run), seed)


def test_auto_is_resumed_in_its_trials(commands, files, weights, tmp_path):
    def command(run):
        auto = "strategy={name: auto, candidates: [lp_ft, full], budget: 0.5}"
        return arguments(files, weights, run, "--set", auto, "--seeds", 1, "--controls", "none")

    assert commands.run(*command(tmp_path / "whole"))[0] == 0
    run = tmp_path / "run"
    first = tmp_path / "run.partial" / "arms" / "transfer" / "0" / "auto-lp_ft" / "done.json"
    assert commands.kill_when(first.exists, *command(run)) == KILLED
    finish(commands, run, tmp_path / "whole", *command(run))


def test_pretraining_is_resumed(commands, files, tmp_path):
    def command(out):
        settings = ["training.checkpoint_every=1", "training.epochs=4", "training.batch_size=16", "task=masked_tokens"]
        options = [part for setting in settings for part in ("--set", setting)]
        backbone = ["--set", "backbone={name: cnn, dim: 8, depth: 1, dropout: 0.1}"]
        return ["pretrain", files / "corpus.fa", *options, *backbone, "--quiet", "-o", out]

    assert commands.run(*command(tmp_path / "whole"))[0] == 0
    out = tmp_path / "cnn.tag"
    written = changes(tmp_path / "cnn.tag.partial" / "arms" / "checkpoint.safetensors")
    assert commands.kill_when(lambda: written() >= 7, *command(out)) == KILLED
    assert not out.exists()
    assert commands.run(*command(out))[0] == 0
    for name in ("model.safetensors", "config.json", "sketch.json"):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert {p.name for p in out.iterdir()} == {p.name for p in (tmp_path / "whole").iterdir()}


def test_an_unfinished_run_of_another_configuration_is_refused(commands, files, weights, undisturbed, tmp_path):
    run = tmp_path / "run"
    command = arguments(files, weights, run)
    written = changes(tmp_path / "run.partial" / "arms" / "transfer" / "0" / "checkpoint.safetensors")
    assert commands.kill_when(lambda: written() >= 2, *command) == KILLED
    code, messages = commands.run(*command, "--set", "training.lr=0.002")
    assert code == 2
    assert messages.startswith("error: ")
    assert "run.partial holds an unfinished run of another configuration" in messages
    finish(commands, run, undisturbed, *command)


def test_an_unfinished_run_on_data_that_changed_is_refused(commands, files, weights, tmp_path):
    data, run = tmp_path / "dna.csv", tmp_path / "run"
    data.write_bytes((files / "dna.csv").read_bytes())
    command = arguments(tmp_path, weights, run)
    done = tmp_path / "run.partial" / "arms" / "transfer" / "0" / "done.json"
    assert commands.kill_when(done.exists, *command) == KILLED
    data.write_bytes((files / "new.csv").read_bytes())
    code, messages = commands.run(*command)
    assert code == 2
    assert "was begun with other data" in messages
    code, messages = commands.run(*command, "--force")
    assert code == 0, messages
    assert json.loads((run / "scores.json").read_text())["n_test"] == 8


def test_a_command_that_failed_before_training_may_be_mended(call, files, config, tmp_path):
    fast = ["--set", "training.epochs=1", "--set", "backbone={name: cnn, dim: 8, depth: 1}", "--controls", "none"]
    command = ["finetune", files / "dna.csv", "-o", tmp_path / "run", "--quiet", *fast, "--seeds", 1]
    assert call(*command, "--target", "lable")[0] == 2
    assert call(*command, "--target", "label", "--set", "task.hidden=-1")[0] == 2
    assert call(*command, "--target", "label", "--strategy", "linear_probe", "--set", "task.hidden=4")[0] == 2
    code, _, messages = call(*command, "--target", "label")
    assert code == 0, messages


def test_force_replaces_runs_and_nothing_else(call, files, tmp_path):
    fast = ["--set", "training.epochs=1", "--set", "backbone={name: cnn, dim: 8, depth: 1}", "--controls", "none"]
    command = ["finetune", files / "dna.csv", "--target", "label", "--quiet", *fast, "--seeds", 1, "--force"]
    thesis = tmp_path / "mine" / "thesis.tex"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    for output in (thesis, thesis.parent):
        code, _, messages = call(*command, "-o", output)
        assert code == 2
        assert "was not made by exapt" in messages
    assert thesis.read_text() == "years of work"
    for _ in range(2):
        code, _, messages = call(*command, "-o", tmp_path / "run")
        assert code == 0, messages
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "run"}


def test_a_run_is_made_by_one_process_only(call, files, tmp_path):
    from exapt.api._work import alone

    fast = ["--set", "training.epochs=1", "--set", "backbone={name: cnn, dim: 8, depth: 1}", "--controls", "none"]
    command = ["finetune", files / "dna.csv", "--target", "label", "--quiet", *fast, "--seeds", 1]
    with alone(tmp_path / "run"):
        code, _, messages = call(*command, "-o", tmp_path / "run")
        assert code == 2
        assert "another process is making it now" in messages
        code, _, messages = call(*command, "-o", tmp_path / "other")
        assert code == 0, messages
    code, _, messages = call(*command, "-o", tmp_path / "run")
    assert code == 0, messages
    assert {path.name for path in tmp_path.iterdir()} == {"run", "other"}


def test_leftovers_of_a_killed_process_do_not_reach_the_run(files, tmp_path):
    from exapt.api._work import close_work, open_work

    config = parse({"data": "x.csv", "task": "sequence_property", "backbone": "cnn"}, "test")
    work = open_work(config, tmp_path / "run", {}, force=False)
    (work / ".scores.json.123.tmp").write_text("{")
    (work / "figures").mkdir()
    (work / "figures" / ".roc.svg.123.tmp").write_text("<svg")
    (work / "arms" / "a.safetensors").write_text("")
    assert open_work(config, tmp_path / "run", {}, force=False) == work
    with pytest.raises(RunExistsError, match="other data"):
        open_work(config, tmp_path / "run", {"x.csv": "0"}, force=False)
    close_work(work, tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").rglob("*")) == ["figures", "run.yaml"]
