"""The loop: what is kept, when it stops, in which pieces it computes, and what it says."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from torch.nn import functional as F

import toys
from exapt.core.config import TrainingConfig
from exapt.core.contracts import Batch, Strategy
from exapt.core.errors import ConfigError, DataError, TrainingError
from exapt.transfer.strategies.full import Full
from exapt.transfer.strategies.gradual_unfreeze import GradualUnfreezing
from exapt.transfer.training import TrainingSets, fit, predict
from exapt.transfer.training.loop import adamw


def train(
    model=None,
    *,
    task=None,
    strategy=None,
    rows=None,
    valid=True,
    score=None,
    seed=0,
    folder=None,
    quiet=True,
    **options,
):
    task = task or toys.ToyTask()
    model = model or toys.model(task)
    valid_rows = toys.examples(task, n=32, seed=2) if valid is True else None if valid is False else valid
    sets = TrainingSets({"target": toys.examples(task, n=48) if rows is None else rows}, valid_rows)
    config = TrainingConfig(**{"epochs": 4, "batch_size": 16, "lr": 1e-2, **options})
    history = fit(
        model,
        {"target": task},
        strategy or Full(),
        sets,
        config,
        seed=seed,
        folder=folder,
        score=score,
        quiet=quiet,
    )
    return model, history


def scripted(*values):
    """A score that follows a script, and remembers nothing of the outputs."""
    remaining = iter(values)
    return lambda outputs, rows: next(remaining)


def test_the_same_seed_gives_the_same_bits_another_seed_does_not():
    first, second, other = (toys.state(train(seed=seed)[0]) for seed in (0, 0, 1))
    assert toys.equal(first, second)
    assert not toys.equal(first, other)


def test_the_best_epoch_is_kept():
    options = {"schedule": "constant", "warmup": 0.0}
    model, history = train(score=scripted(0.1, 0.9, 0.3, 0.2), **options)
    assert history.best_epoch == 2
    assert history.kept("best").score == 0.9
    assert [row.valid_score for row in history.rows] == [0.1, 0.9, 0.3, 0.2]
    two, _ = train(epochs=2, keep="last", **options)
    assert toys.equal(toys.state(model), toys.state(two))
    last, _ = train(score=scripted(0.1, 0.9, 0.3, 0.2), keep="last", **options)
    assert not toys.equal(toys.state(last), toys.state(two))


def test_the_best_epoch_of_a_growing_trainable_set_is_kept_whole():
    """Blocks that opened after the best epoch go back to where they were in it."""
    options = {"schedule": "constant", "warmup": 0.0, "epochs": 4}
    every = GradualUnfreezing(every=1)
    model, history = train(strategy=every, score=scripted(0.9, 0.1, 0.1, 0.1), **options)
    assert history.best_epoch == 1
    one, _ = train(strategy=GradualUnfreezing(every=1), **{**options, "epochs": 1, "keep": "last"})
    assert toys.equal(toys.state(model), toys.state(one))


def test_equal_scores_are_decided_by_the_loss_and_nan_is_never_best():
    _, history = train(score=lambda outputs, rows: 1.0)
    losses = [row.valid_loss for row in history.rows]
    assert history.best_epoch == 1 + int(np.argmin(losses))
    _, history = train(score=scripted(math.nan, math.nan, 0.0, math.nan))
    assert history.best_epoch == 3


def test_without_a_score_the_validation_loss_decides():
    _, history = train(epochs=6, lr=0.1)
    losses = [row.valid_loss for row in history.rows]
    assert history.best_epoch == 1 + int(np.argmin(losses))
    assert history.kept("best").score == -min(losses)


def test_early_stopping_counts_epochs_since_the_best():
    _, history = train(score=scripted(0.5, 0.6, 0.4, 0.3, 0.2), epochs=20, patience=2)
    assert history.stopped_early
    assert len(history.rows) == 4
    assert history.best_epoch == 2
    assert history.steps == 4 * 3


def test_without_validation_the_last_epoch_is_kept():
    model, history = train(valid=False)
    assert history.best_epoch is None
    assert history.rows[0].valid_loss is None
    same, _ = train(keep="last")
    assert toys.equal(toys.state(model), toys.state(same)), "validation draws nothing from the training"


def test_validation_of_a_corrupting_task_is_repeatable_and_changes_nothing():
    task = toys.DenoisingTask()

    def model():
        return toys.model(task, layers=1)  # no batch norm, whose statistics move whatever the rate

    still, history = train(model(), task=task, keep="last", lr=1e-9)
    losses = [row.valid_loss for row in history.rows]
    assert losses == pytest.approx([losses[0]] * 4, abs=1e-6)
    assert train(model(), task=task, keep="last", lr=1e-2)[1].rows[-1].valid_loss < losses[0]
    alone, _ = train(model(), task=task, keep="last", lr=1e-9, valid=False)
    assert toys.equal(toys.state(still), toys.state(alone))


def test_rates_follow_the_schedule():
    _, history = train(schedule="linear", warmup=0.25, lr=0.5, epochs=4)
    assert [row.lr for row in history.rows] == pytest.approx([0.5, 0.5 * 7 / 9, 0.5 * 4 / 9, 0.5 / 9])


def test_norms_and_biases_do_not_decay():
    model = toys.model()
    groups = adamw([{"params": list(model.parameters()), "lr": 0.1}], 0.3).param_groups
    decays = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert len(decays) == len(list(model.parameters()))
    assert all(decays[id(p)] == (0.0 if p.ndim == 1 else 0.3) for p in model.parameters())
    own = adamw([{"params": list(model.parameters()), "lr": 0.1, "weight_decay": 0.0}], 0.3).param_groups
    assert all(group["weight_decay"] == 0.0 for group in own)


def test_gradients_are_clipped(monkeypatch):
    norms = []
    original = torch.optim.AdamW.step

    def step(self, *args):
        norms.append(math.sqrt(sum(float((p.grad**2).sum()) for g in self.param_groups for p in g["params"])))
        return original(self, *args)

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    train(clip=0.01, epochs=1)
    assert norms == pytest.approx([0.01] * 3, rel=1e-3)


def test_the_optimiser_keeps_what_it_knows_when_blocks_open(monkeypatch):
    seen = {}
    original = torch.optim.AdamW.step

    def step(self, *args):
        result = original(self, *args)
        seen.update({id(p): int(state["step"]) for p, state in self.state.items()})
        return result

    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    model, history = train(strategy=GradualUnfreezing(every=1), epochs=4)
    blocks = model.backbones["seq"].blocks()
    assert seen[id(model.heads["target"].linear.weight)] == 12
    assert [seen[id(next(block.parameters()))] for block in blocks] == [3, 6, 9]
    assert [row.trainable for row in history.rows] == [26, 938, 1850, 1922]


def test_bf16_is_close_to_fp32_and_leaves_the_weights_in_fp32():
    full, first = train(keep="last")
    half, second = train(keep="last", precision="bf16")
    assert all(p.dtype == torch.float32 for p in half.parameters())
    assert not toys.equal(toys.state(full), toys.state(half))
    assert second.rows[0].train_loss == pytest.approx(first.rows[0].train_loss, rel=0.02)
    assert second.rows[-1].train_loss < second.rows[0].train_loss
    rows = toys.examples(n=32, seed=2)
    assert predict(half, rows, TrainingConfig(precision="bf16")).dtype == torch.float32


class NoNorm(toys.ToyBackbone):
    """Without batch norm and dropout, so that pieces of a batch add up to the batch."""

    def __init__(self, inputs, **options):
        super().__init__(inputs, dropout=0.0, **options)
        for block in self.layers[1:]:
            block.norm = torch.nn.Identity()


def limited(monkeypatch, most, error=None):
    """A machine whose memory holds only so many rows with gradient."""
    original = toys.ToyBackbone.readout

    def readout(self, stream):
        if torch.is_grad_enabled() and len(stream["x"]) > most:
            raise error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB")
        return original(self, stream)

    monkeypatch.setattr(toys.ToyBackbone, "readout", readout)


def no_norm():
    model = toys.model()
    model.backbones["seq"] = NoNorm(toys.ToyEncoder().inputs())
    model.backbones["seq"].load_state_dict(toys.model().backbones["seq"].state_dict(), strict=False)
    return model


def test_out_of_memory_halves_the_batch_and_keeps_its_effect(monkeypatch, capsys):
    whole, expected = train(no_norm(), keep="last", rows=toys.examples(n=45))
    assert "memory" not in capsys.readouterr().err
    limited(monkeypatch, 5)
    pieces, history = train(no_norm(), keep="last", rows=toys.examples(n=45))
    said = capsys.readouterr().err
    assert said.count("out of memory; from here 4 rows at a time") == 1
    assert history.steps == expected.steps
    torch.testing.assert_close(pieces.state_dict(), whole.state_dict(), rtol=1e-4, atol=1e-5)
    assert history.rows[-1].train_loss == pytest.approx(expected.rows[-1].train_loss, rel=1e-4)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: 10 bytes"),
        torch.OutOfMemoryError("CUDA out of memory."),
        MemoryError(),
    ],
)
def test_one_row_that_does_not_fit_is_an_error(monkeypatch, error):
    limited(monkeypatch, 0, error)
    with pytest.raises(TrainingError, match="Out of memory with a single row. Shorten the inputs"):
        train(no_norm())


def test_other_errors_are_not_taken_for_memory(monkeypatch):
    limited(monkeypatch, 5, RuntimeError("shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        train()


class Exploding(toys.ToyTask):
    """Its loss is not finite from a certain step on."""

    def __init__(self, good, value):
        self.left, self.value = good, value

    def loss(self, output, batch):
        loss = F.cross_entropy(output, batch.targets["y"])
        if torch.is_grad_enabled():
            self.left -= 1
        return loss * self.value if self.left < 0 else loss


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_with_the_last_good_checkpoint(tmp_path, value):
    model = toys.model()
    with pytest.raises(TrainingError) as caught:
        train(model, task=Exploding(7, value), folder=tmp_path, checkpoint_every=1)
    path = tmp_path / "checkpoint.safetensors"
    assert str(caught.value).startswith(f"The loss is {value} in epoch 3, step 2. The last good checkpoint is kept in")
    assert str(path) in str(caught.value)
    kept = safetensors.torch.load_file(path)
    for name, tensor in model.state_dict().items():
        assert torch.isfinite(tensor).all()
        if "running" not in name and "batches" not in name:
            assert torch.equal(tensor, kept[f"model.{name}"])


def test_a_gradient_that_is_not_finite_stops_too():
    class Steep(toys.ToyTask):
        def loss(self, output, batch):
            return torch.sqrt((output - output.detach()) ** 2).sum()

    with pytest.raises(TrainingError, match="The gradient is nan in epoch 1, step 1"):
        train(task=Steep())


def test_inputs_that_do_not_fit_together_are_refused():
    with pytest.raises(ConfigError, match="patience needs validation rows"):
        train(valid=False, patience=3)
    empty = toys.examples(n=8).take(np.array([], dtype=np.int64))
    with pytest.raises(DataError, match="The target part has no rows"):
        train(rows=empty)
    with pytest.raises(DataError, match="The validation part has no rows"):
        train(valid=empty)


def test_terms_of_weight_zero_are_not_computed():
    class Silent(Strategy):
        def batches(self, target, source):
            for batch in target:
                yield [("target", batch, 1.0), ("target", replace(batch, inputs={}), 0.0)]

    first, _ = train(strategy=Silent())
    second, _ = train()
    assert toys.equal(toys.state(first), toys.state(second))


def test_predictions_are_in_the_order_of_the_rows_and_padded():
    task = toys.PositionTask()
    model, _ = train(task=task, rows=toys.examples(task, n=48, ragged=True))
    rows = toys.examples(task, n=21, seed=4, ragged=True)
    outputs = predict(model, rows, TrainingConfig(batch_size=4))
    sizes = [len(item["x"]) for item in rows.inputs["seq"]]
    assert outputs.shape == (21, max(sizes), 1)
    for i, size in enumerate(sizes):
        alone = model(rows.batch([i]))
        torch.testing.assert_close(outputs[i, :size], alone[0], rtol=1e-4, atol=1e-5)
    assert not outputs[[size < 20 for size in sizes], 23:].any(), "beyond the longest of its batch"
    assert predict(model, rows.take(np.array([], dtype=np.int64)), TrainingConfig()).shape == (0,)


def test_progress_goes_to_stderr_with_rate_and_score(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr("exapt.core.progress.PAUSE", 0.0)
    train(score=toys.accuracy, quiet=False)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "train" in captured.err
    assert "12/12" in captured.err
    assert "steps/s" in captured.err
    assert "epoch 4/4, loss" in " ".join(captured.err.split())
    train(quiet=True)
    assert capsys.readouterr().err == ""


def test_source_rows_are_left_alone_where_the_strategy_does_not_use_them():
    model = toys.model()
    task = toys.ToyTask()
    broken = replace(toys.examples(n=8), inputs={"other": []})
    sets = TrainingSets({"target": toys.examples(n=48), "source": broken})
    config = TrainingConfig(epochs=4, batch_size=16, lr=1e-2)
    fit(model, {"target": task}, Full(), sets, config, seed=0, quiet=True)
    assert toys.equal(toys.state(model), toys.state(train(valid=False)[0]))


def test_the_device_is_chosen_anew_in_each_training():
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    Accelerator(cpu=True, mixed_precision="bf16")
    model, _ = train(device="cpu")
    assert next(model.parameters()).device.type == "cpu"
    assert AcceleratorState().mixed_precision == "no"
    assert isinstance(toys.examples(n=4).batch([0]), Batch)


DISTRIBUTED = """
import os, sys
from pathlib import Path
import safetensors.torch, torch, toys
from exapt.core.config import TrainingConfig
from exapt.transfer.strategies._combine import combine, named
from exapt.transfer.training import TrainingSets, fit
names, out = sys.argv[1:]
strategy = combine(named(names))
model = toys.model(layers=3, dropout=0.0, source=strategy.needs_source)
for block in model.backbones["seq"].layers[1:]:
    block.norm = torch.nn.Identity()
