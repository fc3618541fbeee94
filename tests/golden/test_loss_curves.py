"""The first four losses of tiny trainings, so that no silent change of the numbers goes unnoticed.

Provenance: printed by this file's own `losses` on an x86-64 CPU with torch 2.13.0, one thread, on the day that
batches of labelled rows of different lengths became random. A difference beyond 1e-5 means that data order,
initialisation, loss, optimiser or schedule changed: find out which, and say so in the changelog, before new numbers are
written here.
"""

import pytest

import toys
from exapt.core.config import TrainingConfig
from exapt.transfer.strategies._combine import combine, named
from exapt.transfer.training import TrainingSets, fit

GOLDEN = {
    "full": [1.212617, 0.5768698, 0.4414901, 0.3619054],
    "frozen": [1.179802, 0.8025299, 0.7822247, 0.788011],
    "gradual_unfreeze+discriminative_lr": [1.179802, 0.8092204, 0.7025311, 0.6416966],
    "full+l2_sp": [1.224338, 0.6319329, 0.5206104, 0.4513905],
    "joint": [2.430043, 1.373578, 1.238784, 1.111431],
    "lora": [1.133019, 0.7556822, 0.6993626, 0.6385714],
}


def losses(names):
    strategy, task = combine(named(names)), toys.ToyTask()
    model = toys.model(source=strategy.needs_source, dropout=0.0)
    sets = {"target": toys.examples(n=48, ragged=True)}
    if strategy.needs_source:
        sets["source"] = toys.examples(n=48, motif="GGCGGC", seed=1)
    config = TrainingConfig(epochs=4, batch_size=12, lr=1e-2, keep="last")
    tasks = {"target": task, "source": task}
    history = fit(model, tasks, strategy, TrainingSets(sets), config, seed=0, quiet=True)
    return [row.train_loss for row in history.rows]


@pytest.mark.parametrize("names", GOLDEN)
def test_first_losses(names):
    assert losses(names) == pytest.approx(GOLDEN[names], rel=1e-5)
