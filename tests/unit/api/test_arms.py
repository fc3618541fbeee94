"""Which arms a run has, what they are called, and which of them share one training."""

import math

import numpy as np
import pytest

from exapt.api._arms import ArmSpec, SeedResult, arm_name, arms, label, mean_valid, same_training, with_source
from exapt.api.curves import strategy
from exapt.api.finetuning import best_seed
from exapt.core.config import Piece, parse
from exapt.core.errors import ConfigError


def config(**values):
    return parse({"data": "x.csv", "task": "sequence_property", "backbone": "cnn", **values}, "test")


def pieces(*names):
    return tuple(Piece(name=name) for name in names)


def test_controls_stand_beside_the_transfer():
    assert [spec.name for spec in arms(config())] == ["transfer", "scratch", "frozen"]
    assert [spec.name for spec in arms(config(controls="none"))] == ["transfer"]
    assert [spec.pretrained for spec in arms(config())] == [True, False, True]


@pytest.mark.parametrize(
    ("task", "frozen"),
    [("sequence_property", "linear_probe"), ({"name": "sequence_property", "hidden": 8}, "frozen")],
)
def test_the_frozen_control_is_solved_where_the_head_is_linear(task, frozen):
    assert arms(config(task=task))[-1].strategy == pieces(frozen)


def test_further_strategies_have_names_of_their_own():
    also = [pieces("l2_sp", "discriminative_lr"), pieces("frozen"), pieces("scratch")]
    names = [spec.name for spec in arms(config(), also)]
    assert names == ["transfer", "l2_sp+discriminative_lr", "strategy:frozen", "strategy:scratch", "scratch", "frozen"]
    assert len({*names}) == len(names)


@pytest.mark.parametrize("text", ["full", "joint:weight=0.3", "joint:weight=0.3+l2_sp:weight=1;head_weight=2"])
def test_a_label_is_read_back(text):
    assert label(strategy(text)) == text
    assert arm_name(strategy(text)) == text


@pytest.mark.parametrize(
    ("text", "message"), [("frozn", "Did you mean 'frozen'"), ("joint:0.3", "write name:option=value"), ("", "''")]
)
def test_a_strategy_that_cannot_be_read_is_named(text, message):
    with pytest.raises(ConfigError, match=message):
        strategy(text)


def spec(*names, pretrained=True):
    return ArmSpec("x", pieces(*names), pretrained)


def test_one_training_serves_arms_that_would_be_equal():
    bare, given = config(), config(backbone={"name": "cnn", "weights": "cnn.tag"})
    assert same_training(spec("frozen"), spec("frozen"), given)
    assert same_training(spec("full"), spec("scratch", pretrained=False), bare)
    assert not same_training(spec("full"), spec("scratch", pretrained=False), given)
    assert not same_training(spec("frozen"), spec("scratch", pretrained=False), bare)
    assert not same_training(spec("full"), spec("l2_sp"), given)


def test_who_needs_source_data():
    auto = Piece.model_validate({"name": "auto", "candidates": ["joint+l2_sp", "full"]})
    assert with_source([spec("full"), spec("lora")]) == []
    assert with_source([spec("full"), spec("joint"), spec("joint")]) == ["joint"]
    assert with_source([ArmSpec("x", (auto,), True)]) == ["joint"]
    assert with_source([spec("auto")]) == []


def result(score, folder):
    return SeedResult(np.zeros((1, 2)), np.zeros((0, 2)), score, 1.0, 1, folder)


def test_the_best_seed_is_kept_and_the_first_where_validation_is_unknown(tmp_path):
    seeds = [result(score, tmp_path / str(i)) for i, score in enumerate([0.5, 0.9, 0.9])]
    assert best_seed(seeds) == 1
    assert mean_valid(seeds) == pytest.approx(2.3 / 3)
    unknown = [result(math.nan, tmp_path), *seeds]
    assert best_seed(unknown) == 0
    assert math.isnan(mean_valid(unknown))
