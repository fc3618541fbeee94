"""Resampling over groups and seeds: pairing, coverage, honesty with few groups and few seeds."""

import numpy as np
import pytest

from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import METRICS
from exapt.evaluate import resampling
from exapt.evaluate.intervals import Interval, difference, groups_needed, interval, summary, verdict
from exapt.evaluate.resampling import LEFT_OUT, Resampling, SeedScores, group_codes, resample, score

ACCURACY, RMSE, AUROC, MACRO_F1, MCC = (METRICS.get(n) for n in ("accuracy", "rmse", "auroc", "macro_f1", "mcc"))


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
    monkeypatch.setattr(resampling, "BLOCK", 5000)
    draws = Resampling.over(np.arange(50), replicates=1001)
    blocks = [draws.drawn(start) for start in draws.starts()]
    assert len(blocks) > 3
    assert sum(map(len, blocks)) == 1001
    assert all((block.sum(1) == 50).all() for block in blocks)
    assert (blocks[0] != blocks[1]).any()


@pytest.mark.parametrize("n_groups", [7, 200, 201, 1037])
def test_the_jackknife_leaves_every_group_out_once(n_groups):
    weights = Resampling.over(np.arange(n_groups)).left_out()
    assert len(weights) == min(n_groups, LEFT_OUT)
    np.testing.assert_array_equal((weights == 0).sum(0), 1)
    assert np.ptp((weights == 0).sum(1)) <= 1, "parts of equal size"


def test_scores_are_those_of_the_weights():
    """What `score` shares between metrics, arms and processors is what each metric gives by itself."""
    rng = np.random.default_rng(0)
    truth, groups = rng.integers(0, 3, 90), rng.integers(0, 12, 90)
    arms = [rng.dirichlet(np.ones(3), 90) for _ in range(2)]
    metrics = [METRICS.get(name) for name in METRICS.names() if "class" in METRICS.get(name).kinds]
    draws = Resampling.over(groups, replicates=1000)
    weights = resample(groups, replicates=1000)
    for metric, found in zip(metrics, score([(metric, arms) for metric in metrics], truth, draws), strict=True):
        for seed, arm in enumerate(arms):
            assert found.values[seed] == pytest.approx(metric.value(truth, arm))
            np.testing.assert_allclose(found.replicates[seed], metric(truth, arm, weights), rtol=1e-9)
            np.testing.assert_allclose(
                found.left_out[seed], metric(truth, arm, draws.left_out()[:, draws.codes]), rtol=1e-9
            )


def test_missing_groups_are_their_own():
    assert group_codes([np.nan, "a", "a", np.nan]).tolist() == [1, 0, 0, 2]
    assert Resampling.over([None, None, None]).n_groups == 3


def test_too_few_replicates_and_no_rows_are_refused():
    with pytest.raises(ConfigError, match="999 replicates"):
        resample([0, 1], replicates=999)
    with pytest.raises(DataError, match="No test rows"):
        Resampling.over([])


def test_the_interval_of_independent_rows_is_that_of_the_normal_approximation():
    """By hand: 80 of 100 right, standard error sqrt(0.8 * 0.2 / 99), t of 99 degrees of freedom 1.984, logit."""
    truth = np.tile([0, 1], 50)
    found = interval(ACCURACY, truth, [decided(truth, np.arange(100) < 80)], np.arange(100))
    half = 1.984 * np.sqrt(0.8 * 0.2 / 99) / (0.8 * 0.2)
    assert found.value == 0.8
    assert found.low == pytest.approx(1 / (1 + np.exp(half) / 4), abs=0.006)
    assert found.high == pytest.approx(1 / (1 + np.exp(-half) / 4), abs=0.006)


def test_groups_widen_the_interval():
    truth = np.zeros(200, dtype=int)
    right = np.repeat(np.random.default_rng(0).random(20) < 0.7, 10)  # all rows of a group stand or fall together
    by_row = interval(ACCURACY, truth, [decided(truth, right)], np.arange(200))
    by_group = interval(ACCURACY, truth, [decided(truth, right)], np.repeat(np.arange(20), 10))
    assert (by_group.high - by_group.low) > 2.5 * (by_row.high - by_row.low)


def test_ends_stay_within_the_metric():
    truth = np.zeros(12, dtype=int)
    found = interval(ACCURACY, truth, [decided(truth, np.arange(12) > 0)], np.arange(12))
    assert 0.45 < found.low < 11 / 12 < found.high < 1
    numbers = np.random.default_rng(0).normal(size=(2, 12))
    assert interval(RMSE, numbers[0], [numbers[1]], np.arange(12)).low > 0


@pytest.mark.parametrize(("right", "low", "high"), [(True, 0.735, 1.0), (False, 0.0, 0.265)])
def test_a_perfect_score_is_not_certain(right, low, high):
    """By hand: Clopper and Pearson for 0 of 12, 1 - 0.025^(1/12) = 0.265."""
    truth = np.zeros(12, dtype=int)
    found = interval(ACCURACY, truth, [decided(truth, np.full(12, right))], np.arange(12))
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-4)


