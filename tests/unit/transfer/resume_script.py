"""Run by test_resume in a process of its own: train a toy in FOLDER, write the weights to OUT, maybe be killed.

usage: resume_script.py FOLDER OUT SCENARIO [step N | write N]
"""

import os
import signal
import sys
from pathlib import Path

import safetensors.torch
import torch

import toys
from exapt.core.config import TrainingConfig
from exapt.transfer.strategies._combine import combine, named
from exapt.transfer.training import TrainingSets, fit

SCENARIOS = {
    "gradual": ("gradual_unfreeze+discriminative_lr+l2_sp", toys.ToyTask),
    "frozen": ("frozen", toys.PositionTask),
    "joint": ("joint", toys.ToyTask),
    "denoising": ("full", toys.DenoisingTask),
    "lora": ("lora", toys.ToyTask),
}


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(moment, count):
    """Kill this process at its count-th optimiser step, or halfway through its count-th checkpoint."""
    calls = {"n": 0}
    place, name = (torch.optim.AdamW, "step") if moment == "step" else (safetensors.torch, "save_file")
    original = getattr(place, name)

    def counted(*args, **options):
        calls["n"] += 1
        if calls["n"] == count:
            if moment == "write":
                Path(args[1]).write_bytes(b"half a checkpoint")
            die()
        return original(*args, **options)

    setattr(place, name, counted)


def main(folder, out, scenario, moment=None, count=0):
    names, task_type = SCENARIOS[scenario]
    task, strategy = task_type(), combine(named(names))
    sets = {"target": toys.examples(task, n=50, ragged=True)}
    if strategy.needs_source:
        sets["source"] = toys.examples(task, n=60, motif="GGCGGC", seed=1)
    model = toys.model(task, source=strategy.needs_source, dropout=0.2)
    if moment:
        kill_at(moment, int(count))
    history = fit(
        model,
        {"target": task, "source": task},
        strategy,
        TrainingSets(sets, toys.examples(task, n=30, seed=2, ragged=True)),
        TrainingConfig(epochs=6, batch_size=8, lr=1e-2, checkpoint_every=2),
        seed=3,
        folder=Path(folder),
        score=toys.accuracy if task_type is toys.ToyTask else None,
        quiet=True,
    )
    losses = torch.tensor([[row.train_loss, row.valid_loss] for row in history.rows], dtype=torch.float64)
    best = torch.tensor([history.best_epoch, history.steps])
    safetensors.torch.save_file({**model.state_dict(), "history.losses": losses, "history.best": best}, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
