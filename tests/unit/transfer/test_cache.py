"""The prefix cache: the same result as without, computed once."""

import numpy as np
import pytest
import torch
from torch import nn

import toys
from exapt.core.config import Piece, TrainingConfig
from exapt.core.contracts import Inputs, Model
from exapt.core.examples import Stacked
from exapt.transfer.strategies._combine import combine
from exapt.transfer.training import TrainingSets, features, fit, predict
from exapt.transfer.training.cache import PrefixCache, common_depth, prefix

CONFIG = TrainingConfig(epochs=6, batch_size=16, lr=1e-2)


def train(cache, strategy, task=None, columns=("seq",), shared=True, ragged=True, **options):
    task = task or toys.ToyTask()
    model = toys.model(task, columns, shared, source=strategy.needs_source, dropout=0.0)
    sets = {"target": toys.examples(task, columns, ragged=ragged)}
    if strategy.needs_source:
        sets["source"] = toys.examples(task, columns, seed=1, ragged=ragged)
    valid = toys.examples(task, columns, seed=2, n=40, ragged=ragged)
    config = CONFIG.model_copy(update={"cache": cache, **options})
    history = fit(
        model, {"target": task, "source": task}, strategy, TrainingSets(sets, valid), config, seed=0, quiet=True
    )
    return model, history, predict(model, valid, config)


@pytest.mark.parametrize("ragged", [True, False])
@pytest.mark.parametrize("task", [toys.ToyTask(), toys.PositionTask()])
@pytest.mark.parametrize(
    "pieces",
    [
        [Piece(name="frozen")],
        [Piece(name="partial", top=1)],
        [Piece(name="lp_ft")],
        [Piece(name="gradual_unfreeze")],
        [Piece(name="frozen"), Piece(name="joint")],
    ],
    ids=lambda pieces: "+".join(piece.name for piece in pieces),
)
def test_agrees_with_training_without(pieces, task, ragged):
    with_cache, first, outputs = train(True, combine(pieces), task, ragged=ragged)
    without, second, expected = train(False, combine(pieces), task, ragged=ragged)
    torch.testing.assert_close(outputs, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(with_cache.state_dict(), without.state_dict(), rtol=1e-5, atol=1e-5)
    for a, b in zip(first.rows, second.rows, strict=True):
        assert (a.train_loss, a.valid_loss) == pytest.approx((b.train_loss, b.valid_loss), rel=1e-4)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("name", ["frozen", "partial", "gradual_unfreeze"])
def test_agrees_for_two_columns(name, shared):
    columns = ("left", "right")
    _, _, outputs = train(True, combine([Piece(name=name)]), columns=columns, shared=shared)
    _, _, expected = train(False, combine([Piece(name=name)]), columns=columns, shared=shared)
    torch.testing.assert_close(outputs, expected, rtol=1e-5, atol=1e-5)


def test_a_dropout_above_the_frozen_part_draws_the_same():
    def run(cache):
        model = toys.model(layers=4)
        for block in model.backbones["seq"].blocks()[1:3]:
            block.dropout.p = 0.0
        sets = TrainingSets({"target": toys.examples()})
        strategy = combine([Piece(name="partial", top=1)])
        config = CONFIG.model_copy(update={"cache": cache})
        fit(model, {"target": toys.ToyTask()}, strategy, sets, config, seed=0, quiet=True)
        return model.state_dict()

    torch.testing.assert_close(run(True), run(False), rtol=1e-5, atol=1e-5)


def test_bf16_agrees_as_far_as_bf16_goes():
    _, _, outputs = train(True, combine([Piece(name="frozen")]), precision="bf16")
    _, _, expected = train(False, combine([Piece(name="frozen")]), precision="bf16")
    torch.testing.assert_close(outputs, expected, rtol=0.05, atol=0.02)


class Counting(toys.ToyBackbone):
    """Counts the rows that pass its lowest block in eval mode."""

    def __init__(self):
        super().__init__(Inputs("letters", 6))
        self.rows = 0
        self.layers[0].register_forward_hook(self._count)

    def _count(self, module, args, output):
        self.rows += len(args[0]["mask"])


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        ("frozen", 1),
        ("partial", 1),
        ("lp_ft", 1 + 3),  # once while the backbone is closed, then in each epoch
        ("gradual_unfreeze", 3 + 3),  # closed to block 3, 2 and 1, then in each epoch
        ("full", 6),
    ],
)
def test_frozen_blocks_are_computed_once(name, passes):
    backbone = Counting()
    model = Model({"seq": backbone}, {"target": toys.ToyHead(backbone.dim, 2)})
    train_rows, valid_rows = toys.examples(), toys.examples(seed=2, n=40)
    fit(
        model,
        {"target": toys.ToyTask()},
        combine([Piece(name=name)]),
        TrainingSets({"target": train_rows}, valid_rows),
        CONFIG,
        seed=0,
        quiet=True,
    )
    assert backbone.rows == passes * (96 + 40)


