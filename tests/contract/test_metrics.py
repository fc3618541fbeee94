"""Every registered metric through the same checks."""

import ast
import time
from pathlib import Path

import numpy as np
import pytest

import exapt.evaluate.metrics
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import METRICS
from exapt.evaluate.metrics._metric import Metric, find

NAMES = METRICS.names()
ENRICHMENT = ("ef1", "ef5")
N = 60


def example(kind, seed=0, n=N):
    """Truth and a fair prediction."""
    rng = np.random.default_rng(seed)
    if kind == "class":
        truth = rng.integers(0, 3, n)
        return truth, 0.3 * np.eye(3)[truth] + 0.7 * rng.dirichlet(np.ones(3), n)
    if kind == "multilabel":
        truth = rng.integers(0, 2, (n, 4)).astype(float)
        return truth, np.clip(0.4 * truth + 0.6 * rng.random((n, 4)), 0, 1)
    truth = rng.normal(size=(n, 2))
    return truth, truth + 0.5 * rng.normal(size=(n, 2))


def perfect(kind, truth):
    return np.eye(3)[truth] if kind == "class" else truth


CASES = [(name, kind) for name in NAMES for kind in METRICS.get(name).kinds]


def test_the_metrics_of_the_design_are_there():
    wanted = {"accuracy", "balanced_accuracy", "recall", "precision", "f1", "macro_f1", "micro_f1", "mcc", "auroc"}
    assert wanted | {"auprc", "rmse", "mae", "r2", "pearson", "spearman"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_declaration(name):
    metric = METRICS.get(name)
    assert isinstance(metric, Metric)
    assert metric.name == name, "the name is the file name"
    assert metric.label
    assert metric.kinds
    assert metric.bounds[0] < metric.bounds[1]
    assert METRICS.describe()[name].endswith((".", ")."))
    assert find(name) is metric
    with pytest.raises(AttributeError):
        metric.name = "other"


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_no_weights_is_every_row_once(name, kind):
    metric = METRICS.get(name)
    truth, prediction = example(kind)
    once = metric(truth, prediction, np.ones((2, N), dtype=np.int32))
    np.testing.assert_allclose(once, [metric.value(truth, prediction)] * 2, rtol=1e-12)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_weight_is_a_repetition(name, kind):
    metric = METRICS.get(name)
    truth, prediction = example(kind)
    weights = np.random.default_rng(1).integers(0, 4, (5, N))
    expected = [metric.value(np.repeat(truth, w, axis=0), np.repeat(prediction, w, axis=0)) for w in weights]
    np.testing.assert_allclose(metric(truth, prediction, weights), expected, rtol=1e-9)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_blocks_of_replicates_change_nothing(name, kind, monkeypatch):
    metric = METRICS.get(name)
    truth, prediction = example(kind)
    weights = np.random.default_rng(2).integers(0, 3, (50, N))
    whole = metric(truth, prediction, weights)
    monkeypatch.setattr("exapt.evaluate.metrics._metric.BLOCK", 1)
    monkeypatch.setattr("exapt.evaluate.metrics._ranking.BLOCK", 1)
    monkeypatch.setattr("exapt.evaluate.metrics._ranks.BLOCK", 1)
    monkeypatch.setattr("exapt.evaluate.metrics._concordance.BLOCK", 1)
    np.testing.assert_allclose(metric(truth, prediction, weights), whole, rtol=1e-12)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_perfect_is_best_and_bounds_hold(name, kind):
    metric = METRICS.get(name)
    truth, prediction = example(kind)
    best, fair = metric.value(truth, perfect(kind, truth)), metric.value(truth, prediction)
    assert metric.bounds[0] <= fair <= metric.bounds[1]
    if name in ENRICHMENT:  # the best that there can be is 1 / share of positives, and many rankings reach it
        assert fair - 1e-9 <= best <= metric.bounds[1]
        return
    assert best == pytest.approx(1.0 if metric.higher_is_better else 0.0, abs=1e-9)
    assert metric.sign * best > metric.sign * fair


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_missing_truth_is_left_out(name, kind):
    metric = METRICS.get(name)
    truth, prediction = example(kind)
    weights = np.random.default_rng(3).integers(0, 3, (4, N))
    holes = truth.copy()
    holes[:10] = -1 if kind == "class" else np.nan
    expected = metric(truth[10:], prediction[10:], weights[:, 10:])
    np.testing.assert_allclose(metric(holes, prediction, weights), expected, rtol=1e-9)
    if kind == "class":
        as_floats = np.where(holes < 0, np.nan, holes)
        np.testing.assert_allclose(metric(as_floats, prediction, weights), expected, rtol=1e-9)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_nothing_known_is_undefined_not_an_error(name, kind):
    metric = METRICS.get(name)
    truth, prediction = example(kind)
    assert np.isnan(metric(truth, prediction, np.zeros((3, N), dtype=int))).all()
    nothing = np.full(truth.shape, -1 if kind == "class" else np.nan)
    assert np.isnan(metric.value(nothing, prediction))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_shapes_that_do_not_fit_are_refused(name, kind):
    metric = METRICS.get(name)
    truth, prediction = example(kind)
    with pytest.raises(DataError, match=name):
        metric(truth[:-1], prediction)
    with pytest.raises(DataError, match="weights"):
        metric(truth, prediction, np.ones((2, N + 1)))
    broken = prediction.copy()
    broken[3, 0] = np.nan
    with pytest.raises(DataError, match=f"1 of {N} rows"):
        metric(truth, broken)


@pytest.mark.parametrize("name", ["auroc", "auprc"])
def test_one_class_is_undefined_not_one_half(name):
    found = METRICS.get(name)([0, 0, 1], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], [[1, 1, 1], [2, 1, 0], [0, 0, 3]])
    assert np.isnan(found).tolist() == [False, True, True]


def test_unknown_metric_offers_the_nearest():
    with pytest.raises(ConfigError, match="'macro_f1'"):
        find("macrof1")


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_two_thousand_replicates_of_two_thousand_rows_are_quick(name, kind):
    metric = METRICS.get(name)
    truth, prediction = example(kind, n=2000)
    weights = np.random.default_rng(0).integers(0, 3, (2000, 2000), dtype=np.int32)
    start = time.process_time()
    metric(truth, prediction, weights)
    assert time.process_time() - start < 2.5, "well under a second on a free machine; the rest is for a busy one"


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_groups_are_rows_with_one_weight(name, kind):
    """Statistics of groups give what the rows give; a group without rows changes nothing."""
    metric = METRICS.get(name)
    truth, prediction = example(kind)
    holes = truth.copy()
    holes[:5] = -1 if kind == "class" else np.nan
    codes = np.random.default_rng(4).integers(0, 9, N)
    weights = np.random.default_rng(5).integers(0, 4, (6, 11))
    found = metric.finish(metric.statistic(holes, prediction, codes, 11)(weights))
    np.testing.assert_allclose(found, metric(holes, prediction, weights[:, codes]), rtol=1e-12)


def test_no_metric_loops_over_replicates():
    """The functions of the metric files hold no loop."""
    for path in Path(exapt.evaluate.metrics.__file__).parent.glob("[a-z]*.py"):
        loops = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.For | ast.While)]
        assert not loops, path.name
