"""What can be relied on, for all data: calibration, risk-coverage curves, conformal coverage, intervals of shares."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exapt.evaluate import conformal
from exapt.evaluate.abstention import aurc, fit_threshold, risk_coverage
from exapt.evaluate.calibration import fit_temperature, scale
from exapt.evaluate.shares import share

quick = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32)


def probabilities(rng, n, classes):
    return np.round(rng.dirichlet(np.full(classes, rng.choice([0.2, 1, 5])), n), rng.integers(1, 8))


@quick
@given(seeds, st.integers(2, 6), st.floats(0.06, 19))
def test_temperature_keeps_the_most_probable_class(seed, classes, temperature):
    before = probabilities(np.random.default_rng(seed), 30, classes) + 1e-3
    before /= before.sum(1, keepdims=True)
    after = scale(before, temperature)
    np.testing.assert_allclose(after.sum(1), 1)
    np.testing.assert_allclose(after.max(1), after[np.arange(30), before.argmax(1)])
    labels = scale(before, temperature, multilabel=True)
    assert ((labels > 0.5) == (before > 0.5))[np.abs(before - 0.5) > 1e-9].all()


@quick
@given(seeds, st.integers(2, 5))
def test_the_fitted_temperature_is_never_worse_than_none(seed, classes):
    rng = np.random.default_rng(seed)
    prediction, truth = probabilities(rng, 40, classes) + 1e-3, rng.integers(0, classes, 40)
    prediction /= prediction.sum(1, keepdims=True)
    rows = np.arange(40)
    before = -np.log(prediction[rows, truth]).mean()
    after = -np.log(scale(prediction, fit_temperature(truth, prediction))[rows, truth]).mean()
    assert after <= before + 1e-9


@quick
@given(seeds, st.integers(1, 60), st.integers(1, 12))
def test_risk_coverage_ends_at_the_error_and_does_not_depend_on_order(seed, n, levels):
    rng = np.random.default_rng(seed)
    confidence, right = rng.integers(0, levels, n) / levels, rng.integers(0, 2, n)
    coverage, risk = risk_coverage(confidence, right)
    assert (np.diff(coverage) > 0).all()
    assert coverage[-1] == 1
    assert np.isclose(risk[-1], 1 - right.mean())
    assert ((risk >= 0) & (risk <= 1 + 1e-12)).all()
    order = rng.permutation(n)
    assert np.isclose(aurc(confidence[order], right[order]), aurc(confidence, right))
    best, worst = aurc(right, right), aurc(1 - right, right)
    assert best - 1e-12 <= aurc(confidence, right) <= worst + 1e-12


@quick
@given(seeds, st.integers(1, 80), st.sampled_from([0.02, 0.1, 0.3]))
def test_the_threshold_keeps_its_promise_on_validation_and_answers_most(seed, n, rate):
    rng = np.random.default_rng(seed)
    confidence = rng.integers(0, 20, n) / 20
    right = (rng.random(n) < 0.5 + 0.5 * confidence).astype(int)
    threshold = fit_threshold(confidence, right, rate)

    def kept(bound):
        told = confidence >= bound
        return told.any() and ((1 - right[told]).sum() + 1) / (told.sum() + 1) <= rate + 1e-12

    if threshold is None:
        assert not any(kept(bound) for bound in confidence)
    else:
        assert kept(threshold)
        assert not any(kept(bound) for bound in confidence[confidence < threshold])


@quick
@given(seeds, st.integers(1, 60), st.sampled_from([0.5, 0.8, 0.9]))
def test_a_conformal_bound_is_an_exact_rank(seed, n, coverage):
    scores = np.random.default_rng(seed).integers(0, 9, n) / 9
    bound = conformal.quantile(scores, coverage)
    assert (scores <= bound).sum() >= min(n, np.ceil((n + 1) * coverage - 1e-9))
    if np.isfinite(bound):
        assert (scores < bound).sum() < (n + 1) * coverage


@quick
@given(seeds, st.integers(2, 6), st.floats(0, 1))
def test_sets_grow_with_the_bound_and_are_never_empty(seed, classes, bound):
    chance = probabilities(np.random.default_rng(seed), 20, classes)
    small, large = conformal.members(chance, bound), conformal.members(chance, bound + 0.1)
    assert (large | ~small).all()
    assert small.any(1).all()
    assert conformal.members(chance, np.inf).all()


def test_conformal_sets_cover_exchangeable_rows():
    """Mean over 400 draws of 60 validation and 60 test rows: at least 90 %, and not much more."""
    rng = np.random.default_rng(0)
    held = {"class": [], "number": []}
    for _ in range(400):
        truth = rng.integers(0, 4, 120)
        logits = 2 * (rng.normal(size=(120, 4)) + 1.5 * np.eye(4)[truth])
        chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        bound = conformal.bound_of(conformal.fit(truth[:60], chance[:60], "class"))
        held["class"].append(conformal.members(chance[60:], bound)[np.arange(60), truth[60:]].mean())
        error = rng.standard_t(3, 120)
        bound = conformal.bound_of(conformal.fit(error[:60], np.zeros(60), "number"))
        held["number"].append((np.abs(error[60:]) <= bound).mean())
    for kind, values in held.items():
        spread = np.std(values) / 20
        assert 0.9 - 2 * spread < np.mean(values) < 0.9 + 1 / 61 + 2 * spread, kind


def test_intervals_of_shares_hold_the_truth():
    """5 % errors; 60 independent rows, and 60 groups whose rows go together: 95 % or a little more."""
    rng = np.random.default_rng(0)
    hits = {"rows": 0, "groups": 0}
    for _ in range(600):
        found = share([rng.random(60) < 0.05], [np.ones(60)])
        hits["rows"] += found.low <= 0.05 <= found.high
        risks = np.repeat(rng.beta(0.5, 9.5, 60), 5)
        found = share([rng.random(300) < risks], [np.ones(300)], np.arange(300) // 5)
        hits["groups"] += found.low <= 0.05 <= found.high
    assert hits["rows"] / 600 >= 0.94
    assert 0.93 <= hits["groups"] / 600 <= 0.995
