"""Reliability bins and the expected calibration error."""

import numpy as np
import pytest

from exapt.core.errors import DataError
from exapt.evaluate.calibration import expected_calibration_error, reliability


def test_calibrated_probabilities_have_little_error_and_sure_ones_much():
    rng = np.random.default_rng(0)
    chance = rng.random(20_000)
    truth = (rng.random(20_000) < chance).astype(int)
    honest = np.stack([1 - chance, chance], axis=1)
    sure = np.eye(2)[(chance > 0.5).astype(int)]
    assert expected_calibration_error(truth, honest) < 0.02
    assert expected_calibration_error(truth, sure) == pytest.approx(0.25, abs=0.02), "claims 1, is right in 3 of 4"


def test_bins_cover_every_row_once():
    prediction = np.random.default_rng(0).dirichlet(np.ones(4), 200)
    prediction[0], prediction[1] = [1, 0, 0, 0], [0.25] * 4
    bins = reliability(np.zeros(200, dtype=int), prediction, bins=7)
    assert bins["n"].sum() == 200
    filled = bins[bins["n"] > 0]
    assert (filled["confidence"] > filled["low"]).all()
    assert (filled["confidence"] <= filled["high"] + 1e-12).all()
    assert bins[bins["n"] == 0][["confidence", "frequency"]].isna().all().all()


def test_missing_truth_is_left_out():
    prediction = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    assert reliability([0, -1, 0], prediction)["n"].sum() == 2
    labels = np.array([[1, np.nan], [0, 1]])
    assert reliability(labels, [[0.9, 0.2], [0.1, 0.8]])["n"].sum() == 3
    assert np.isnan(expected_calibration_error([-1, -1], prediction[:2]))


def test_labels_claim_their_own_probability():
    table = reliability(np.array([[1.0], [0.0]]), [[0.95], [0.05]])
    assert table["frequency"].iloc[0] == 0
    assert table["frequency"].iloc[-1] == 1


def test_shapes_are_checked():
    with pytest.raises(DataError, match="do not fit together"):
        reliability([0, 1], [[0.5, 0.5]])
