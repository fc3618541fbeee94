"""Encoder fingerprint: bits, counts, descriptors standardised on training rows, and a network that reads them."""

import numpy as np
import pytest

from exapt.bio.chem.fingerprints import DESCRIPTORS, descriptors, morgan
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import BACKBONES
from exapt.data.encoders.fingerprint import Fingerprint

TRAIN = ["CCO", "CCCCO", "c1ccccc1", "CC(=O)O", "CCO"]


def rows(encoder, smiles):
    return np.concatenate([item["x"] for item in encoder.encode(smiles)])


def test_bits_are_those_of_the_morgan_fingerprint():
    encoder = Fingerprint(bits=512, counts=False, descriptors=False)
    assert np.array_equal(rows(encoder, TRAIN), morgan(TRAIN, bits=512).toarray())
    assert encoder.inputs().size == 512


def test_counts_tell_chains_apart_that_bits_do_not():
    chains = ["C" * 8, "C" * 9]
    one, other = rows(Fingerprint(bits=4096, counts=False, descriptors=False), chains)
    assert np.array_equal(one, other)
    one, other = rows(Fingerprint(bits=4096, descriptors=False), chains)
    assert (other >= one).all()
    assert other.sum() > one.sum()


def test_descriptors_are_standardised_on_the_training_rows():
    encoder = Fingerprint(family=None, clip=None).fit(TRAIN)
    found = rows(encoder, TRAIN)
    known = descriptors(TRAIN)
    varies = known.std(0) > 1e-6
    assert found.shape == (5, len(DESCRIPTORS))
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(found[:, varies].std(0), 1, atol=1e-3)
    assert (found[:, ~varies] == 0).all()
    other = rows(encoder, ["CCCCCCCC"])
    place = DESCRIPTORS.index("MolWt")
    expected = (descriptors(["CCCCCCCC"])[0, place] - known[:, place].mean()) / known[:, place].std()
    assert other[0, place] == pytest.approx(expected, rel=1e-3)


def test_values_far_from_the_training_rows_are_clipped():
    encoder = Fingerprint(family=None, clip=3.0).fit(TRAIN)
    assert np.abs(rows(encoder, ["C" * 200, "[Pt]", "*"])).max() <= 3.0


def test_what_cannot_be_read_is_refused():
    with pytest.raises(DataError, match="encoder 'fingerprint': row 1 "):
        Fingerprint(descriptors=False).encode(["C", "C(C"])
    with pytest.raises(DataError, match="no training rows"):
        Fingerprint().fit([])


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="fit it on the training rows"):
        Fingerprint().encode(["C"])
    with pytest.raises(ConfigError, match="nothing is left"):
        Fingerprint(family=None, descriptors=False)
    with pytest.raises(ConfigError, match="Did you mean 'ecfp6', 'ecfp4'"):
        Fingerprint(family="ecfp")
    with pytest.raises(ConfigError, match="bits must be above 0"):
        Fingerprint(bits=0)
    with pytest.raises(ConfigError, match="learned 2 descriptors"):
        Fingerprint(mean=(0.0, 0.0), std=(1.0, 1.0)).encode(["C"])


def test_mlp_reads_molecules_through_it():
    encoder = Fingerprint(bits=64).fit(TRAIN)
    mlp = BACKBONES.build("mlp", inputs=encoder.inputs(), widths=[8])
    assert mlp.encoders["molecule"] == "fingerprint"
    assert mlp(encoder.collate(encoder.encode(TRAIN))).pooled.shape == (5, 8)
