"""Per-class scores and the confusion matrix, against scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics as sk

from exapt.core.errors import DataError
from exapt.evaluate.classes import confusion, per_class

NAMES = ["T", "B", "NK", "DC"]


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 80)  # DC does not occur
    return truth, rng.dirichlet(np.ones(4), 80)


def test_per_class_is_that_of_scikit_learn(problem):
    truth, prediction = problem
    found = per_class(truth, prediction, NAMES)
    scores = sk.precision_recall_fscore_support(truth, prediction.argmax(1), labels=range(4), zero_division=np.nan)
    precision, recall, f1, support = scores
    np.testing.assert_allclose(found["precision"], precision)
    np.testing.assert_allclose(found["recall"], recall)
    np.testing.assert_allclose(found["f1"][:3], f1[:3])
    assert found["support"].tolist() == support.tolist()
    assert found["guesses"].sum() == 80
    assert found.index.tolist() == NAMES


def test_a_class_that_is_never_guessed_has_precision_zero():
    found = per_class([0, 1], np.eye(2)[[0, 0]], ["a", "b"])
    assert found.loc["b", ["precision", "recall", "f1"]].tolist() == [0, 0, 0]


def test_labels_with_holes():
    truth = np.array([[1, np.nan], [0, 1], [1, 1]])
    found = per_class(truth, [[0.9, 0.9], [0.8, 0.9], [0.2, 0.1]], ["nausea", "rash"])
    assert found["support"].tolist() == [2, 2]
    assert found["guesses"].tolist() == [2, 1]
    assert found.loc["nausea", "precision"] == 0.5
    assert found.loc["rash", "recall"] == 0.5


def test_confusion_is_that_of_scikit_learn(problem):
    truth, prediction = problem
    truth[:5] = -1
    found = confusion(truth, prediction, NAMES)
    expected = sk.confusion_matrix(truth[5:], prediction[5:].argmax(1), labels=range(4))
    np.testing.assert_array_equal(found.to_numpy(), expected)
    assert found.columns.tolist() == NAMES


def test_refusals(problem):
    truth, prediction = problem
    with pytest.raises(DataError, match="3 names"):
        per_class(truth, prediction, NAMES[:3])
    with pytest.raises(DataError, match="Class number 7 has no name"):
        confusion(np.full(80, 7), prediction, NAMES)
    with pytest.raises(DataError, match="labels are not exclusive"):
        confusion(np.ones((2, 2)), np.ones((2, 2)), ["a", "b"])
