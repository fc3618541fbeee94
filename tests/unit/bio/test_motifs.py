"""Motifs: files, scores with exact p-values, comparison with calibrated p-values."""

import gzip
import io
from itertools import product

import numpy as np
import pytest

from exapt.bio.motifs import files
from exapt.bio.motifs.compare import Library, adjusted
from exapt.bio.motifs.motif import Motif, of_counts, one_hot
from exapt.bio.motifs.scan import scan, scores, tail
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import ConfigError, DataError

TRANSFAC = (
    "AC MA1\nXX\nID box\nXX\nDE MA1 box ; From X\nPO\tT\tG\tC\tA\n01\t9\t0\t0\t1\n02\t0\t0\t2\t8\nXX\n"
    "CC tax_group:vertebrates\nCC data_type:\nXX\n//\nAC MA2\nID other\nPO A C G T\n01 1 2 3 4\n//\n"
)
JASPAR = ">MA1 box\nA [ 1 8 ]\nC [ 0 2 ]\nG [ 0 0 ]\nT [ 9 0 ]\n>MA2\tother\nA 1\nC 2\nG 3\nT 4\n"


def random_motif(generator, name="m", length=8):
    return of_counts(name, 100 * generator.dirichlet([0.3] * 4, length))


@pytest.mark.parametrize("text", [TRANSFAC, JASPAR, TRANSFAC.replace("\n", "\r\n")])
def test_both_formats_say_the_same(text, tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(text.encode()))
    first, second = files.read(tmp_path / "x.gz")
    assert (first.id, first.name, second.id, second.name) == ("MA1", "box", "MA2", "other")
    assert first.counts.tolist() == [[1, 0, 0, 9], [8, 2, 0, 0]]
    assert second.counts.tolist() == [[1, 2, 3, 4]]
    assert first.about.get("tax_group", "vertebrates") == "vertebrates"


def test_meme_is_read_as_it_was_written(tmp_path):
    generator = np.random.default_rng(0)
    motifs = [Motif(f"m{i}", f"name {i}", generator.integers(0, 40, (i + 4, 4)) + 1.0) for i in range(5)]
    files.write_meme(tmp_path / "x.meme", motifs)
    text = (tmp_path / "x.meme").read_text()
    assert text.startswith("MEME version 4\n\nALPHABET= ACGT\n")
    again = files.read(tmp_path / "x.meme")
    assert [(one.id, one.name) for one in again] == [(one.id, one.name) for one in motifs]
    for one, other in zip(motifs, again, strict=True):
        np.testing.assert_allclose(one.frequencies(0), other.frequencies(0), atol=1e-6)
    with pytest.raises(DataError, match="one word"):
        files.write_meme(tmp_path / "y.meme", [Motif("a b", "", np.ones((1, 4)))])
    assert not (tmp_path / "y.meme").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("chr1\t0\t1\n", "x:1: motifs are read as TRANSFAC"),
        ("AC M\nPO A C G T\n01 1 2 three 4\n//\n", "line 3: counts are numbers"),
        ("AC M\nPO A C G T\n01 1 2 3 4\n", "cut short"),
        ("AC M\nPO A C G U\n01 1 2 3 4\n//\n", "columns A C G T"),
        ("AC M\nPO A C G T\n01 0 0 0 0\n//\n", "not all 0"),
        ("AC M\nPO A C G T\n01 -1 0 0 2\n//\n", "at least 0"),
        ("AC M\nPO A C G T\n//\n", "one position or more"),
        (">M\nA 1\nC 1\nG 1\n", "four lines"),
        ("MEME version 4\nMOTIF m\n", "letter-probability"),
        ("MEME version 4\n", "no motif"),
        ("AC M\nXX\n//\n", "no motif"),
    ],
)
def test_what_is_no_motif_is_said_with_its_line(text, message):
    with pytest.raises(DataError, match=message):
        files.parse(io.BytesIO(text.encode()), "x")


