"""Bootstrap over groups and seeds: pairing, coverage, honesty with few groups and few seeds."""

import numpy as np
import pytest

from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import METRICS
from exapt.evaluate import intervals
from exapt.evaluate.intervals import (
    Bootstrap,
    Interval,
    SeedScores,
    difference,
    group_codes,
    interval,
    resample,
    score,
    summary,
    verdict,
)

ACCURACY, RMSE, AUROC = (METRICS.get(name) for name in ("accuracy", "rmse", "auroc"))


def decided(truth, right):
    """Probabilities of two classes that are right where told."""
    return np.eye(2)[np.where(right, truth, 1 - truth)]


def test_resample_draws_whole_groups_with_replacement():
    groups = np.repeat(np.arange(20), np.arange(1, 21))
    weights = resample(groups, replicates=1500, seed=4)
    assert weights.shape == (1500, len(groups))
    first = np.searchsorted(groups, np.arange(20))
    per_group = weights[:, first]
    np.testing.assert_array_equal(weights, per_group[:, groups])
    np.testing.assert_array_equal(per_group.sum(1), 20)
    assert abs(per_group.mean() - 1) < 1e-12
    assert abs(per_group.var() - 0.95) < 0.05, "a multinomial count of 20 draws from 20 has variance 1 - 1/20"
    np.testing.assert_array_equal(weights, resample(groups, replicates=1500, seed=4))
    assert (weights != resample(groups, replicates=1500, seed=5)).any()


def test_blocks_cover_all_replicates(monkeypatch):
    monkeypatch.setattr(intervals, "BLOCK", 5000)
    draws = Bootstrap.over(np.arange(17), replicates=1001)
    blocks = list(draws.blocks())
    assert len(blocks) > 3
    assert sum(map(len, blocks)) == 1001
    assert all((block.sum(1) == 17).all() for block in blocks)


def test_missing_groups_are_their_own():
    assert group_codes([np.nan, "a", "a", np.nan]).tolist() == [1, 0, 0, 2]
    assert Bootstrap.over([None, None, None]).n_groups == 3


def test_too_few_replicates_and_no_rows_are_refused():
    with pytest.raises(ConfigError, match="999 replicates"):
        resample([0, 1], replicates=999)
    with pytest.raises(DataError, match="No test rows"):
        Bootstrap.over([])


def test_the_interval_of_independent_rows_is_that_of_the_normal_approximation():
    """By hand: 80 of 100 right, standard error sqrt(0.8 * 0.2 / 99), t of 99 degrees of freedom 1.984."""
    truth = np.tile([0, 1], 50)
    found = interval(ACCURACY, truth, [decided(truth, np.arange(100) < 80)], np.arange(100))
    half = 1.984 * np.sqrt(0.8 * 0.2 / 99)
    assert found.value == 0.8
    assert found.low == pytest.approx(0.8 - half, abs=0.012)
    assert found.high == pytest.approx(0.8 + half, abs=0.012)


def test_groups_widen_the_interval():
    truth = np.zeros(200, dtype=int)
    right = np.repeat(np.random.default_rng(0).random(20) < 0.7, 10)  # all rows of a group stand or fall together
    by_row = interval(ACCURACY, truth, [decided(truth, right)], np.arange(200))
    by_group = interval(ACCURACY, truth, [decided(truth, right)], np.repeat(np.arange(20), 10))
    assert (by_group.high - by_group.low) > 2.5 * (by_row.high - by_row.low)


def test_ends_stay_within_the_metric():
    truth = np.zeros(12, dtype=int)
    found = interval(ACCURACY, truth, [decided(truth, np.arange(12) > 0)], np.arange(12))
    assert found.high == 1.0
    assert found.low > 0.6


def test_one_group_gives_no_interval():
    found = interval(ACCURACY, [0, 1], [decided(np.array([0, 1]), [True, False])], ["a", "a"])
    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()
    assert verdict(found) == "no evidence"


