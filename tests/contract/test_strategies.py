"""Every registered strategy goes through the same loop and keeps its promises."""

from itertools import combinations, pairwise

import pytest
import torch

import toys
from exapt.core.config import Piece, TrainingConfig
from exapt.core.errors import ConfigError
from exapt.core.registry import STRATEGIES
from exapt.transfer.strategies._combine import combine
from exapt.transfer.strategies._combine import named as split
from exapt.transfer.training import TrainingSets, fit, predict
from exapt.transfer.training.predict import evaluate

OPTIONS = {"partial": {"top": 2}, "lora": {"rank": 4}}
NAMES = [name for name in STRATEGIES.names() if name != "auto"]  # auto stands for one of the others


def build(name):
    return combine([Piece(name=name, **OPTIONS.get(name, {}))])


def train(strategy, *, model=None, columns=("seq",), shared=True, epochs=6, task=None, **options):
    task = task or toys.ToyTask()
    if model is None:
        model = toys.model(task, columns, shared, source=strategy.needs_source)
    sets = {"target": toys.examples(task, columns)}
    if strategy.needs_source:
        sets["source"] = toys.examples(task, columns, motif="GGCGGC", seed=1)
    valid = toys.examples(task, columns, seed=2, n=32)
    config = TrainingConfig(**{"epochs": epochs, "batch_size": 16, "lr": 1e-2, "keep": "last", **options})
    history = fit(
        model, {"target": task, "source": task}, strategy, TrainingSets(sets, valid), config, seed=0, quiet=True
    )
    return model, history


def assert_the_loss_falls(history, columns=("seq",), shared=True):
    """From the first epoch to the last; where a head is solved and there is one row, from before the training."""
    losses = [row.train_loss for row in history.rows]
    if len(losses) == 1:
        untrained, rows = toys.model(columns=columns, shared=shared), toys.examples(columns=columns)
        _, before = evaluate(untrained, toys.ToyTask(), rows, batch_size=16, precision="fp32", seed=0, keep=False)
        losses.insert(0, before)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_trains_in_the_same_loop(name):
    model, history = train(build(name))
    assert_the_loss_falls(history)
    start = toys.state(toys.model(source=build(name).needs_source).heads)
    end = model.heads.state_dict()
    assert all(not torch.equal(end[key], start[key]) for key in start), "all heads train"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shared", [True, False])
def test_two_input_columns_with_shared_and_separate_backbones(name, shared):
    columns = ("left", "right")
    _, history = train(build(name), columns=columns, shared=shared, epochs=4)
    assert_the_loss_falls(history, columns, shared)


