"""The encoder of proteins by alignment: its panel, its scale, what it refuses."""

import numpy as np
import pytest

from exapt.bio.align.scores import normalised_scores
from exapt.core.contracts import Matrix
from exapt.core.errors import ConfigError, DataError
from exapt.data.encoders.alignment import Alignment

RNG = np.random.default_rng(0)
PROTEINS = ["".join(RNG.choice(list("ACDEFGHIKLMNPQRSTVWY"), n)) for n in (40, 25, 60, 33)]


def test_panel_is_each_training_protein_once_and_scores_are_standardised():
    encoder = Alignment().fit([*PROTEINS, *PROTEINS[:2]])
    assert encoder.panel == tuple(PROTEINS)
    x = np.concatenate([item["x"] for item in encoder.encode(PROTEINS)])
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(x.std(0), 1, atol=1e-6)
    raw = normalised_scores(PROTEINS, PROTEINS)
    np.testing.assert_allclose(x * encoder.std + encoder.mean, raw, atol=1e-6)


def test_a_large_training_set_gives_a_fixed_choice():
    encoder = Alignment(most=2).fit(PROTEINS)
    assert encoder.panel == Alignment(most=2).fit(PROTEINS[::-1]).panel
    assert len(encoder.panel) == 2
    assert encoder.inputs().size == 2


def test_one_training_protein_has_no_spread():
    encoder = Alignment().fit(PROTEINS[:1])
    assert np.isfinite(encoder.encode(PROTEINS)[1]["x"]).all()


def test_refusals():
    with pytest.raises(ConfigError, match="no panel yet"):
        Alignment().inputs()
    with pytest.raises(DataError, match="no training rows"):
        Alignment().fit([])
    with pytest.raises(DataError, match="reads proteins"):
        Alignment().fit(Matrix(np.zeros((2, 2))))
    with pytest.raises(ConfigError, match="most"):
        Alignment(most=0)
