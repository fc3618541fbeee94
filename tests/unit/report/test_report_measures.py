"""The numbers behind the figures, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from exapt.report import ReportContent, measures


def binary(draw_scores):
    return st.integers(4, 60).flatmap(
        lambda n: st.tuples(
            st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda t: 0 < sum(t) < len(t)),
            st.lists(draw_scores, min_size=n, max_size=n),
        )
    )


@settings(deadline=None, max_examples=60)
@given(binary(st.integers(0, 9)))  # few distinct scores: many ties
def test_areas_equal_those_of_scikit_learn(case):
    truth, score = np.array(case[0]), np.array(case[1]) / 9
    curve, area = measures.roc(truth, score)
    assert area == pytest.approx(metrics.roc_auc_score(truth, score))
    assert (np.diff(curve) >= -1e-12).all()
    assert curve[-1] == pytest.approx(1.0)
    precision, average = measures.precision_recall(truth, score)
    assert average == pytest.approx(metrics.average_precision_score(truth, score))
    assert precision[-1] >= truth.mean() - 1e-12
    assert ((precision > 0) & (precision <= 1)).all()


def test_the_roc_grid_follows_the_exact_curve():
    rng = np.random.default_rng(0)
    truth = rng.random(400) < 0.3
    score = truth + rng.normal(0, 1, 400)
    curve, _ = measures.roc(truth, score)
    x, y, _ = metrics.roc_curve(truth, score, drop_intermediate=False)
    for at in (0.1, 0.35, 0.8):
        assert curve[np.flatnonzero(np.isclose(measures.GRID, at))[0]] == pytest.approx(y[x <= at].max(), abs=0.01)


def test_few_examples_make_steps_not_slopes():
    truth = np.array([True, False, True, False])
    curve, _ = measures.roc(truth, np.array([0.9, 0.8, 0.7, 0.1]))
    assert set(curve[1:100].tolist()) == {0.5}
    assert set(curve[100:].tolist()) == {1.0}


def test_a_perfect_ranking_has_a_square_curve():
    truth = np.array([True, True, False, False])
    curve, area = measures.roc(truth, np.array([0.9, 0.8, 0.2, 0.1]))
    assert area == 1.0
    assert curve[1:].tolist() == [1.0] * 200


def test_confusion_and_f1_are_means_over_seeds(run_folder):
    content = ReportContent.read(run_folder("helped"))
    classes = measures.classes_by_size(content)
    arm = measures.arm_classes(content, "transfer", classes)
    cells, f1 = np.zeros((10, 10)), np.zeros(10)
    for _, rows in content.predictions.query("arm == 'transfer'").groupby("seed"):
        cells += metrics.confusion_matrix(rows["truth"], rows["predicted"], labels=classes) / 3
        f1 += metrics.f1_score(rows["truth"], rows["predicted"], labels=classes, average=None, zero_division=0) / 3
    np.testing.assert_allclose(arm.confusion(), cells)
    np.testing.assert_allclose(arm.f1(), f1)
    assert classes[0] == "Dendritic"
    assert arm.sizes.tolist() == sorted(arm.sizes.tolist(), reverse=True)


def test_lumping_keeps_all_examples():
    cells = np.arange(49.0).reshape(7, 7)
    lumped, names = measures.lump(cells, list("abcdefg"), most=4)
    assert lumped.shape == (4, 4)
    assert lumped.sum() == cells.sum()
    assert names == ["a", "b", "c", "4 smaller classes"]


def test_an_arm_without_probabilities_has_no_curves(run_folder):
    content = ReportContent.read(run_folder("helped"))
    arm = measures.arm_classes(content, "baseline:nearest", measures.classes_by_size(content))
    assert arm.chances is None
    assert measures.class_curves(arm, "roc") == {}
    assert measures.reliability(arm) is None


def test_calibration_of_a_model_that_knows_its_chances():
    rng = np.random.default_rng(5)
    p = rng.uniform(0, 1, 40_000)
    truth = (rng.random(40_000) < p).astype(np.int64)
    seed = np.array(["0"] * len(p))
    honest = measures.ArmClasses(("no", "yes"), truth, truth, seed, np.stack([1 - p, p], axis=1))
    assert measures.calibration_error(measures.reliability(honest)) < 0.01
    sharp = np.clip(0.5 + 1.6 * (p - 0.5), 0, 1)
    boastful = measures.ArmClasses(("no", "yes"), truth, truth, seed, np.stack([1 - sharp, sharp], axis=1))
    table = measures.reliability(boastful)
    assert measures.calibration_error(table) > 0.08
    assert (table["confidence"] > table["accuracy"]).iloc[-1]
    assert table["examples"].sum() == len(p)
