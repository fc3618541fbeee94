"""Thresholds, risk-coverage curves, conformal bounds and shares, by hand."""

import numpy as np
import pytest
import scipy.stats

from exapt.core.errors import ConfigError, DataError
from exapt.evaluate import conformal
from exapt.evaluate.abstention import apply, aurc, fit_rules, fit_threshold, risk_coverage
from exapt.evaluate.calibration import fit_temperature, scale
from exapt.evaluate.shares import share


def test_equally_sure_rows_share_their_mistakes():
    _, risk = risk_coverage([0.5] * 4, [0, 1, 1, 1])
    assert risk.tolist() == [0.25] * 4
    assert aurc([0.5] * 4, [1, 1, 1, 0]) == 0.25


def test_rows_without_truth_are_left_out():
    coverage, _ = risk_coverage([0.9, 0.8, 0.7], [1, np.nan, 0])
    assert coverage.tolist() == [0.5, 1.0]
    assert np.isnan(aurc([0.5], [np.nan]))
    assert fit_threshold([0.5], [np.nan]) is None


@pytest.mark.parametrize(
    ("right", "threshold"),
    [
        ([1] * 19, 0.0),  # (0 + 1) / (19 + 1) = 5 %: all can be answered
        ([1] * 18, None),  # 1 / 19 > 5 %
        ([1] * 19 + [0], pytest.approx(0.82)),  # with the last one 2 / 21 > 5 %
        ([0] * 30, None),
        ([1] * 39 + [0] + [1] * 40, 0.0),  # 2 / 81: a late right answer makes up for the mistake
    ],
)
def test_the_threshold_by_hand(right, threshold):
    confidence = 1 - 0.01 * np.arange(len(right))
    assert fit_threshold(confidence, right, 0.05) == threshold


def test_no_threshold_cuts_through_equally_sure_rows():
    confidence = [0.9] * 20 + [0.8] * 20
    right = [1] * 20 + [1] * 10 + [0] * 10
    assert fit_threshold(confidence, right, 0.05) == 0.9


def test_without_a_threshold_all_rows_are_unknown():
    rules = fit_rules([0, 1] * 5, [[0.6, 0.4]] * 10, "class")
    assert rules["threshold"] is None
    assert apply(rules, [[0.99, 0.01]], ["a", "b"]).unknown.tolist() == [True]


def test_too_few_validation_rows_leave_every_class_possible():
    rules = fit_rules([0] * 8, [[0.9, 0.1]] * 8, "class")
    assert rules["conformal"]["bounds"] == [None]
    assert apply(rules, [[0.2, 0.8]], ["a", "b"]).sets == ["b | a"]


def test_labels_have_sets_with_question_marks():
    rules = {"kind": "multilabel", "temperature": 1.0, "threshold": 0.8, "error_rate": 0.05,
             "conformal": {"bounds": [0.6]}}  # fmt: skip
    found = apply(rules, [[0.9, 0.5, 0.1], [0.1, 0.2, 0.3]], ["x", "y", "z"])
    assert found.sets == ["x | y?", ""]
    assert found.unknown.tolist() == [[False, True, False], [False, False, True]]


def test_numbers_have_intervals():
    rules = {"kind": "number", "temperature": None, "threshold": None, "conformal": {"bounds": [0.5, None]}}
    found = apply(rules, [[1.0, 2.0]])
    assert found.sets == ["0.5 to 1.5 | -inf to inf"]
    assert found.unknown is None
    assert apply({**rules, "conformal": {"bounds": [0.25]}}, [1.0, 2.0]).sets == ["0.75 to 1.25", "1.75 to 2.25"]


def test_names_must_fit():
    rules = fit_rules([0] * 20, [[0.9, 0.1]] * 20, "class")
    with pytest.raises(DataError, match="3 names"):
        apply(rules, [[0.5, 0.5]], ["a", "b", "c"])


@pytest.mark.parametrize("wrong", [0, 1, 5, -0.1])
def test_rates_out_of_range_are_refused(wrong):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        fit_threshold([0.5], [1], wrong)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        conformal.quantile([0.5], wrong)


def test_the_temperature_is_the_one_of_the_maximum():
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(500, 4))
    truth = np.array([rng.choice(4, p=row) for row in scale(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), 2)])
    prediction = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    found = fit_temperature(truth, prediction)
    assert found == pytest.approx(2, rel=0.15)

    def loss(temperature):
        return -np.log(scale(prediction, temperature)[np.arange(500), truth]).mean()

    assert loss(found) < min(loss(found * 1.02), loss(found / 1.02))


def test_a_temperature_that_nothing_bounds_is_one():
    assert fit_temperature([0] * 30, [[0.9, 0.1]] * 30) == 1.0
    assert fit_temperature([-1], [[0.9, 0.1]]) == 1.0
    assert fit_temperature([0, 1], [[0.0, 1.0], [1.0, 0.0]]) == pytest.approx(20, rel=0.01), "always wrong, always sure"


def test_independent_rows_give_the_exact_binomial_interval():
    events = np.zeros(40)
    events[:6] = 1
    found = share([events], [np.ones(40)])
    exact = scipy.stats.binomtest(6, 40).proportion_ci(method="exact")
    assert found.value == 0.15
    assert found.low == pytest.approx(exact.low, abs=0.01)
    assert found.high == pytest.approx(exact.high, abs=0.015)
    assert found.high >= exact.high, "a variance from 40 rows is itself uncertain"


def test_rows_of_a_group_count_less():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    events = np.repeat(rng.random(20) < 0.5, 10)
    alone, together = share([events], [np.ones(200)]), share([events], [np.ones(200)], groups)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_seeds_that_differ_widen_the_interval():
    same, other = np.array([1, 0] * 50), np.array([1, 1, 1, 0] * 25)
    steady = share([same, same, same], [np.ones(100)] * 3)
    moody = share([same, other, same], [np.ones(100)] * 3)
    assert moody.high - moody.low > 1.3 * (steady.high - steady.low)


def test_what_cannot_be_said_is_nan():
    assert np.isnan(share([np.zeros(5)], [np.zeros(5)]).value)
    one_group = share([np.array([1, 0])], [np.ones(2)], ["a", "a"])
    assert one_group.value == 0.5
    assert np.isnan(one_group.low)
    empty_seed = share([np.zeros(5), np.ones(5)], [np.zeros(5), np.ones(5)])
    assert empty_seed.value == 1.0
