"""The prefix cache against the same training without it, and against transformers' Trainer.

Frozen training of a `cnn` with four convolutional blocks on random DNA, half of it richer in G and C: the same data,
weights, batch size, epochs and optimiser, in the same process on the same threads, one after the other. The Trainer
gets the same frozen model (its backbone kept in eval mode, as here) and the same encoded rows.

    python benchmarks/speed/prefix_cache.py [--small] [--rows N] [--epochs N] [-o FILE]

Writes `results/prefix_cache.json`: wall and processor seconds of each training, their ratios to the cached one, the
scores on unseen rows, and how busy the machine was. The cache saves all passes through the frozen blocks but one, so
on a quiet machine the ratio to no cache stays below the number of epochs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from exapt.core.config import TrainingConfig
from exapt.core.contracts import Batch, Column, Model, Table, Task
from exapt.core.errors import TrainingError
from exapt.core.examples import Examples
from exapt.core.provenance import versions
from exapt.core.registry import BACKBONES, ENCODERS, TASKS
from exapt.transfer.strategies.frozen import Frozen
from exapt.transfer.training import TrainingSets, fit, predict

LETTERS = {"poor": (0.26, 0.24, 0.24, 0.26), "rich": (0.24, 0.26, 0.26, 0.24)}  # of A C G T


@dataclass(frozen=True)
class Work:
    """What every contestant does."""

    train: Examples
    test: Examples
    task: Task
    config: TrainingConfig
    depth: int


def table(n: int, length: int, seed: int) -> Table:
    generator = np.random.default_rng(seed)
    labels = [list(LETTERS)[i % 2] for i in range(n)]
    texts = ["".join(generator.choice(list("ACGT"), length, p=LETTERS[label])) for label in labels]
    frame = pd.DataFrame({"seq": texts, "gc": labels})
    return Table(frame, {"seq": Column("input", "dna"), "gc": Column("target", "label")}, "random DNA")


def examples(rows: Table, task: Task) -> Examples:
    encoder = ENCODERS.build("letters", modality="dna")
    encoded = encoder.encode(rows.values("seq"))
    return Examples({"seq": encoded}, {"seq": encoder}, task.targets(rows), rows.ids())


def model(work: Work) -> Model:
    torch.manual_seed(0)
    backbone = BACKBONES.build("cnn", inputs=work.train.encoders["seq"].inputs(), depth=work.depth)
    return Model({"seq": backbone}, {"target": work.task.build_head([backbone])})


def with_exapt(work: Work, *, cache: bool) -> Model:
    trained = model(work)
    config = work.config.model_copy(update={"cache": cache})
    fit(trained, {"target": work.task}, Frozen(), TrainingSets({"target": work.train}), config, seed=0, quiet=True)
    return trained


def with_trainer(work: Work) -> Model:
    from transformers import PrinterCallback, Trainer, TrainingArguments

    class Frame(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model(work)
            self.model.backbones.requires_grad_(False)

        def train(self, mode: bool = True) -> Frame:
            super().train(mode)
            self.model.backbones.eval()
            return self

        def forward(self, x: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            batch = Batch({"seq": {"x": x, "mask": mask}}, {"y": labels}, [""] * len(x))
            output = self.model(batch)
            return {"loss": work.task.loss(output, batch), "logits": output}

    def collate(rows: list[int]) -> dict[str, torch.Tensor]:
        batch = work.train.batch(np.array(rows))
        return {**batch.inputs["seq"], "labels": batch.targets["y"]}

    frame, config = Frame(), work.config
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=config.epochs,
            per_device_train_batch_size=config.batch_size,
            learning_rate=config.lr,
            weight_decay=config.weight_decay,
            lr_scheduler_type="cosine",
            warmup_steps=round(config.warmup * config.epochs * len(work.train) / config.batch_size),
            max_grad_norm=config.clip,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            seed=0,
        )
        trainer = Trainer(model=frame, args=arguments, train_dataset=range(len(work.train)), data_collator=collate)
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return frame.model


def contest(work: Work, contestant: Callable[[], Model]) -> dict[str, Any]:
    """Wall and processor seconds of a training, and its scores on unseen rows."""
    wall, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    trained = contestant()
    wall, after = time.perf_counter() - wall, resource.getrusage(resource.RUSAGE_SELF)
    processor = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    outputs = predict(trained, work.test, work.config)
    right = work.task.decode(outputs).argmax(1) == work.test.targets["y"]
    load = os.getloadavg()[1]  # over five minutes, its own threads included
    return {"wall_s": wall, "cpu_s": processor, "load": load, "accuracy": float(right.mean()), "outputs": outputs}


def run(work: Work) -> dict[str, Any]:
    """All contestants, one after the other; the cached training also between and after them.

    A ratio is taken to the mean of the cached trainings right before and right after, because the load of a machine
    changes over the minutes that the others take.
    """
    first_rows = replace(work, train=work.train.take(np.arange(64)))
    with_exapt(first_rows, cache=True)  # imports happen here, outside the time that is taken
    with_trainer(first_rows)
    cached = [contest(work, lambda: with_exapt(work, cache=True))]
    others = {}
    for name, contestant in (
        ("exapt, no cache", lambda: with_exapt(work, cache=False)),
        ("transformers Trainer", lambda: with_trainer(work)),
    ):
        others[name] = contest(work, contestant)
        cached.append(contest(work, lambda: with_exapt(work, cache=True)))
        for clock in ("wall", "cpu"):
            beside = (cached[-2][f"{clock}_s"] + cached[-1][f"{clock}_s"]) / 2
            others[name][f"{clock}_ratio"] = others[name][f"{clock}_s"] / beside
    plain = others["exapt, no cache"]
    difference = float((cached[0]["outputs"] - plain["outputs"]).abs().max())
    if difference > 1e-3 or cached[0]["accuracy"] != plain["accuracy"]:
        raise TrainingError(f"The cache changed the result: outputs differ by up to {difference:g}.")
    for result in (*cached, *others.values()):
        del result["outputs"]
    return {
        "exapt, prefix cache": cached,
        **others,
        "largest_difference_of_outputs_with_and_without_cache": difference,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="seconds instead of an hour, to see that it works")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("-o", "--output", type=Path, default=Path(__file__).parent / "results" / "prefix_cache.json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows, length, epochs = (200, 60, 2) if options.small else (options.rows, 500, options.epochs)
    config = TrainingConfig(epochs=epochs, batch_size=64, lr=1e-2, keep="last", device="cpu")
    task, train, test = TASKS.build("sequence_property"), table(rows, length, 0), table(max(50, rows // 10), length, 1)
    task.fit(train)
    work = Work(examples(train, task), examples(test, task), task, config, depth=4)
    setting = {"rows": rows, "length_nt": length, "epochs": epochs, "cnn_depth": 4, "threads": options.threads}
    machine = {"platform": platform.platform(), "processors": os.cpu_count()}
    report = {"work": setting, "results": run(work), "machine": machine, "versions": versions()}
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report["results"], indent=2))


if __name__ == "__main__":
    main()
