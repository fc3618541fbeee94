"""Enrichment factors and BEDROC against RDKit's own, and their ties."""

import itertools

import numpy as np
import pytest

from exapt.core.registry import METRICS


def two_columns(scores):
    return np.stack([1 - scores, scores], axis=1)


def ranking(n, positives, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.zeros(n, dtype=int)
    truth[:positives] = 1
    return truth, (rng.random(n) + 0.4 * truth) / 2


@pytest.mark.parametrize(("n", "positives"), [(2000, 40), (333, 5), (15, 14), (101, 1), (100, 50)])
def test_as_rdkit(n, positives):
    from rdkit.ML.Scoring import Scoring

    truth, scores = ranking(n, positives)
    listed = [(float(scores[i]), int(truth[i])) for i in np.argsort(-scores)]
    found = {name: METRICS.get(name).value(truth, two_columns(scores)) for name in ("ef1", "ef5", "bedroc", "auroc")}
    assert found["bedroc"] == pytest.approx(Scoring.CalcBEDROC(listed, 1, 20.0), abs=1e-9)
    assert [found["ef1"], found["ef5"]] == pytest.approx(Scoring.CalcEnrichment(listed, 1, [0.01, 0.05]))
    assert found["auroc"] == pytest.approx(Scoring.CalcAUC(listed, 1), abs=1e-9)


@pytest.mark.parametrize("name", ["ef1", "ef5", "bedroc"])
def test_ties_are_the_mean_over_their_orders(name):
    metric = METRICS.get(name)
    truth = np.array([1, 0, 0, 1, 0, 0])
    scores = np.array([0.9, 0.9, 0.9, 0.5, 0.5, 0.1])
    breaks = itertools.product(itertools.permutations([0.0, 1e-6, 2e-6]), itertools.permutations([0.0, 1e-6]))
    each = [metric.value(truth, two_columns(scores + np.array([*a, *b, 0.0]))) for a, b in breaks]
    assert metric.value(truth, two_columns(scores)) == pytest.approx(np.mean(each), abs=1e-9)


def test_best_and_worst():
    truth = np.repeat([1, 0], [10, 990])
    best, worst = two_columns(1.0 - np.arange(1000) / 1000), two_columns(np.arange(1000) / 1000)
    assert [METRICS.get(name).value(truth, best) for name in ("ef1", "ef5", "bedroc")] == pytest.approx([100, 20, 1])
    assert [METRICS.get(name).value(truth, worst) for name in ("ef1", "ef5", "bedroc")] == pytest.approx([0, 0, 0])
