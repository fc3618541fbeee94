"""Batches, schedules, random states and history."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import toys
from exapt.transfer.training import rng
from exapt.transfer.training.batching import Batches, ordered, shuffled
from exapt.transfer.training.history import Epoch, History
from exapt.transfer.training.schedules import factor

lengths = st.lists(st.integers(1, 60), min_size=1, max_size=300).map(lambda sizes: np.array(sizes, dtype=np.int64))


@settings(deadline=None)
@given(lengths, st.integers(1, 20), st.integers(0, 3), st.integers(0, 3))
def test_every_row_once_and_no_lonely_last_row(sizes, batch_size, seed, epoch):
    batches = shuffled(sizes, batch_size, seed, epoch)
    assert sorted(np.concatenate(batches)) == list(range(len(sizes)))
    assert all(len(rows) <= batch_size + 1 for rows in batches)
    if batch_size > 1 and len(sizes) > 1:
        assert all(len(rows) > 1 for rows in batches)
    again = shuffled(sizes, batch_size, seed, epoch)
    assert all(np.array_equal(a, b) for a, b in zip(batches, again, strict=True))


@settings(deadline=None)
@given(lengths, st.integers(1, 20))
def test_prediction_walks_from_short_to_long(sizes, batch_size):
    order = np.concatenate(ordered(sizes, batch_size))
    assert sorted(order) == list(range(len(sizes)))
    assert np.all(np.diff(sizes[order]) >= 0)


def test_epochs_and_seeds_differ_and_equal_lengths_are_plainly_random():
    sizes = np.full(100, 7, dtype=np.int64)
    orders = {tuple(np.concatenate(shuffled(sizes, 10, seed, epoch))) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_rows_of_similar_length_come_together():
    sizes = np.random.default_rng(0).integers(10, 500, 1000)
    batches = shuffled(sizes, 16, 0, 0)
    padded = sum(sizes[rows].max() * len(rows) for rows in batches)
    assert padded < 1.05 * sizes.sum()
    means = [sizes[rows].mean() for rows in batches]
    assert np.corrcoef(means, np.arange(len(means)))[0, 1] < 0.4, "but not in the order of their lengths"


def test_batches_may_be_walked_over_again():
    batches = Batches(toys.examples(n=10), ordered(np.full(10, 24), 4))
    assert len(batches) == 3
    assert [batch.ids for batch in batches] == [batch.ids for batch in batches]


@given(
    st.sampled_from(["cosine", "linear", "constant"]),
    st.integers(1, 400),
    st.floats(0, 0.99),
)
def test_factors_rise_then_fall(schedule, steps, warmup):
    values = [factor(schedule, step, steps, warmup) for step in range(steps)]
    assert all(0 < value <= 1 for value in values)
    top = values.index(max(values))
    assert values[: top + 1] == sorted(values[: top + 1])
    assert values[top:] == sorted(values[top:], reverse=True)


def test_fixed_draws_the_same_and_leaves_no_trace():
    def draw():
        return random.random(), np.random.rand(), torch.rand(1).item()

    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    expected = draw(), draw()
    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    first = draw()
    with rng.fixed(9):
        inside = draw()
    assert (first, draw()) == expected
    with rng.fixed(9):
        assert draw() == inside


def test_history_as_tsv(tmp_path):
    rows = [Epoch(1, 0.7, 0.6, 0.5, 0.001, 1.5, 10), Epoch(2, 0.6, 0.5, None, 0.0005, 1.0, 10)]
    history = History(rows, best_epoch=1, steps=8)
    history.write(tmp_path / "history.tsv")
    lines = (tmp_path / "history.tsv").read_text().splitlines()
    assert lines[0].split("\t") == [
        "epoch",
        "train_loss",
        "valid_loss",
        "valid_score",
        "lr",
        "seconds",
        "trainable",
    ]
    assert lines[2].split("\t") == ["2", "0.6", "0.5", "", "0.0005", "1.0", "10"]
    assert history.seconds == pytest.approx(2.5)
    assert history.kept("best").score == 0.5
    assert History(rows, best_epoch=2).kept("best").score == -0.5
    assert history.kept("last") == rows[-1]
    assert np.isnan(Epoch(1, 0.7, None, None, 0.001, 1.5, 10).score)
