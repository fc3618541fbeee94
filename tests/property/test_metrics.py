"""A weighted score equals the score of the rows repeated by their weights, as scikit-learn and scipy compute it."""

import warnings

import numpy as np
import pytest
import scipy.stats
import sklearn.metrics as sk
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exapt.core.registry import METRICS

quick = settings(max_examples=60, deadline=None)


@st.composite
def class_problems(draw, fewest=2, most=5):
    n, c = draw(st.integers(3, 30)), draw(st.integers(fewest, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    truth = rng.integers(0, c, n)
    prediction = np.round(rng.dirichlet(np.ones(c), n), 1)  # few distinct scores: many ties
    weights = rng.integers(0, 4, (3, n))
    assume((weights.sum(1) > 0).all())
    return truth, prediction, weights


@st.composite
def number_problems(draw):
    n = draw(st.integers(3, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    place, scale = draw(st.sampled_from([(0, 1), (1e4, 1), (-3, 1e-3), (0, 1e5)]))
    truth = place + scale * np.round(rng.normal(size=n), 1)
    prediction = truth + scale * np.round(rng.normal(size=n), 1)
    return truth, prediction, rng.integers(0, 4, (3, n))


def repeated(array, weights):
    return np.repeat(array, weights, axis=0)


def varies(values):
    """Beyond rounding: -0.3 and 0.8 - 1.1 are the same number to every metric."""
    return len(values) > 0 and np.ptp(values) > 1e-9 * np.abs(values).max()


def check(name, problem, reference, *, only=lambda truth: True, rtol=1e-9):
    truth, prediction, weights = problem
    found = METRICS.get(name)(truth, prediction, weights)
    for value, weight in zip(found, weights, strict=True):
        true, guess = repeated(truth, weight), repeated(prediction, weight)
        if only(true):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert value == pytest.approx(reference(true, guess), rel=rtol, abs=1e-9), name


def guess(prediction):
    return prediction.argmax(1)


CLASS_REFERENCES = {
    "accuracy": lambda t, p: sk.accuracy_score(t, guess(p)),
    "balanced_accuracy": lambda t, p: sk.recall_score(t, guess(p), average="macro", labels=np.unique(t)),
    "macro_recall": lambda t, p: sk.recall_score(t, guess(p), average="macro", labels=np.unique(t)),
    "macro_precision": lambda t, p: sk.precision_score(t, guess(p), average="macro", zero_division=0),
    "macro_f1": lambda t, p: sk.f1_score(t, guess(p), average="macro"),
    "micro_f1": lambda t, p: sk.f1_score(t, guess(p), average="micro"),
    "log_loss": lambda t, p: -np.mean(np.log(np.clip(p[np.arange(len(t)), t], np.finfo(float).eps, 1))),
}


@pytest.mark.parametrize("name", CLASS_REFERENCES)
@given(problem=class_problems())
@quick
def test_scores_of_classes(name, problem):
    check(name, problem, CLASS_REFERENCES[name])


@given(problem=class_problems())
@quick
def test_mcc_of_classes(problem):
    check("mcc", problem, lambda t, p: sk.matthews_corrcoef(t, guess(p)), only=lambda t: len(set(t)) > 1)


BINARY_REFERENCES = {
    "recall": lambda t, p: sk.recall_score(t, guess(p)),
    "precision": lambda t, p: sk.precision_score(t, guess(p), zero_division=0),
    "f1": lambda t, p: sk.f1_score(t, guess(p)),
    "auroc": lambda t, p: sk.roc_auc_score(t, p[:, 1]),
    "auprc": lambda t, p: sk.average_precision_score(t, p[:, 1]),
    "brier": lambda t, p: sk.brier_score_loss(t, p[:, 1]),
}


@pytest.mark.parametrize("name", BINARY_REFERENCES)
@given(problem=class_problems(most=2))
@quick
def test_scores_of_two_classes(name, problem):
    truth, prediction, weights = problem
    prediction = np.stack([1 - prediction[:, 1], prediction[:, 1]], axis=1)
    check(name, (truth, prediction, weights), BINARY_REFERENCES[name], only=lambda t: len(set(t)) == 2)


@pytest.mark.parametrize(("name", "reference"), [("auroc", sk.roc_auc_score), ("auprc", sk.average_precision_score)])
@given(problem=class_problems(fewest=3))
@quick
def test_one_against_the_rest(name, reference, problem):
    def macro(truth, prediction):
        defined = [k for k in range(prediction.shape[1]) if 0 < (truth == k).sum() < len(truth)]
        return np.mean([reference(truth == k, prediction[:, k]) for k in defined])

    check(name, problem, macro, only=lambda t: len(set(t)) > 1)


LABEL_REFERENCES = {
    "accuracy": lambda t, p: sk.accuracy_score(t.ravel(), p.ravel() >= 0.5),
    "micro_f1": lambda t, p: sk.f1_score(t, p >= 0.5, average="micro", zero_division=np.nan),
    "macro_f1": lambda t, p: sk.f1_score(t, p >= 0.5, average="macro", zero_division=np.nan),
    "macro_recall": lambda t, p: sk.recall_score(t, p >= 0.5, average="macro", zero_division=np.nan),
    "brier": lambda t, p: np.mean((t - p) ** 2),
    "log_loss": lambda t, p: sk.log_loss(t.ravel(), np.clip(p.ravel(), 1e-16, 1), labels=[0, 1]),
}


@pytest.mark.parametrize("name", LABEL_REFERENCES)
@given(seed=st.integers(0, 2**32))
@quick
def test_scores_of_labels(name, seed):
    rng = np.random.default_rng(seed)
    truth, prediction = rng.integers(0, 2, (20, 3)), np.round(rng.random((20, 3)), 1)
    check(name, (truth, prediction, rng.integers(0, 3, (3, 20))), LABEL_REFERENCES[name], rtol=1e-6)


@pytest.mark.parametrize("name", ["auroc", "auprc", "mcc", "balanced_accuracy", "f1"])
@given(seed=st.integers(0, 2**32))
@quick
def test_a_label_scores_like_its_two_classes(name, seed):
    """The mean over labels equals the mean of two-class scores over the rows in which each label is known."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, (25, 3)).astype(float)
    truth[rng.random((25, 3)) < 0.2] = np.nan
    prediction, weights = np.round(rng.random((25, 3)), 1), rng.integers(1, 3, (2, 25))
    metric = METRICS.get(name)
    each = []
    for column, scores in zip(truth.T, prediction.T, strict=True):
        rows = np.isfinite(column)
        # 0.5 counts as a positive guess, and argmax takes the first class where both are equal
        both = np.stack([1 - scores - 1e-9, scores], axis=1)[rows]
        each.append(metric(column[rows].astype(int), both, weights[:, rows]))
    if np.isfinite(each).all():
        np.testing.assert_allclose(metric(truth, prediction, weights), np.mean(each, axis=0), atol=1e-9)


def concordance(truth, prediction):
    """The double loop of its definition."""
    pairs = [(i, j) for i in range(len(truth)) for j in range(len(truth)) if truth[i] > truth[j]]
    return np.mean([(prediction[i] > prediction[j]) + (prediction[i] == prediction[j]) / 2 for i, j in pairs])


def rm2(truth, prediction):
    """Step by step as DeepDTA describes it: R, and R0 of the line through the origin."""
    r = np.corrcoef(truth, prediction)[0, 1] ** 2
    slope = np.dot(truth, prediction) / np.dot(prediction, prediction)
    r0 = 1 - np.sum((truth - slope * prediction) ** 2) / np.sum((truth - np.mean(truth)) ** 2)
    return r * (1 - np.sqrt(abs(r**2 - r0**2)))


NUMBER_REFERENCES = {
    "mse": sk.mean_squared_error,
    "concordance": concordance,
    "rm2": rm2,
    "rmse": sk.root_mean_squared_error,
    "mae": sk.mean_absolute_error,
    "r2": sk.r2_score,
    "pearson": lambda t, p: scipy.stats.pearsonr(t, p)[0],
    "spearman": lambda t, p: scipy.stats.spearmanr(t, p)[0],
}


@pytest.mark.parametrize("name", NUMBER_REFERENCES)
@given(problem=number_problems())
@quick
def test_scores_of_numbers(name, problem):
    truth, prediction, weights = problem
    varied = [varies(repeated(truth, w)) and varies(repeated(prediction, w)) for w in weights]
    assume(any(varied))
    check(name, (truth, prediction, weights[varied]), NUMBER_REFERENCES[name], rtol=1e-6)


@given(problem=number_problems(), name=st.sampled_from(["r2", "pearson", "spearman", "rm2", "concordance"]))
@quick
def test_constant_truth_is_undefined(problem, name):
    truth, prediction, _ = problem
    weights = np.zeros((1, len(truth)), dtype=int)
    weights[0, 0] = 5
    assert np.isnan(METRICS.get(name)(truth, prediction, weights)).all()


@given(problem=number_problems(), name=st.sampled_from(sorted(NUMBER_REFERENCES)))
@quick
def test_several_targets_are_the_mean_over_columns(problem, name):
    truth, prediction, weights = problem
    metric = METRICS.get(name)
    shuffled = truth[::-1].copy()
    shuffled[0] = np.nan
    alone = np.stack([metric(truth, prediction, weights), metric(shuffled, prediction, weights)])
    assume(np.isfinite(alone).all())
    both = metric(np.stack([truth, shuffled], 1), np.stack([prediction, prediction], 1), weights)
    np.testing.assert_allclose(both, alone.mean(0), rtol=1e-9, atol=1e-12)