@pytest.mark.parametrize("name", NAMES)
def test_groups_hold_every_parameter_once(name):
    strategy = build(name)
    for shared in (True, False):
        model = toys.model(columns=("left", "right"), shared=shared, source=True)
        strategy.prepare(model)
        grouped = [id(p) for group in strategy.param_groups(model, 1e-3) for p in group["params"]]
        assert sorted(grouped) == sorted(id(p) for p in model.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_blocks_hold_every_parameter_once_also_after_prepare(name):
    model = toys.model()
    build(name).prepare(model)
    backbone = model.backbones["seq"]
    inside = [id(p) for block in backbone.blocks() for p in block.parameters()]
    assert sorted(inside) == sorted(id(p) for p in backbone.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_closed_in_the_last_epoch_of_a_short_run_keeps_its_bits(name):
    """Whatever a strategy closes stays as it is, batch-norm statistics included."""
    strategy = build(name)
    model = toys.model(source=strategy.needs_source)
    start = toys.state(model)
    model, _ = train(strategy, model=model, epochs=1)
    for block_index, block in enumerate(model.backbones["seq"].blocks()):
        if any(p.requires_grad for p in block.parameters()):
            continue
        for key, value in block.state_dict().items():
            assert torch.equal(value, start[f"backbones.seq.layers.{block_index}.{key}"]), key


def test_frozen_keeps_the_backbone_bitwise_with_batch_norm_statistics():
    for cache in (True, False):
        model = toys.model()
        start = toys.state(model.backbones)
        train(build("frozen"), model=model, cache=cache)
        assert toys.equal(toys.state(model.backbones), start)


def test_without_gradient_alone_batch_norm_would_have_moved():
    model = toys.model()
    start = toys.state(model.backbones)
    model.backbones.requires_grad_(False)
    model.train()
    model(toys.examples().batch(range(16)))
    assert not toys.equal(toys.state(model.backbones), start)


def test_partial_trains_the_top_blocks_only():
    model, _ = train(combine([Piece(name="partial", top=1)]), model=toys.model(layers=3))
    assert [all(p.requires_grad for p in b.parameters()) for b in model.backbones["seq"].blocks()] == [0, 0, 1]
    with pytest.raises(ConfigError, match="top is 4, but the backbone has 3 blocks"):
        combine([Piece(name="partial", top=4)]).prepare(toys.model(layers=3))


def value(penalty):
    return penalty.item() if isinstance(penalty, torch.Tensor) else penalty


def opened(strategy, epochs, layers=3):
    model = toys.model(layers=layers)
    strategy.prepare(model)
    changed, states = [], []
    for epoch in range(epochs):
        changed.append(strategy.on_epoch(model, epoch, epochs))
        states.append([all(p.requires_grad for p in b.parameters()) for b in model.backbones["seq"].blocks()])
        assert all(p.requires_grad for p in model.heads.parameters())
    return changed, states


def test_gradual_unfreezing_opens_from_the_top():
    changed, states = opened(combine([Piece(name="gradual_unfreeze", every=1)]), 5)
    assert states == [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 1, 1]]
    assert changed == [True, True, True, True, False]


@pytest.mark.parametrize("epochs", [1, 2, 3, 8, 20])
@pytest.mark.parametrize("layers", [1, 3, 12])
def test_gradual_unfreezing_has_opened_all_by_half_of_the_epochs(epochs, layers):
    _, states = opened(build("gradual_unfreeze"), epochs, layers)
    assert all(states[epochs // 2])
    assert all(state == sorted(state) for state in states), "an open block lies above the closed ones"
    assert all(sum(a) <= sum(b) for a, b in pairwise(states)), "nothing closes again"
    assert epochs == 1 or not any(states[0]), "the head comes first"


def test_lp_ft_trains_the_head_first():
    changed, states = opened(combine([Piece(name="lp_ft", head_fraction=0.5)]), 4)
    assert states == [[0] * 3, [0] * 3, [1] * 3, [1] * 3]
    assert changed == [True, False, True, False]
    assert opened(build("lp_ft"), 1)[1] == [[1] * 3], "one epoch is left for everything"


def test_discriminative_rates_fall_towards_the_input():
    groups = combine([Piece(name="discriminative_lr", decay=0.5)]).param_groups(toys.model(layers=3), 1.0)
    assert [group["lr"] for group in groups] == [1.0, 0.5, 0.25, 0.125]


def test_l2_sp_is_zero_at_the_start_and_grows_with_the_distance():
    model, strategy = toys.model(), combine([Piece(name="l2_sp", weight=2.0)])
    strategy.prepare(model)
    assert value(strategy.penalty(model)) == 0.0
    with torch.no_grad():
        for parameter in model.backbones.parameters():
            parameter += 1.0
    moved = sum(p.numel() for p in model.backbones.parameters())
    assert value(strategy.penalty(model)) == pytest.approx(moved, rel=1e-5)
    sized = combine([Piece(name="l2_sp", weight=0.0, head_weight=2.0)])
    sized.prepare(model)
    assert value(sized.penalty(model)) == pytest.approx(sum(value((p**2).sum()) for p in model.heads.parameters()))


def test_l2_sp_stays_nearer_to_the_start():
    def distance(name, **options):
        model = toys.model()
        start = toys.state(model.backbones)
        train(combine([Piece(name=name, **options)]), model=model, weight_decay=0.0)
        return sum(value(((p - start[key]) ** 2).sum()) for key, p in model.backbones.named_parameters())

    assert distance("l2_sp", weight=1.0) < 0.5 * distance("full")


def test_joint_with_lambda_zero_is_source_training():
    joint = combine([Piece(name="joint", weight=0)])
    both, _ = train(joint)
    alone = toys.model(source=True)
    alone.heads["target"].load_state_dict(toys.model(source=True).heads["source"].state_dict())
    sets = TrainingSets({"target": toys.examples(motif="GGCGGC", seed=1)})
    config = TrainingConfig(epochs=6, batch_size=16, lr=1e-2, keep="last")
    fit(alone, {"target": toys.ToyTask()}, build("full"), sets, config, seed=0, quiet=True)
    assert toys.equal(toys.state(both.backbones), toys.state(alone.backbones))
    assert toys.equal(toys.state(both.heads["source"]), toys.state(alone.heads["target"]))
    untouched = toys.model(source=True).heads["target"]
    assert toys.equal(toys.state(both.heads["target"]), toys.state(untouched))


def test_joint_weighs_the_target():
    source, target = toys.examples(n=40).batch(range(8)), toys.examples(n=24).batch(range(8))
    steps = list(combine([Piece(name="joint", weight=0.3)]).batches([target], [source] * 3))
    assert [[(domain, weight) for domain, _, weight in step] for step in steps] == [
        [("source", 1.0), ("target", 0.3)]
    ] * 3, "one pass over the source, the target repeated"


def test_joint_without_source_says_what_to_do():
    with pytest.raises(ConfigError, match="needs source data; found none. Add `source:`"):
        next(iter(build("joint").batches([], None)))
    with pytest.raises(ConfigError, match="needs source data"):
        fit(
            toys.model(),
            {"target": toys.ToyTask()},
            build("joint"),
            TrainingSets({"target": toys.examples()}),
            TrainingConfig(),
            seed=0,
        )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("lora+gradual_unfreeze", "'lora' and 'gradual_unfreeze' both decide which weights are trainable; keep one"),
        ("frozen+full", "'frozen' and 'full' both decide which weights are trainable"),
        ("lp_ft+partial", "'lp_ft' and 'partial' both decide which weights are trainable"),
        ("scratch+l2_sp", "'l2_sp' presumes pre-trained weights and 'scratch' starts from random ones; keep one"),
        ("discriminative_lr+scratch", "'discriminative_lr' presumes pre-trained weights and 'scratch'"),
        ("scratch+lora", "'lora' presumes pre-trained weights"),
        ("auto+full", "'auto' chooses a whole strategy; it stands alone"),
        ("full+full", "'full' is listed twice"),
        ("frozn", "Unknown strategy 'frozn'. Did you mean 'frozen'"),
    ],
)
def test_conflicts_are_refused_by_name(names, message):
    with pytest.raises(ConfigError, match=message):
        combine(split(names))


@pytest.mark.parametrize(("first", "second"), list(combinations(NAMES, 2)))
def test_any_two_are_refused_or_train_together(first, second):
    try:
        strategy = combine([Piece(name=name, **OPTIONS.get(name, {})) for name in (first, second)])
    except ConfigError as error:
        assert first in str(error)
        assert second in str(error)
        return
    _, history = train(strategy, epochs=2)
    assert history.steps == 12


def test_combined_strategies_delegate():
    strategy = combine(split("gradual_unfreeze+discriminative_lr+l2_sp"))
    model = toys.model(layers=3)
    strategy.prepare(model)
    assert strategy.on_epoch(model, 0, 8)
    assert [group["lr"] for group in strategy.param_groups(model, 1.0)] == [1.0, 0.5, 0.25, 0.125]
    assert value(strategy.penalty(model)) == 0.0
    assert strategy.pretrained
    assert not strategy.needs_source
    assert not combine(split("scratch+joint")).pretrained
    assert combine(split("scratch+joint")).needs_source


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("partial", {"top": -1}, "top is -1; it must be a whole number, at least 0"),
        ("lp_ft", {"head_fraction": 1}, "head_fraction is 1; it must be a number between 0 and 1"),
        ("gradual_unfreeze", {"every": 0.5}, "every is 0.5; it must be a whole number"),
        ("discriminative_lr", {"decay": 0}, "decay is 0; it must be a number above 0"),
        ("l2_sp", {"weight": "much"}, "weight is 'much'; it must be a number, at least 0"),
        ("joint", {"weight": -1}, "weight is -1"),
        ("lora", {"rank": 0}, "rank is 0"),
        ("lora", {"alpha": 0}, "alpha is 0"),
        ("lora", {"dropout": 1}, "dropout is 1"),
        ("auto", {"budget": 2}, "budget is 2"),
        ("auto", {"candidates": []}, "candidates is"),
        ("auto", {"candidates": ["lora+frozen"]}, "both decide which weights are trainable"),
        ("auto", {"candidates": ["auto"]}, "'auto' cannot be a candidate of itself"),
        ("joint", {"lambda": 1}, "has no option 'lambda'"),
    ],
)
def test_options_are_checked(name, options, message):
    with pytest.raises(ConfigError, match=message):
        combine([Piece(name=name, **options)])


def test_auto_is_resolved_by_validation():
    auto = STRATEGIES.build("auto", candidates=["frozen", "full", "lp_ft+discriminative_lr"], budget=0.5)
    results = {}
    for name, pieces in auto.candidates.items():
        _, history = train(combine(pieces), epochs=auto.trial_epochs(12))
        results[name] = history.kept("best").score
    assert auto.choose(results) == max(results, key=results.get) == "full"
    with pytest.raises(ConfigError, match="'auto' names candidates"):
        train(auto)


def test_the_trained_model_predicts_what_it_was_trained_for():
    model, _ = train(build("full"), epochs=12)
    rows = toys.examples(seed=9)
    assert toys.accuracy(predict(model, rows, TrainingConfig()), rows) > 0.85
