"""Statistics of batch norm stay bitwise; what another strategy trains goes on training."""

import torch
from torch import nn

import toys
from exapt.core.config import Piece
from exapt.transfer.strategies._combine import combine


class Normed(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, stream):
        return {**stream, "x": self.norm(stream["x"].transpose(1, 2)).transpose(1, 2)}


def model():
    made = toys.model()
    made.backbones["seq"].layers.append(Normed(made.backbones["seq"].dim))
    return made


def step(made, names):
    strategy = combine([Piece(name=name) for name in names])
    strategy.prepare(made)
    strategy.on_epoch(made, 1, 2)
    strategy.train_mode(made)
    rows = toys.examples()
    made(rows.batch(torch.arange(16).numpy())).sum().backward()
    return made.backbones["seq"].layers[-1].norm


def test_statistics_move_without_it_and_stay_with_it():
    assert not torch.equal(step(model(), ["full"]).running_mean, torch.zeros(12))
    for names in (["frozen_norm"], ["lp_ft", "frozen_norm"], ["lp_ft", "discriminative_lr", "frozen_norm"]):
        norm = step(model(), names)
        assert torch.equal(norm.running_mean, torch.zeros(12)) and torch.equal(norm.running_var, torch.ones(12))
        assert norm.weight.grad is not None, "the scale trains"
        assert not norm.training


def test_dropout_of_what_trains_still_draws():
    made = model()
    made.backbones["seq"].layers.append(nn.Dropout(0.5))
    combine([Piece(name="frozen_norm")]).train_mode(made)
    assert made.backbones["seq"].layers[-1].training
