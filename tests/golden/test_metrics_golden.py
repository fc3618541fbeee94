"""Numbers that are known from elsewhere; each says from where."""

import numpy as np
import pytest

from exapt.core.registry import METRICS
from exapt.evaluate.calibration import expected_calibration_error

SKLEARN = "scikit-learn 1.5 API reference, example of "


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def value(name, truth, prediction):
    return METRICS.get(name).value(truth, prediction)


def two(scores):
    scores = np.asarray(scores)
    return np.stack([1 - scores, scores], axis=1)


CLASSES = ([0, 1, 2, 0, 1, 2], one_hot([0, 2, 1, 0, 0, 1], 3))
RANKED = ([0, 0, 1, 1], two([0.1, 0.4, 0.35, 0.8]))
NUMBERS = ([3, -0.5, 2, 7], [2.5, 0.0, 2, 8])

GOLDEN = [
    ("macro_f1", *CLASSES, 0.2667, SKLEARN + "f1_score: 0.26..."),
    ("micro_f1", *CLASSES, 0.3333, SKLEARN + "f1_score: 0.33..."),
    ("macro_precision", *CLASSES, 0.2222, SKLEARN + "precision_score: 0.22..."),
    ("macro_recall", *CLASSES, 0.3333, SKLEARN + "recall_score: 0.33..."),
    ("accuracy", [0, 1, 2, 3], one_hot([0, 2, 1, 3], 4), 0.5, SKLEARN + "accuracy_score"),
    (
        "balanced_accuracy",
        [0, 1, 0, 0, 1, 0],
        one_hot([0, 1, 0, 0, 0, 1], 2),
        0.625,
        SKLEARN + "balanced_accuracy_score",
    ),
    ("mcc", [1, 1, 1, 0], one_hot([1, 0, 1, 1], 2), -1 / 3, SKLEARN + "matthews_corrcoef: -0.33..."),
    ("auroc", *RANKED, 0.75, SKLEARN + "roc_auc_score"),
    ("auprc", *RANKED, 0.8333, SKLEARN + "average_precision_score: 0.83..."),
    ("brier", [0, 1, 1, 0], two([0.1, 0.9, 0.8, 0.3]), 0.0375, SKLEARN + "brier_score_loss: 0.037..."),
    (
        "log_loss",
        [1, 0, 0, 1],
        [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]],
        0.21616,
        SKLEARN + "log_loss: 0.21616...",
    ),
    ("r2", *NUMBERS, 0.9486, SKLEARN + "r2_score: 0.948..."),
    ("rmse", *NUMBERS, 0.6124, SKLEARN + "root_mean_squared_error: 0.612..."),
    ("mae", *NUMBERS, 0.5, SKLEARN + "mean_absolute_error"),
    ("mae", [[0.5, 1], [-1, 1], [7, -6]], [[0, 2], [-1, 2], [8, -5]], 0.75, SKLEARN + "mean_absolute_error"),
    (
        "pearson",
        [1, 2, 3, 4, 5, 6, 7],
        [10, 9, 2.5, 6, 4, 3, 2],
        -0.828503883588428,
        "scipy reference, example of pearsonr",
    ),
    ("spearman", [1, 2, 3, 4, 5], [5, 6, 7, 8, 7], 0.8207826816681233, "scipy reference, example of spearmanr"),
    ("mse", *NUMBERS, 0.375, SKLEARN + "mean_squared_error"),
    # by hand: of 5 pairs with different truth, one is tied, one wrong and three right
    ("concordance", [5, 6, 6, 8], [2, 2, 1, 9], 3.5 / 5, "by hand, a tie counts one half, equal truth is no pair"),
    # by hand: R = 2^2 / (14/3 * 2), k = 18/26, R0 = 1 - (14 - 18^2/26) / 2
    (
        "rm2",
        [1, 2, 3],
        [1, 4, 3],
        3 / 7 * (1 - np.sqrt((3 / 7) ** 2 - (3 / 13) ** 2)),
        "by hand, as the program of DeepDTA computes it",
    ),
    # by hand: 7 of 8 right, support (4, 2, 2), guesses (3, 3, 2): covariance 7 * 8 - (12 + 6 + 4),
    # spreads 64 - 24 and 64 - 22
    (
        "mcc",
        [0, 0, 0, 0, 1, 1, 2, 2],
        one_hot([0, 0, 0, 1, 1, 1, 2, 2], 3),
        34 / np.sqrt(40 * 42),
        "by hand, Gorodkin 2004 equation 8",
    ),
    # by hand: label 1: hits 1, true 2, guessed 1 -> F1 2/3; label 2: known in two rows, 1 hit of 1 -> F1 1
    ("macro_f1", [[1, 1], [1, np.nan], [0, 0]], [[0.9, 0.8], [0.1, 0.9], [0.2, 0.1]], 5 / 6, "by hand"),
    # by hand: 5 known cells, one of them wrong
    ("accuracy", [[1, 1], [1, np.nan], [0, 0]], [[0.9, 0.8], [0.1, 0.9], [0.2, 0.1]], 0.8, "by hand"),
    # by hand: positives at 0.9 and 0.5, negatives at 0.5 and 0.1: (1 + 1 + 1/2 + 1) / 4 pairs
    ("auroc", [1, 0, 1, 0], two([0.9, 0.5, 0.5, 0.1]), 0.875, "by hand, a tie counts one half"),
    # by hand: thresholds 0.9 (1 of 1) and 0.5 (2 of 3): 1/2 * 1 + 1/2 * 2/3
    ("auprc", [1, 0, 1, 0], two([0.9, 0.5, 0.5, 0.1]), 5 / 6, "by hand, a tie is one threshold"),
    # by hand: three classes, one row, (0.5^2 + 0.3^2 + 0.2^2) with the truth at 0.5
    ("brier", [0], [[0.5, 0.3, 0.2]], 0.38, "by hand, Brier 1950: summed over the classes"),
]


@pytest.mark.parametrize(("name", "truth", "prediction", "expected", "source"), GOLDEN)
def test_golden(name, truth, prediction, expected, source):
    assert value(name, truth, prediction) == pytest.approx(expected, abs=6e-5), source


def test_expected_calibration_error():
    """By hand: four claims of 0.75 (two right) and one of 0.95 (right): 4/5 * 0.25 + 1/5 * 0.05."""
    claims = two([0.75, 0.75, 0.75, 0.75, 0.95])
    assert expected_calibration_error([1, 1, 0, 0, 1], claims) == pytest.approx(0.21)
