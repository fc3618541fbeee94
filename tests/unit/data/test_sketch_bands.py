"""Where few bands of a signature fit into a sketch, strangers must not look alike by chance."""

import numpy as np
import pytest

from exapt.data.leakage import similar, sketch, sketches

INNER = ("O", "N", "S", "CO", "CN", "C=C", "CC", "C(C)C")
ENDS = ("Cl", "F", "Br", "C#N", "C(=O)O", "Cc1ccccc1")


def molecules(n, seed):
    """Chains of random parts: different, and of the same few kinds of atoms."""
    rng = np.random.default_rng(seed)
    return ["C" + "".join(rng.choice(INNER, 8)) + rng.choice(ENDS) for _ in range(n)]


@pytest.mark.parametrize(("room", "fewest", "most", "power"), [(785_000, 8, 8, 4), (1_800, 1, 3, 8)])
def test_few_bands_are_long_ones(monkeypatch, room, fewest, most, power):
    monkeypatch.setattr(sketches, "BYTES", room)
    corpus = molecules(400, 0)
    made = sketch(corpus, "molecule")
    assert fewest <= made["near"]["bands"] <= most
    assert made["near"]["power"] == power
    assert (similar(made, corpus[:50]) == 1).all()
    strangers = sorted(set(molecules(400, 1)) - set(corpus))
    assert (similar(made, strangers) >= sketches.NEAR["molecule"]).mean() < 0.1


def test_long_bands_are_what_keeps_strangers_apart(monkeypatch):
    monkeypatch.setattr(sketches, "BYTES", 1_800)
    corpus, strangers = molecules(400, 0), molecules(400, 1)
    shares = []
    for rows in (4, 8):
        monkeypatch.setattr(sketches, "LONG_BAND", rows)
        shares.append((similar(sketch(corpus, "molecule"), strangers) >= sketches.NEAR["molecule"]).mean())
    assert shares[1] < shares[0] / 2
