"""Statistics of groups: many classes, ties, float weights that are whole, and all processors."""

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as sk

from exapt.core.registry import METRICS
from exapt.evaluate import resampling
from exapt.evaluate.metrics import _sums
from exapt.evaluate.resampling import Resampling, score


@pytest.mark.parametrize("kind", ["class", "multilabel"])
def test_many_columns_stay_sparse_and_equal(kind):
    """Forty classes or labels are more than the full matrices hold; scikit-learn says what is right."""
    rng = np.random.default_rng(0)
    if kind == "class":
        truth, prediction = rng.integers(0, 40, 300), rng.dirichlet(np.ones(40), 300)
        rows = np.repeat(np.arange(300), 2)
        expected = sk.f1_score(truth[rows], prediction.argmax(1)[rows], average="macro")
    else:
        truth, prediction = rng.integers(0, 2, (300, 40)).astype(float), rng.random((300, 40))
        expected = sk.f1_score(truth, prediction >= 0.5, average="macro")
    metric, codes = METRICS.get("macro_f1"), rng.integers(0, 25, 300)
    statistic = metric.statistic(truth, prediction, codes, 25)
    assert metric.finish(statistic(np.full((1, 25), 2.0)))[0] == pytest.approx(expected)
    weights = rng.integers(0, 3, (5, 25))
    full = metric(truth, prediction, weights[:, codes])
    np.testing.assert_allclose(metric.finish(statistic(weights)), full, rtol=1e-12)


def test_sums_are_over_groups():
    rows = np.arange(12.0).reshape(6, 2)
    sums = _sums.Sums(rows, np.array([2, 0, 2, 1, 0, 2]), 4)
    assert sums.by_group.tolist() == [[10, 12], [6, 7], [14, 17], [0, 0]]


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_spearman_with_few_and_without_ties(decimals):
    rng = np.random.default_rng(1)
    truth = np.round(rng.normal(size=50), decimals)
    prediction = np.round(truth + rng.normal(size=50), 8 - decimals)
    weights = rng.integers(0, 4, (20, 50))
    expected = [scipy.stats.spearmanr(np.repeat(truth, w), np.repeat(prediction, w))[0] for w in weights]
    np.testing.assert_allclose(METRICS.get("spearman")(truth, prediction, weights), expected, rtol=1e-9)


def test_processors_change_nothing(monkeypatch):
    rng = np.random.default_rng(2)
    truth, arm = rng.integers(0, 2, 80), rng.dirichlet([1, 1], 80)
    jobs = [(METRICS.get(name), [arm]) for name in ("auroc", "auprc", "mcc")]
    draws = Resampling.over(rng.integers(0, 30, 80), replicates=1000)
    alone = score(jobs, truth, draws)
    monkeypatch.setattr(resampling, "ALONE", 0)
    for one, other in zip(alone, score(jobs, truth, draws), strict=True):
        np.testing.assert_array_equal(one.replicates, other.replicates)
        np.testing.assert_array_equal(one.left_out, other.left_out)