def test_p_values_of_scores_are_those_of_all_words():
    motif = random_motif(np.random.default_rng(1), length=6)
    bits = motif.log_odds()
    words = np.array(list(product(range(4), repeat=6)))
    found = bits[np.arange(6), words].sum(1)
    exact = (found[None] >= found[:300, None] - 1e-9).mean(1)
    said = tail(bits).p_values(found[:300])
    assert np.abs(said - exact).max() < 0.01
    skewed = (0.4, 0.1, 0.1, 0.4)
    chance = np.prod(np.array(skewed)[words], axis=1)
    exact = np.array([chance[found >= one - 1e-9].sum() for one in found[:300]])
    assert np.abs(tail(bits, skewed).p_values(found[:300]) - exact).max() < 0.01


def test_scanning_finds_both_strands_and_skips_unknown_letters():
    site = Motif("m", "m", 50 * one_hot("TGACGTAA"))
    text = "cc" + "tgacgtaa" + "GG" + reverse_complement("TGACGTAA") + "TGACNTAA"
    found = scan([text, "AC", ""], ["a", "b", "c"], site, p=1e-4)
    assert found[["id", "start", "end", "strand"]].to_numpy().tolist() == [["a", 2, 10, "+"], ["a", 12, 20, "-"]]
    forward, backward = scores(text, site)
    turned, again = scores(reverse_complement(text.upper()), site)
    np.testing.assert_allclose(forward, again[::-1])
    np.testing.assert_allclose(backward, turned[::-1])
    assert (forward < -1e6).sum() == 4  # the places that hold N


def test_reverse_complement_information_and_consensus():
    motif = Motif(
        "m", "m", np.vstack([np.full((2, 4), 5.0), 90 * one_hot("TATAWA".replace("W", "A")), np.ones((1, 4))])
    )
    assert motif.trimmed().consensus() == "TATAAA"
    assert motif.reverse_complement().trimmed().consensus() == "TTTATA"
    np.testing.assert_allclose(motif.reverse_complement().information(), motif.information()[::-1])
    assert Motif("n", "n", np.ones((3, 4))).trimmed().counts.shape == (3, 4)
    with pytest.raises(ValueError, match="one position"):
        of_counts("m", np.ones((3, 5)))


@pytest.mark.parametrize("measure", ["pearson", "euclid"])
def test_chance_matches_have_uniform_p_values(measure):
    generator = np.random.default_rng(2)
    known = [random_motif(generator, f"k{i}", int(generator.integers(6, 15))) for i in range(150)]
    columns = np.concatenate([motif.frequencies() for motif in known])
    queries = [Motif("q", "q", 100 * columns[generator.integers(0, len(columns), 9)]) for _ in range(15)]
    library = Library(known, measure)
    p = np.concatenate([library.matches(query, len(known))["p"].to_numpy() for query in queries])
    assert len(p) == 15 * 150
    for level in (0.5, 0.1, 0.02):
        assert 0.5 * level < (p <= level).mean() < 1.5 * level, level


@pytest.mark.parametrize("measure", ["pearson", "euclid"])
def test_sites_lead_back_to_their_motif(measure):
    """30 sites drawn from a motif, on the other strand and without its first position."""
    generator = np.random.default_rng(3)
    known = [random_motif(generator, f"k{i}", 10) for i in range(200)]
    library, ranks, strands = Library(known, measure), [], set()
    for motif in known[:20]:
        counts = np.array([generator.multinomial(30, row) for row in motif.frequencies()])
        best = library.matches(Motif("q", "q", counts[1:, :].astype(float)).reverse_complement(), 1).iloc[0]
        ranks.append(best["id"] == motif.id and best["q"] < 0.01)
        strands.add((best["strand"], int(best["overlap"])))
    assert np.mean(ranks) >= 0.95
    assert ("-", 9) in strands


def test_q_values_and_refusals():
    p = np.array([0.001, 0.2, 0.02, 0.9])
    assert adjusted(p).tolist() == pytest.approx([0.004, 0.8 / 3, 0.04, 0.9])
    with pytest.raises(ConfigError, match="pearson or euclid|euclid or pearson"):
        Library([Motif("m", "m", np.ones((2, 4)))], "cosine")
    with pytest.raises(ConfigError, match="no known motif"):
        Library([])
