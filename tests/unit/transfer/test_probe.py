"""The linear probe: the optimum of other solvers, folded into the head, and nothing learned from validation."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

import toys
from exapt.core.config import Piece, TrainingConfig
from exapt.core.contracts import Column, Model
from exapt.core.errors import ConfigError, TrainingError
from exapt.core.registry import TASKS
from exapt.transfer.strategies._combine import combine
from exapt.transfer.training import TrainingSets, fit, predict
from exapt.transfer.training import probe as probing
from exapt.transfer.training.predict import evaluate, features

CONFIG = TrainingConfig(batch_size=16)
TARGETS = {"class": ["three"], "multilabel": ["motif", "early"], "number": ["content"]}


def table(kind="class", n=90, seed=0):
    """Toy sequences with three classes, two yes/no labels, or a number."""
    rows = toys.table(n=n, seed=seed)
    first = rows.frame["seq"].str[0].isin(list("AC")).astype(int)
    content = rows.frame["seq"].str.count("[GC]") / 24
    frame = rows.frame.assign(
        motif=rows.frame["y"], early=first, three=np.where(rows.frame["y"] == 0, 0, 1 + first), content=content
    )
    modality = "number" if kind == "number" else "label"
    targets = {name: Column("target", modality) for name in TARGETS[kind]}
    return replace(rows, frame=frame, columns={"id": Column("id", "label"), "seq": Column("input", "dna"), **targets})


def encoded(task, rows):
    examples = toys.examples(n=len(rows))
    inputs = {"seq": toys.ToyEncoder().encode(rows.frame["seq"])}
    return replace(examples, inputs=inputs, targets=task.targets(rows), ids=rows.ids())


def problem(kind="class", n=90, **options):
    """A fitted task, an untrained model, training rows and validation rows."""
    task = TASKS.build("sequence_property", **options)
    task.fit(table(kind, n))
    torch.manual_seed(0)
    backbone = toys.ToyBackbone(toys.ToyEncoder().inputs())
    model = Model({"seq": backbone}, {"target": task.build_head([backbone])})
    return task, model, encoded(task, table(kind, n)), encoded(task, table(kind, 40, seed=5))


def solve(task, model, train, valid=None, seed=0, score=None):
    strategy = combine([Piece(name="linear_probe")])
    sets = TrainingSets({"target": train}, valid)
    return fit(model, {"target": task}, strategy, sets, CONFIG, seed=seed, score=score, quiet=True)


def head(model):
    linear = model.heads["target"].linear
    return linear.weight.detach().double().numpy(), linear.bias.detach().double().numpy()


def standardised(model, examples, like=None):
    """Centred and divided by the standard deviation, that of the median feature where it is smaller."""
    x = features(model, examples, CONFIG).double().numpy()
    known = x if like is None else features(model, like, CONFIG).double().numpy()
    spread = known.std(0)
    return (x - known.mean(0)) / np.maximum(spread, np.sort(spread)[(len(spread) - 1) // 2])


@pytest.fixture
def strength(monkeypatch):
    """One strength, so that there is nothing to choose."""
    monkeypatch.setattr(probing, "STRENGTHS", (0.3,))
    return 0.3


def test_three_classes_equal_the_optimum_of_scikit_learn(strength):
    task, model, train, valid = problem("class")
    x = standardised(model, train)
    solve(task, model, train)
    other = LogisticRegression(C=1 / (strength * x.shape[1]), tol=1e-10, max_iter=10_000).fit(x, train.targets["y"])
    found = task.decode(predict(model, valid, CONFIG))
    np.testing.assert_allclose(found, other.predict_proba(standardised(model, valid, like=train)), atol=2e-4)


def test_two_yes_no_labels_equal_two_logistic_regressions(strength):
    task, model, train, valid = problem("multilabel")
    x, unseen = standardised(model, train), standardised(model, valid, like=train)
    solve(task, model, train)
    found = task.decode(predict(model, valid, CONFIG))
    for label, column in enumerate(train.targets["y"].T):
        other = LogisticRegression(C=1 / (2 * strength * x.shape[1]), tol=1e-10, max_iter=10_000).fit(x, column)
        np.testing.assert_allclose(found[:, label], other.predict_proba(unseen)[:, 1], atol=2e-4)


def test_a_number_equals_ridge_regression_where_no_residual_reaches_the_linear_part_of_the_loss(strength):
    task, model, train, valid = problem("number")
    train = replace(train, targets={"y": np.clip(train.targets["y"], 0.45, 0.55)})
    mean, scale = task.target.mean[0], task.target.scale[0]
    x, y = standardised(model, train), (train.targets["y"][:, 0] - mean) / scale
    other = Ridge(alpha=strength * x.shape[1]).fit(x, y)
    assert np.abs(other.predict(x) - y).max() < 1
    solve(task, model, train)
    found = (task.decode(predict(model, valid, CONFIG)) - mean) / scale
    np.testing.assert_allclose(found, other.predict(standardised(model, valid, like=train)), atol=2e-4)


def test_a_missing_value_counts_for_nothing(strength):
    task, model, train, _ = problem("multilabel")
    holes = train.targets["y"].copy()
    holes[:30, 0] = np.nan
    solve(task, model, replace(train, targets={"y": holes}))
    weight, bias = head(model)
    assert np.isfinite(weight).all()
    assert np.isfinite(bias).all()
    other = problem("multilabel")[1]
    solve(task, other, train)
    assert np.abs(head(other)[0] - weight).max() > 1e-3


@pytest.mark.parametrize("kind", TARGETS)
def test_the_model_gives_the_outputs_that_were_solved(kind, monkeypatch):
    task, model, train, valid = problem(kind)
    solved = []
    original = probing._minimise
    monkeypatch.setattr(probing, "_minimise", lambda *given: solved.append(original(*given)) or solved[-1])
    history = solve(task, model, train, valid)
    for rows, loss in ((train, history.rows[0].train_loss), (valid, history.rows[0].valid_loss)):
        x = torch.from_numpy(standardised(model, rows, like=train))
        outputs = predict(model, rows, CONFIG)
        np.testing.assert_allclose(outputs.numpy(), solved[-1](x).numpy(), atol=1e-5)
        assert evaluate(model, task, rows, batch_size=len(rows), precision="fp32", seed=0, keep=False)[1] == (
            pytest.approx(loss, rel=1e-5)
        )


def test_a_feature_that_never_varies_changes_nothing():
    task, model, train, _ = problem()
    with torch.no_grad():  # the last block adds a constant to one feature and nothing else reaches it
        model.backbones["seq"].layers[-1].mix.weight[0] = 0
        model.backbones["seq"].layers[-1].mix.bias[0] = 1e6
    assert features(model, train, CONFIG)[:, 0].std() < 1
    solve(task, model, train)
    assert torch.isfinite(predict(model, train, CONFIG)).all()


def test_no_feature_is_divided_by_less_than_the_median_deviation():
    x = torch.tensor([[0.0, 0.0, 0.0, 5.0], [1e-6, 2.0, 6.0, 5.0]]).double()
    assert probing._spread(x).tolist() == pytest.approx([1.0, 1.0, 3.0, 1.0])
    assert probing._spread(x[:, :3]).tolist() == pytest.approx([1.0, 1.0, 3.0])
    assert probing._spread(torch.ones(2, 3)).tolist() == [1.0, 1.0, 1.0]


def test_the_backbone_keeps_every_bit_and_the_head_loses_its_start():
    task, model, train, valid = problem()
    before, start = toys.state(model.backbones), toys.state(model.heads)
    history = solve(task, model, train, valid)
    assert toys.equal(toys.state(model.backbones), before)
    assert not toys.equal(toys.state(model.heads), start)
    assert not model.training
    trained = sum(parameter.numel() for parameter in model.heads.parameters())
    assert [(row.epoch, row.trainable) for row in history.rows] == [(1, trained)]
    assert history.steps > 1
    assert history.best_epoch == 1
    with torch.no_grad():
        for parameter in model.heads.parameters():
            parameter.fill_(9.0)
    again = solve(task, model, train, valid)
    assert again.rows[0].train_loss == history.rows[0].train_loss, "the start of the head does not matter"


def test_validation_rows_only_judge():
    def solved(valid, score=None):
        task, model, train, _ = problem()
        history = solve(task, model, train, valid, score=score)
        return toys.state(model), history

    _, _, train, valid = problem()
    lying = replace(valid, targets={"y": np.roll(valid.targets["y"], 1)})
    alone, without = solved(None)
    assert without.best_epoch is None
    assert np.isnan(without.rows[0].score)
    for rows in (valid, lying, train):
        state, history = solved(rows, score=lambda outputs, examples: float(outputs.sum()) + len(examples))
        assert toys.equal(state, alone)
        assert history.rows[0].valid_loss is not None
        assert history.kept("best").score == history.rows[0].valid_score


def test_the_same_seed_gives_the_same_bits_whatever_was_drawn_before():
    def solved(seed, noise):
        task, model, train, _ = problem()
        torch.manual_seed(noise)
        np.random.seed(noise)
        solve(task, model, train, seed=seed)
        return toys.state(model)

    assert toys.equal(solved(0, 1), solved(0, 2))


def test_the_seed_deals_the_folds_and_nothing_else(monkeypatch):
    task, first, train, _ = problem()
    assert not np.array_equal(probing._folds(train, 0), probing._folds(train, 1))
    monkeypatch.setattr(probing, "STRENGTHS", (0.3,))
    second = problem()[1]
    solve(task, first, train, seed=0)
    solve(task, second, train, seed=1)
    assert toys.equal(toys.state(first), toys.state(second))


def test_folds_hold_each_class_evenly():
    train = problem()[2]
    fold = probing._folds(train, 0)
    assert np.bincount(fold).tolist() == [18] * 5
    for name in range(3):
        counts = np.bincount(fold[train.targets["y"] == name], minlength=5)
        assert counts.max() - counts.min() <= 1


def chosen(train, task, x):
    return probing._choose(task, train, x, 3, seed=0)


def test_noise_asks_for_the_strongest_penalty_and_signal_for_a_weak_one():
    task, _, train, _ = problem()
    truth = train.targets["y"]
    generator = np.random.default_rng(0)
    noise = torch.from_numpy(generator.standard_normal((90, 30)))
    signal = torch.from_numpy(np.eye(3)[truth] + 0.01 * generator.standard_normal((90, 3)))
    assert chosen(train, task, noise) == max(probing.STRENGTHS)
    assert chosen(train, task, signal) == min(probing.STRENGTHS)


def test_fewer_rows_than_folds():
    task, model, train, _ = problem()
    few = train.take(np.array([0, 1, 5]))
    assert len(set(few.targets["y"])) > 1
    solve(task, model, few)
    assert torch.isfinite(predict(model, train, CONFIG)).all()


def test_a_head_with_a_hidden_layer_is_refused_by_name():
    task, model, train, _ = problem(hidden=4)
    with pytest.raises(ConfigError, match="'linear_probe' solves a linear head on pooled features"):
        solve(task, model, train)


def test_a_task_about_positions_is_refused_by_name():
    task = toys.PositionTask()
    task.fit(toys.table())
    with pytest.raises(ConfigError, match="'linear_probe' .* 'frozen'"):
        solve(task, toys.model(task), toys.examples(task))


def test_features_that_are_not_finite_are_refused():
    task, model, train, _ = problem()
    with torch.no_grad():
        model.backbones["seq"].layers[0].embedding.weight.fill_(float("inf"))
    with pytest.raises(TrainingError, match="features are not finite"):
        solve(task, model, train)
