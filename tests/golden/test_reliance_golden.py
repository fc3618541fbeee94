"""Calibration, abstention and conformal numbers that were worked out by hand."""

import math

import numpy as np
import pytest

from exapt.evaluate import conformal
from exapt.evaluate.abstention import aurc, fit_rules
from exapt.evaluate.calibration import expected_calibration_error, fit_temperature, scale
from exapt.evaluate.shares import share


def test_temperature_of_one_repeated_claim():
    """All rows claim p, a share f is right: the likelihood is highest where the claim is f, T = logit p / logit f."""
    claim, share_right = 0.98, 0.7
    truth = [1] * 7 + [0] * 3
    expected = math.log(claim / (1 - claim)) / math.log(share_right / (1 - share_right))
    found = fit_temperature(truth, [[1 - claim, claim]] * 10)
    assert found == pytest.approx(expected, rel=1e-4)
    assert found == pytest.approx(4.5933, abs=1e-3)
    np.testing.assert_allclose(scale([[1 - claim, claim]], found), [[0.3, 0.7]], atol=1e-5)


def test_calibration_error_before_and_after():
    """Before: |0.98 - 0.7|. After: the claim is the frequency."""
    truth, prediction = [1] * 7 + [0] * 3, np.array([[0.02, 0.98]] * 10)
    assert expected_calibration_error(truth, prediction) == pytest.approx(0.28)
    assert expected_calibration_error(truth, scale(prediction, fit_temperature(truth, prediction))) < 1e-4


def test_area_under_risk_coverage():
    """Right, right, wrong, right, wrong from the surest on: (0 + 0 + 1/3 + 1/4 + 2/5) / 5."""
    assert aurc([0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 0, 1, 0]) == pytest.approx((1 / 3 + 1 / 4 + 2 / 5) / 5)


def test_conformal_rank():
    """19 scores 1 / 20 ... 19 / 20; 90 % of 20 is the 18th; the 17th score would hold 85 %."""
    assert conformal.quantile(np.arange(1, 20) / 20, 0.9) == 18 / 20
    assert conformal.quantile(np.arange(1, 20) / 20, 0.85) == 17 / 20


def test_rule_of_three():
    """No error in n rows: the upper end is 1 - 0.025^(1/n), about 3.7 / n (Clopper and Pearson)."""
    assert share([np.zeros(100)], [np.ones(100)]).high == pytest.approx(1 - 0.025 ** (1 / 100))
    assert share([np.zeros(100)], [np.ones(100)]).high == pytest.approx(0.0362, abs=1e-4)


def test_threshold_from_calibrated_claims():
    """39 of 40 at 0.99 are right: (1 + 1) / (40 + 1) = 4.9 %; the unsure ones are wrong half of the time."""
    truth = [1] * 39 + [0] + [1] * 10 + [0] * 10
    prediction = np.array([[0.01, 0.99]] * 40 + [[0.45, 0.55]] * 20)
    rules = fit_rules(truth, prediction, "class")
    assert rules["threshold"] == pytest.approx(scale([[0.01, 0.99]], rules["temperature"])[0, 1])


def test_usual_coverage_is_that_of_the_beta_distribution():
    """Vovk 2012: the coverage of one bound is Beta(k, n + 1 - k) with k = ceil((n + 1) * 0.9); n = 1000, k = 901."""
    from scipy.stats import beta

    assert conformal.usual(1000) == pytest.approx(beta(901, 100).ppf([0.025, 0.975]))