def test_inputs_that_are_corrupted_anew_are_not_cached():
    backbone = Counting()
    task = toys.DenoisingTask()
    model = Model({"seq": backbone}, {"target": task.build_head([backbone])})
    sets = TrainingSets({"target": toys.examples(task)})
    fit(model, {"target": task}, combine([Piece(name="frozen")]), sets, CONFIG, seed=0, quiet=True)
    assert backbone.rows == 6 * 96


def settled(model):
    """The common depth, and whether all backbones are closed as a whole."""
    depth, whole = common_depth(dict(enumerate(model.distinct_backbones())))
    return depth, len(whole) == len(model.distinct_backbones())


def closed(model, *depths):
    """Freeze the lower blocks of each backbone, and train the rest."""
    model.train()
    for backbone, depth in zip(model.distinct_backbones(), depths, strict=True):
        for block in backbone.blocks()[:depth]:
            block.requires_grad_(False)
            block.eval()
    return settled(model)


def test_common_depth_of_backbones_of_different_height():
    def pair():  # 3 and 4 blocks
        return toys.model(columns=("left", "right"), shared=False)

    assert closed(pair(), 0, 0) == (0, False)
    assert closed(pair(), 2, 3) == (2, False)
    assert closed(pair(), 2, 1) == (1, False)
    assert closed(pair(), 3, 1) == (1, False)
    assert closed(pair(), 3, 4) == (4, True)
    assert closed(pair(), 1, 4) == (1, False), "what is closed as a whole does not limit the other"
    assert closed(pair(), 2, 4) == (2, False)


def test_no_gradient_alone_is_not_settled():
    model = toys.model()
    model.backbones.requires_grad_(False)
    model.train()
    assert settled(model) == (0, False)
    model.eval()
    assert settled(model) == (3, True)


def test_a_block_without_parameters_is_settled_unless_it_draws():
    class Silent(nn.Module):
        def forward(self, stream):
            return stream

    class Drops(Silent):
        def __init__(self):
            super().__init__()
            self.dropout = nn.Dropout(0.5)

    for block, expected in ((Silent(), (4, True)), (Drops(), (3, False))):
        model = toys.model(layers=3)
        backbone = model.backbones["seq"]
        backbone.layers.append(block)
        combine([Piece(name="frozen")]).prepare(model)
        combine([Piece(name="frozen")]).train_mode(model)
        assert settled(model) == expected


def test_what_is_kept_is_the_activation_trimmed_to_real_positions():
    model, rows = toys.model().eval(), toys.examples(n=20, ragged=True)
    above = prefix(model, rows, 2, frozenset(), 8, "fp32", PrefixCache())
    sizes = [len(item["x"]) for item in rows.inputs["seq"]]
    assert [item["x"].shape for item in above.inputs["seq"]] == [(size, 12) for size in sizes]
    assert above.depth == 2
    order = np.array([3, 11, 0])
    torch.testing.assert_close(model(above.batch(order)), model(rows.batch(order)))
    assert torch.equal(above.batch(order).inputs["seq"]["mask"], rows.batch(order).inputs["seq"]["mask"])


