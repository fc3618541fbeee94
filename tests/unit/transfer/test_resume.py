"""A training that is killed continues, and ends with the same bits as one that was left alone."""

import os
import random
import runpy
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

import toys
from exapt.core.config import TrainingConfig
from exapt.core.errors import TrainingError
from exapt.transfer.strategies.frozen import Frozen
from exapt.transfer.strategies.full import Full
from exapt.transfer.training import TrainingSets, fit
from exapt.transfer.training.checkpoint import FILE, Checkpoint

SCRIPT = Path(__file__).with_name("resume_script.py")


def start(folder, out, scenario, *when):
    threads = str(torch.get_num_threads())  # another number of threads adds in another order
    environment = {**os.environ, "PYTHONPATH": str(Path(toys.__file__).parent), "OMP_NUM_THREADS": threads}
    return subprocess.Popen([sys.executable, SCRIPT, folder, out, scenario, *map(str, when)], env=environment)


def undisturbed(tmp_path, scenario):
    out = tmp_path / "whole.safetensors"
    runpy.run_path(str(SCRIPT))["main"](tmp_path / "whole", out, scenario)
    return safetensors.torch.load_file(out)


def assert_same(tmp_path, expected, out):
    found = safetensors.torch.load_file(out)
    assert toys.equal(found, expected)
    assert [path.name for path in (tmp_path / "run").iterdir()] == [FILE], "nothing half-written is left"


def test_killed_in_a_step_and_while_writing(tmp_path):
    expected = undisturbed(tmp_path, "gradual")
    folder, out = tmp_path / "run", tmp_path / "end.safetensors"
    for when in (("step", 10), ("write", 5)):
        assert start(folder, out, "gradual", *when).wait() == -signal.SIGKILL
        assert not out.exists()
    assert start(folder, out, "gradual").wait() == 0
    assert_same(tmp_path, expected, out)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["gradual", "frozen", "joint", "denoising", "lora"])
def test_killed_again_and_again_at_random_moments(tmp_path, scenario):
    expected = undisturbed(tmp_path, scenario)
    folder, out = tmp_path / "run", tmp_path / "end.safetensors"
    chance = random.Random(scenario)
    for _ in range(4):
        moment, count = chance.choice(["step", "write"]), chance.randrange(1, 12)
        start(folder, out, scenario, moment, count).wait()
    for _ in range(4):  # from outside, whatever it is doing
        process = start(folder, out, scenario)
        time.sleep(chance.uniform(2, 5))
        process.kill()
        process.wait()
    assert start(folder, out, scenario).wait() == 0
    assert_same(tmp_path, expected, out)


def call(folder, strategy=None, rows=None, seed=0, model=None, **options):
    sets = TrainingSets({"target": rows or toys.examples(n=32)}, toys.examples(n=16, seed=2))
    config = TrainingConfig(**{"epochs": 3, "batch_size": 8, **options})
    return fit(
        model or toys.model(),
        {"target": toys.ToyTask()},
        strategy or Full(),
        sets,
        config,
        seed=seed,
        folder=folder,
        quiet=True,
    )


class Stop(Exception):
    pass


def interrupt(monkeypatch, folder, calls, **options):
    """Leave a checkpoint behind, as a kill after `calls` optimiser steps would."""
    count = iter(range(1000))
    original = torch.optim.AdamW.step

    def step(self, *args):
        if next(count) == calls:
            raise Stop
        return original(self, *args)

    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(torch.optim.AdamW, "step", step)
        call(folder, **{"checkpoint_every": 4, **options})


def test_short_epochs_do_not_spend_their_time_on_the_disk(tmp_path, monkeypatch):
    written = []
    save = Checkpoint.save
    monkeypatch.setattr(Checkpoint, "save", lambda self, *args: (written.append(args[0].epoch), save(self, *args)))
    call(tmp_path / "short", epochs=4)
    assert written == [4]
    monkeypatch.setattr("exapt.transfer.training.loop.PAUSE", 0.0)
    call(tmp_path / "long", epochs=4)
    assert written == [4, 1, 2, 3, 4]


def test_a_finished_training_is_not_repeated(tmp_path):
    first, second = toys.model(), toys.model()
    history = call(tmp_path, model=first)
    assert call(tmp_path, model=second) == history
    assert toys.equal(toys.state(first), toys.state(second))


def test_checkpoints_hold_only_what_can_move(tmp_path, monkeypatch):
    interrupt(monkeypatch, tmp_path, 5, strategy=Frozen())
    names = safetensors.torch.load_file(tmp_path / FILE)
    moved = {name for name in names if name.startswith("model.") and "norm" not in name}
    assert moved == {"model.heads.target.linear.weight", "model.heads.target.linear.bias"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 0.5}, "training.lr: 0.001 -> 0.5"),
        ({"seed": 1}, "seed: 0 -> 1"),
        ({"strategy": Frozen()}, r"strategy: Full\(\) -> Frozen\(columns=None\)"),
        ({"rows": toys.examples(n=32, seed=7)}, "target rows: "),
        ({"model": toys.model(seed=5)}, "starting weights: "),
    ],
)
def test_another_training_is_refused(tmp_path, monkeypatch, change, message):
    interrupt(monkeypatch, tmp_path, 5)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(TrainingError, match=f"belongs to another training .*{message}.*delete the file to start again"):
        call(tmp_path, **change)
    assert (tmp_path / FILE).read_bytes() == before


def test_how_often_a_checkpoint_is_written_may_change(tmp_path, monkeypatch):
    whole, resumed = toys.model(), toys.model()
    call(tmp_path / "whole", model=whole)
    interrupt(monkeypatch, tmp_path / "cut", 6, checkpoint_every=1)
    call(tmp_path / "cut", model=resumed, checkpoint_every=3)
    assert toys.equal(toys.state(whole), toys.state(resumed))


def test_stopped_between_the_last_step_and_the_end_of_the_epoch(tmp_path, monkeypatch):
    whole, resumed = toys.model(), toys.model()
    expected = call(tmp_path / "whole", model=whole)

    def stop(self, score):
        raise Stop

    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr("exapt.transfer.training.loop._Training._validate", stop)
        call(tmp_path / "cut", checkpoint_every=1)
    history = call(tmp_path / "cut", model=resumed, checkpoint_every=1)
    assert toys.equal(toys.state(whole), toys.state(resumed))
    assert [replace(row, seconds=0) for row in history.rows] == [replace(row, seconds=0) for row in expected.rows]


@pytest.mark.parametrize("damage", [lambda b: b[:-50], lambda b: b[:20], lambda b: b"", lambda b: b"{}" * 40])
def test_a_damaged_checkpoint_says_what_to_do(tmp_path, monkeypatch, damage):
    interrupt(monkeypatch, tmp_path, 5)
    path = tmp_path / FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TrainingError, match=r"checkpoint cannot be read .*Delete it to start this training again"):
        call(tmp_path)


def test_a_foreign_file_is_no_checkpoint(tmp_path):
    safetensors.torch.save_file({"a": torch.zeros(1)}, tmp_path / FILE)
    with pytest.raises(TrainingError, match="checkpoint cannot be read"):
        call(tmp_path)
