import json

import numpy as np
import pytest

from exapt.core.contracts import Inputs, Matrix
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import ENCODERS
from exapt.data.encoders import pixels
from exapt.data.encoders.pixels import Pixels


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (11, 5, 4, 3)).astype(np.uint8)


def test_each_channel_has_mean_0_and_deviation_1(images, monkeypatch):
    monkeypatch.setattr(pixels, "CHUNK", 4)
    encoder = Pixels().fit(Matrix(images))
    x = np.stack([item["x"] for item in encoder.encode(Matrix(images))])
    assert (x.shape, x.dtype) == ((11, 5, 4, 3), np.float32)
    np.testing.assert_allclose(x.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std((0, 1, 2)), 1, atol=1e-5)
    assert encoder.inputs() == Inputs("image", 3)


def test_grey_images_get_a_channel(images):
    encoder = Pixels().fit(Matrix(images[..., 0]))
    assert encoder.encode(Matrix(images[..., 0]))[0]["x"].shape == (5, 4, 1)


def test_images_of_different_sizes_are_padded_with_the_average(images):
    ragged = [images[0], images[1, :3, :2]]
    encoder = Pixels().fit(ragged)
    batch = encoder.collate(encoder.encode(ragged))
    assert batch["mask"].sum((1, 2)).tolist() == [20, 6]
    assert not batch["x"][1][~batch["mask"][1]].any()


def test_bad_images_are_refused(images):
    encoder = Pixels().fit(Matrix(images))
    with pytest.raises(DataError, match="image 0 has shape .5, 4.; expected 3 channels"):
        encoder.encode(Matrix(images[..., 0]))
    with pytest.raises(DataError, match="not finite"):
        Pixels().fit(Matrix(np.full((1, 2, 2), np.nan)))
    with pytest.raises(DataError, match="no training rows"):
        Pixels().fit(Matrix(images[:0]))
    with pytest.raises(ConfigError, match="fit it"):
        Pixels().inputs()


def test_state_is_json_of_an_equal_encoder(images):
    encoder = Pixels().fit(Matrix(images))
    assert ENCODERS.build("pixels", **json.loads(json.dumps(encoder.state()))) == encoder
    assert encoder.fit(Matrix(images // 2)) == encoder
