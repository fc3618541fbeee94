"""Padding: right side only, and the mask says what is real."""

import numpy as np
import torch

from exapt.core.examples import stack


def test_letters():
    batch = stack([{"x": np.array([2, 3, 4], dtype=np.uint8)}, {"x": np.array([5], dtype=np.uint8)}])
    assert batch["x"].dtype == torch.int64
    assert batch["x"].tolist() == [[2, 3, 4], [5, 0, 0]]
    assert batch["mask"].tolist() == [[True] * 3, [True, False, False]]


def test_values_and_images():
    values = stack([{"x": np.ones((2, 3), np.float32)}, {"x": np.ones((4, 3), np.float32)}])
    assert values["x"].shape == (2, 4, 3)
    assert values["mask"].sum(1).tolist() == [2, 4]
    images = stack([{"x": np.ones((2, 3, 1), np.float32)}, {"x": np.ones((4, 2, 1), np.float32)}])
    assert images["x"].shape == (2, 4, 3, 1)
    assert images["mask"].sum((1, 2)).tolist() == [6, 8]


def test_equal_sizes_are_all_real():
    assert stack([{"x": np.zeros((1, 5), np.float32)}] * 3)["mask"].all()
