"""The first four losses of tiny trainings, so that no silent change of the numbers goes unnoticed.

Provenance: printed by this file's own `losses` on an x86-64 CPU with torch 2.13.0, one thread, on the day that the
loop was written. A difference beyond 1e-5 means that data order, initialisation, loss, optimiser or schedule changed:
find out which, and say so in the changelog, before new numbers are written here.
"""

import pytest

import toys
from exapt.core.config import TrainingConfig
from exapt.transfer.strategies._combine import combine, named
from exapt.transfer.training import TrainingSets, fit

GOLDEN = {
    "full": [1.202357, 0.5775927, 0.4780395, 0.3946719],
    "frozen": [1.181901, 0.7764994, 0.7302024, 0.7338518],
    "gradual_unfreeze+discriminative_lr": [1.181901, 0.7671103, 0.6141306, 0.5591818],
    "full+l2_sp": [1.214615, 0.6352471, 0.5618918, 0.4866437],
    "joint": [2.422823, 1.369342, 1.240067, 1.101279],
    "lora": [1.13771, 0.737986, 0.7002576, 0.6297016],
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