def test_pooled_features_are_one_array_in_the_order_of_the_rows():
    model, rows = toys.model().eval(), toys.examples(n=20, ragged=True)
    above = prefix(model, rows, 3, frozenset({"seq"}), 8, "fp32", PrefixCache())
    items = above.inputs["seq"]
    assert isinstance(items, Stacked)
    expected = torch.cat([model.backbones["seq"](rows.batch([i]).inputs["seq"]).pooled for i in range(20)])
    torch.testing.assert_close(above.batch(np.arange(20)).inputs["seq"]["pooled"], expected)
    torch.testing.assert_close(features(model, rows, CONFIG), expected)
    part = above.take(np.array([5, 2]))
    torch.testing.assert_close(part.batch(np.array([1, 0])).inputs["seq"]["pooled"], expected[[2, 5]])
    assert items[3]["pooled"].tolist() == items[2:5][1]["pooled"].tolist()


@pytest.mark.parametrize("ragged", [True, False])
def test_beyond_the_limit_it_lies_in_a_file_without_a_name(tmp_path, ragged):
    model, rows = toys.model().eval(), toys.examples(n=20, ragged=ragged)
    cache = PrefixCache(tmp_path, limit=1000)
    mapped = prefix(model, rows, 2, frozenset(), 8, "fp32", cache)
    assert list(tmp_path.iterdir()) == []
    item = mapped.inputs["seq"][0]["x"]
    while item.base is not None and not isinstance(item, np.memmap):
        item = item.base
    assert isinstance(item, np.memmap)
    kept = prefix(model, rows, 2, frozenset(), 8, "fp32", PrefixCache())
    for a, b in zip(mapped.inputs["seq"], kept.inputs["seq"], strict=True):
        assert np.array_equal(a["x"], b["x"])


def test_streams_with_pairs_and_other_keys_survive():
    class Pairs(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1))

        def forward(self, stream):
            x = nn.functional.one_hot(stream["x"], 6).float() * self.scale
            pair = x.unsqueeze(1) - x.unsqueeze(2)
            return {**stream, "x": x, "pair": pair, "letters": stream["x"], "size": stream["mask"].sum(1)}

    backbone = toys.ToyBackbone(Inputs("letters", 6), layers=1)
    backbone.layers[0] = Pairs()
    model, rows = Model({"seq": backbone}, {}).eval(), toys.examples(n=12, ragged=True)
    above = prefix(model, rows, 1, frozenset(), 5, "fp32", PrefixCache())
    chosen = np.array([4, 1, 7])
    raw = rows.batch(chosen).inputs["seq"]
    stream, expected = above.batch(chosen).inputs["seq"], backbone.layers[0](raw)
    both = raw["mask"].unsqueeze(1) & raw["mask"].unsqueeze(2)
    torch.testing.assert_close(stream["pair"], expected["pair"] * both.unsqueeze(-1))
    assert torch.equal(stream["letters"], expected["letters"])
    assert torch.equal(stream["size"], expected["size"])


def test_memory_that_runs_out_halves_the_batch(monkeypatch):
    model, rows = toys.model().eval(), toys.examples(n=20)
    expected = features(model, rows, CONFIG), predict(model, rows, CONFIG)
    original = toys.ToyBackbone.readout

    def readout(self, stream):
        if len(stream["x"]) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return original(self, stream)

    monkeypatch.setattr(toys.ToyBackbone, "readout", readout)
    found = features(model, rows, CONFIG), predict(model, rows, CONFIG)
    torch.testing.assert_close(found, expected)


def test_a_set_is_found_again_only_at_the_same_depth():
    model, rows, task = toys.model(), toys.examples(n=8), toys.ToyTask()
    cache = PrefixCache()
    closed(model, 2)
    first = cache.apply("target", rows, task, model, 8, "fp32")
    closed(model, 2)
    assert cache.apply("target", rows, task, model, 8, "fp32") is first
    model.requires_grad_(True)
    assert closed(model, 1) == (1, False)
    second = cache.apply("target", rows, task, model, 8, "fp32")
    assert (first.depth, second.depth) == (2, 1)
    model.requires_grad_(True).train()
    assert cache.apply("target", rows, task, model, 8, "fp32") is rows
