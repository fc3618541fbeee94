"""Motifs planted into sequences are found again in the contributions of their letters, and in a trained network."""

import numpy as np
import pytest

from exapt.bio.motifs.compare import Library
from exapt.bio.motifs.discovery import discover
from exapt.bio.motifs.motif import Motif, of_counts, one_hot
from exapt.bio.motifs.seqlets import CORE, FLANK, WIDTH, aligned, moved, normalised, seqlets
from exapt.bio.sequence.alphabets import reverse_complement

LETTERS = np.array(list("ACGT"))
PLANTED = ("TGACTCAT", "CCACTAGGTGG")


def planted(generator, rows=240, length=80):
    """Random sequences; every second one carries one of two sites on a random strand, at a place that is returned."""
    sequences, places = [], []
    for row in range(rows):
        text = "".join(generator.choice(LETTERS, length))
        if row % 2:
            site = PLANTED[row // 2 % 2]
            start, turned = int(generator.integers(0, length - len(site))), bool(generator.integers(2))
            text = text[:start] + (reverse_complement(site) if turned else site) + text[start + len(site) :]
            places.append((row, start, start + len(site), "-" if turned else "+"))
        sequences.append(text)
    return sequences, places


def contributions(sequences, places, generator, effect=1.0):
    values = [generator.normal(0, 0.1, len(text)) for text in sequences]
    for row, start, end, _ in places:
        values[row][start:end] += effect
    return values


@pytest.mark.parametrize("sign", [1, -1])
def test_two_motifs_and_their_places_are_found(sign):
    generator = np.random.default_rng(0)
    sequences, places = planted(generator)
    values = contributions(sequences, places, generator, effect=float(sign))
    found = discover(sequences, values, sign=sign)
    assert len(found) == 2
    truth = {row: (start, end) for row, start, end, _ in places}
    for pattern in found:
        spellings = {pattern.motif.consensus(), pattern.motif.reverse_complement().consensus()}
        assert any(site in spelling for spelling in spellings for site in PLANTED)
        assert len(pattern.sites) >= 55
        hits = [truth.get(row, (-1, -1)) for row in pattern.sites["row"]]
        inside = [
            start <= known[1] and end >= known[0]
            for known, start, end in zip(hits, pattern.sites["start"], pattern.sites["end"], strict=True)
        ]
        assert np.mean(inside) > 0.95
        assert (np.sign(pattern.sites["score"]) == sign).all()
        assert np.sign(pattern.effect.sum()) == sign
        for row, start, end, strand, _ in pattern.sites.itertuples(index=False):  # places and letters agree
            site = sequences[row][start:end]
            site = site if strand == "+" else reverse_complement(site)
            likely = pattern.motif.frequencies()[: len(site)] * one_hot(site)
            assert len(site) < len(pattern.motif) or likely.sum(1).mean() > 0.7
    assert discover(sequences, values, sign=-sign) == []
    again = discover(sequences, values, sign=sign)
    assert [(one.motif.id, one.motif.counts.tolist()) for one in again] == [
        (one.motif.id, one.motif.counts.tolist()) for one in found
    ]


def test_noise_has_no_motifs():
    generator = np.random.default_rng(1)
    sequences, _ = planted(generator)
    assert discover(sequences, [generator.normal(0, 1, len(text)) for text in sequences]) == []
    assert discover(["ACG", ""], [np.ones(3), np.ones(0)]) == []
    assert discover(sequences, [np.zeros(len(text)) for text in sequences]) == []


def test_windows_at_the_ends_hang_over():
    text = "TGACTCATG" + "A" * 40
    values = np.concatenate([np.ones(CORE), np.zeros(40)])
    found = seqlets([text] * 30, [values] * 30)
    assert len(found) == 30
    assert (found.start == -FLANK).all()
    assert found.letters.shape == (30, WIDTH, 4)
    assert (found.letters[:, :FLANK] == 0).all()
    assert found.letters[0, FLANK : FLANK + CORE].argmax(1).tolist() == one_hot(text[:CORE]).argmax(1).tolist()


def test_alignment_and_its_inverse():
    generator = np.random.default_rng(2)
    window = np.zeros((1, WIDTH, 4), dtype=np.float32)
    window[0, 7:15] = generator.random((8, 4))
    window = normalised(window)
    for shift, turned in ((0, False), (3, False), (-5, True), (6, True)):
        other = moved(window[0], shift, turned)
        alike, back, sides = aligned(window, other[None])
        assert alike[0, 0] == pytest.approx(1.0, abs=1e-5)
        assert bool(sides[0, 0]) == turned
        np.testing.assert_allclose(moved(other, int(back[0, 0]), turned), window[0], atol=1e-6)


def test_a_known_factor_is_recovered_from_a_trained_model():
    """A logistic regression on words, trained on sequences with planted sites, explained by exchanging letters."""
    from sklearn.linear_model import LogisticRegression

    generator = np.random.default_rng(3)
    known = [of_counts(f"other{i}", 100 * generator.dirichlet([0.3] * 4, 9)) for i in range(300)]
    site = 60 * one_hot("CTATAAAAGG") + 2
    factor = Motif("MA0108", "TBP", site)
    sequences, labels = [], []
    for row in range(600):
        text = "".join(generator.choice(LETTERS, 50))
        if row % 2:
            start = int(generator.integers(0, 40))
            drawn = "".join(generator.choice(LETTERS, p=p) for p in factor.frequencies())
            text = text[:start] + drawn + text[start + 10 :]
        sequences.append(text)
        labels.append(row % 2)
    model = LogisticRegression(max_iter=300, C=0.3).fit(words(sequences[:400]), labels[:400])
    test = sequences[400:]
    weights = model.coef_[0]
    found = discover(test, [word_contributions(text, weights) for text in test])
    assert found
    best = Library([*known, factor]).matches(found[0].motif, 1).iloc[0]
    assert best["name"] == "TBP"
    assert best["q"] < 0.01


def ids_of(text, size=6):
    digits = one_hot(text).argmax(1)
    return sum(digits[i : len(digits) - size + 1 + i] * 4**i for i in range(size))


def words(sequences):
    return np.stack([np.bincount(ids_of(text), minlength=4**6) for text in sequences])


def word_contributions(text, weights, size=6):
    """Each word's weight, shared by its letters."""
    found = np.zeros(len(text))
    for start, word in enumerate(ids_of(text, size)):
        found[start : start + size] += weights[word] / size
    return found