def test_the_difference_is_paired():
    """Arms that err on the same rows differ by much less than their own intervals are wide."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    hard = rng.random(300) < 0.35
    first, second = decided(truth, ~hard), decided(truth, ~hard & (rng.random(300) > 0.03))
    alone = interval(ACCURACY, truth, [first], np.arange(300))
    gain = difference(ACCURACY, truth, ([first], [second]), np.arange(300))
    assert 0 < gain.low < gain.value < gain.high < 0.05
    assert (gain.high - gain.low) < 0.5 * (alone.high - alone.low)
    assert verdict(gain) == "helped"


def test_identical_arms_differ_by_exactly_nothing():
    truth = np.random.default_rng(0).integers(0, 2, 50)
    arm = [decided(truth, np.random.default_rng(seed).random(50) < 0.7) for seed in range(3)]
    assert difference(ACCURACY, truth, (arm, arm), np.arange(50)) == Interval(0.0, 0.0, 0.0)


def test_a_lower_error_is_a_gain():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=100)
    close, far = truth + 0.1 * rng.normal(size=100), truth + rng.normal(size=100)
    assert verdict(difference(RMSE, truth, ([close], [far]), np.arange(100))) == "helped"
    assert verdict(difference(RMSE, truth, ([far], [close]), np.arange(100))) == "hurt"


def test_one_prediction_is_compared_with_every_seed():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 80)
    arm = [decided(truth, rng.random(80) < 0.8) for _ in range(3)]
    fixed = decided(truth, rng.random(80) < 0.6)
    once = difference(ACCURACY, truth, (arm, [fixed]), np.arange(80))
    assert once == difference(ACCURACY, truth, (arm, [fixed] * 3), np.arange(80))
    with pytest.raises(DataError, match=r"\[2, 3\] seeds"):
        difference(ACCURACY, truth, (arm, [fixed] * 2), np.arange(80))


def test_seeds_that_disagree_widen_the_interval():
    truth = np.zeros(1000, dtype=int)
    same = [decided(truth, np.arange(1000) < 800)] * 3
    apart = [decided(truth, np.arange(1000) < count) for count in (700, 800, 900)]
    narrow, wide = (interval(ACCURACY, truth, arm, np.arange(1000)) for arm in (same, apart))
    assert [narrow.value, wide.value] == pytest.approx([0.8, 0.8])
    assert (wide.high - wide.low) > 3 * (narrow.high - narrow.low)


def test_many_groups_and_one_seed_is_the_plain_percentile_interval():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 1500)
    prediction = decided(truth, rng.random(1500) < 0.7)
    draws = Bootstrap.over(np.arange(1500))
    found = summary(score([(ACCURACY, [prediction])], truth, draws)[0], draws)
    plain = np.quantile(ACCURACY(truth, prediction, resample(np.arange(1500))), [0.025, 0.975])
    np.testing.assert_allclose([found.low, found.high], plain, atol=2e-4)


def test_undefined_replicates_are_left_out_and_counted():
    """Three positive rows of twelve are all missing from (9/12)^12 = 3.2 % of the replicates."""
    truth = np.array([1, 1, 1, *[0] * 9])
    scores = np.linspace(1, 0, 12)
    draws = Bootstrap.over(np.arange(12))
    found = score([(AUROC, [np.stack([1 - scores, scores], 1)])], truth, draws)[0]
    assert 30 < found.undefined() < 110
    assert np.isfinite(summary(found, draws).low)


def test_coverage_of_accuracy_with_groups():
    """The 95 % interval holds the true accuracy about 95 times in 100 where rows of a group are alike."""
    rng, hits, simulations = np.random.default_rng(1), 0, 200
    groups = np.repeat(np.arange(40), 5)
    truth = np.zeros(200, dtype=int)
    for number in range(simulations):
        ease = rng.beta(3.5, 1.5, size=40)  # mean 0.7: the true accuracy over all groups that there could be
        found = interval(
            ACCURACY, truth, [decided(truth, rng.random(200) < ease[groups])], groups, replicates=1000, seed=number
        )
        hits += found.low <= 0.7 <= found.high
    assert 0.90 <= hits / simulations <= 0.985


@pytest.mark.parametrize("spread", [0.0, 0.03])
def test_equal_arms_are_rarely_told_apart(spread):
    """Three seeds, arms drawn alike; `spread` is how much seeds differ (rows alone give a deviation of 0.015)."""
    rng, wrong, simulations = np.random.default_rng(2), 0, 200
    truth = np.zeros(600, dtype=int)
    for number in range(simulations):
        ease = rng.beta(7, 3, size=600)

        def arm(ease=ease):
            return [decided(truth, rng.random(600) < np.clip(ease + spread * rng.normal(), 0, 1)) for _ in range(3)]

        gain = difference(ACCURACY, truth, (arm(), arm()), np.arange(600), replicates=1000, seed=number)
        wrong += verdict(gain) != "no evidence"
    assert wrong / simulations <= 0.08


def test_a_real_gain_is_found():
    rng = np.random.default_rng(3)
    truth = np.zeros(400, dtype=int)
    better, worse = ([decided(truth, rng.random(400) < share) for _ in range(3)] for share in (0.8, 0.65))
    gain = difference(ACCURACY, truth, (better, worse), np.arange(400))
    assert verdict(gain) == "helped"
    assert gain.value == pytest.approx(0.15, abs=0.03)


def test_scores_of_seeds():
    scores = SeedScores(np.array([0.5, 0.7]), np.array([[0.4, np.nan], [0.6, 0.7]]))
    assert scores.undefined() == 1
    assert scores.times(-1).values.tolist() == [-0.5, -0.7]
    assert scores.minus(scores).values.tolist() == [0, 0]