sets = {"target": toys.examples(n=45)}
if strategy.needs_source:
    sets["source"] = toys.examples(n=33, seed=1)
task = toys.ToyTask()
config = TrainingConfig(epochs=4, batch_size=16, lr=1e-2, keep="last", device="cpu")
history = fit(model, {"target": task, "source": task}, strategy, TrainingSets(sets), config, seed=0, quiet=True)
losses = torch.tensor([row.train_loss for row in history.rows], dtype=torch.float64)
rank = os.environ.get("RANK", "alone")
safetensors.torch.save_file({**model.state_dict(), "losses": losses}, f"{out}/{rank}.safetensors")
if rank != "alone":
    torch.distributed.destroy_process_group()
"""


def distributed(tmp_path, names, environment):
    processes = []
    for rank in (0, 1):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "ACCELERATE_USE_CPU": "true"}
        command = [sys.executable, "-c", DISTRIBUTED, names, str(tmp_path)]
        processes.append(subprocess.Popen(command, env={**environment, **own}))
    assert [process.wait(timeout=120) for process in processes] == [0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("names", ["gradual_unfreeze", "joint", "lora"])
def test_two_processes_train_as_one(tmp_path, names):
    """Late-opened blocks are synchronised, and shares of unequal size weigh what they should."""
    import os
    import socket
    from pathlib import Path

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(toys.__file__).parent),
        "OMP_NUM_THREADS": "1",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    distributed(tmp_path, names, environment)
    subprocess.run([sys.executable, "-c", DISTRIBUTED, names, str(tmp_path)], env=environment, check=True)
    first, second, alone = (
        safetensors.torch.load_file(tmp_path / f"{name}.safetensors") for name in ("0", "1", "alone")
    )
    assert toys.equal(first, second)
    torch.testing.assert_close(first, alone, rtol=1e-3, atol=1e-4)