def test_two_groups_that_each_score_higher_than_both_together():
    """Each group holds the common class 1 and one of two rare ones, so that both together lack more.

    All bootstrap deviations are then 0 or positive, and an interval from their percentiles began at the score itself.
    """
    truth = np.r_[[0] * 10, [1] * 80, [2] * 10]
    guess = np.r_[[0] * 3, [1] * 94, [2] * 3]
    prediction, groups = np.eye(3)[guess], np.repeat([0, 1], 50)
    scores = score([(MACRO_F1, [prediction])], truth, Resampling.over(groups))[0]
    assert len(np.unique(scores.replicates)) <= 3
    assert (scores.replicates >= scores.values).all()
    found = interval(MACRO_F1, truth, [prediction], groups)
    assert found.low < found.value - 0.1
    assert found.high > found.value + 0.1


def test_a_metric_that_hangs_on_one_group_has_no_interval():
    """Without the only group with positive rows there is no AUROC, so nothing is known about its spread."""
    truth = np.r_[np.ones(5, dtype=int), np.zeros(45, dtype=int)]
    scores = np.random.default_rng(0).random(50)
    found = interval(AUROC, truth, [np.stack([1 - scores, scores], 1)], np.arange(50) // 5)
    assert np.isfinite(found.value)
    assert np.isnan([found.low, found.high]).all()


def test_rows_that_were_tested_again_are_the_same_units():
    """Three repeats of a split give every row three times; with its group it counts as one unit, without as three."""
    rng = np.random.default_rng(0)
    truth, groups = rng.integers(0, 2, 120), np.arange(120) // 3
    prediction = decided(truth, rng.random(120) < 0.8)
    once = interval(ACCURACY, truth, [prediction], groups)
    again = interval(ACCURACY, np.tile(truth, 3), [np.tile(prediction, (3, 1))], np.tile(groups, 3))
    np.testing.assert_allclose([again.value, again.low, again.high], [once.value, once.low, once.high], rtol=1e-9)
    independent = interval(ACCURACY, np.tile(truth, 3), [np.tile(prediction, (3, 1))], np.arange(360))
    assert (independent.high - independent.low) < 0.8 * (once.high - once.low)


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
    found = interval(ACCURACY, truth, [prediction], np.arange(1500))
    plain = np.quantile(ACCURACY(truth, prediction, resample(np.arange(1500))), [0.025, 0.975])
    np.testing.assert_allclose([found.low, found.high], plain, atol=2.5e-3)


def test_degrees_of_freedom_by_hand():
    """Sizes 400 and 39 times 10: 3 (160,000 + 3,900)^2 / (160,000^2 + 39 * 100^2) = 3.1480, minus 1."""
    assert Resampling.over(np.repeat(np.arange(40), [400, *[10] * 39])).freedom == pytest.approx(2.1480, abs=1e-4)
    assert Resampling.over(np.arange(400) % 40).freedom == 39
    assert Resampling.over(np.arange(400)).freedom == LEFT_OUT - 1
    assert Resampling.over(["a", "a", "b"]).freedom == 1


def test_undefined_replicates_are_left_out_and_counted():
    """Three positive rows of twelve are all missing from (9/12)^12 = 3.2 % of the replicates."""
    truth = np.array([1, 1, 1, *[0] * 9])
    scores = np.linspace(1, 0, 12)
    draws = Resampling.over(np.arange(12))
    found = score([(AUROC, [np.stack([1 - scores, scores], 1)])], truth, draws)[0]
    assert 15 < found.undefined() < 55
    assert np.isfinite(summary(found, draws).low)


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
    scores = SeedScores(np.array([0.5, 0.7]), np.array([[0.4, np.nan], [0.6, 0.7]]), np.ones((2, 3)))
    assert scores.undefined() == 1
    assert scores.times(-1).values.tolist() == [-0.5, -0.7]
    assert scores.minus(scores).values.tolist() == [0, 0]


def test_groups_needed_by_hand():
    """25 rows, difference 0.2 with deviation 0.5: (1.960 + 0.842)^2 * 0.5^2 / 0.2^2 = 49, of 25 / 24 for the spread."""
    draws = Resampling.over(np.arange(25))
    apart = np.where(np.arange(25) % 2, 1.0, -1.0)
    each = 0.2 + 0.5 * (apart - apart.mean()) / apart.std()

    def gain(*values):
        weights = np.concatenate([draws.drawn(start) for start in draws.starts()])
        left = draws.left_out() @ each / 24
        return SeedScores(
            np.array(values), np.tile(weights @ each / 25, (len(values), 1)), np.tile(left, (len(values), 1))
        )

    assert groups_needed(gain(0.2), draws, smallest=0.0) in range(50, 58)
    assert groups_needed(gain(0.2), draws, smallest=0.4) in range(12, 16)
    assert groups_needed(gain(0.2), draws, smallest=9.0) == 6
    assert groups_needed(gain(0.5, -0.1), draws, smallest=0.0) is None, "more groups do not help against the seeds"
