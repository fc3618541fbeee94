"""A second opinion by vectors of proteins, and windows with both alleles of a difference."""

import numpy as np
import pytest

from exapt.bio.compare import simulate
from exapt.bio.compare.opinion import nearest, reciprocal, second_opinion, whitened
from exapt.bio.compare.orthologs import Gene, Pair
from exapt.bio.compare.variants import Difference
from exapt.bio.compare.windows import alleles
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import ConfigError


def vectors_of(count, genomes, noise, seed=0, dim=8):
    """Genes of which number i is alike in all genomes; each genome has a direction of its own on top."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(count, dim))
    parts = [own + noise * rng.normal(size=own.shape) + 30 * rng.normal(size=dim) for _ in range(genomes)]
    return np.concatenate(parts).astype(np.float32)


def genes_of(count, genomes):
    return [Gene(name, "c", f"{name}{row}", "") for name in "ABC"[:genomes] for row in range(count)]


def pair(one, other):
    return Pair(one, other, 0.9, 1.0, 100.0, 0, "score")


def test_nearest_and_reciprocal_agree_with_the_whole_matrix():
    rng = np.random.default_rng(1)
    one, other = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in rng.normal(size=(2, 1500, 6)))
    table = one @ other.T
    there, back = nearest(one, other)
    assert (there.row == table.argmax(1)).all()
    assert (back.row == table.argmax(0)).all()
    assert np.allclose(there.second, np.sort(table, 1)[:, -2], atol=1e-6)
    found = {(alike.one, alike.other): alike.margin for alike in reciprocal(there, back)}
    best = {(i, j) for i, j in enumerate(table.argmax(1)) if table[:, j].argmax() == i}
    assert set(found) == best
    (i, j), margin = next(iter(found.items()))
    rivals = np.concatenate([np.delete(table[i], j), np.delete(table[:, j], i)])
    assert margin == pytest.approx(table[i, j] - rivals.max(), abs=1e-6)


def test_what_a_genome_has_in_common_is_taken_out():
    vectors = vectors_of(40, 2, 0.05)
    unit = whitened(vectors, [np.arange(40), np.arange(40, 80)])
    assert np.allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-5)
    there, _ = nearest(unit[:40], unit[40:])
    assert (there.row == np.arange(40)).all()
    raw = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (raw[:40] @ raw[40:].T).argmax(1).tolist() != list(range(40))


def test_the_scale_of_features_does_not_matter():
    vectors = vectors_of(300, 1, 0.0)
    scaled = vectors * np.array([1000, 1, 1, 1, 1, 1, 1, 0.01], dtype=np.float32)
    parts = [np.arange(300)]
    near = [nearest(*[whitened(one, parts)] * 2)[0].second for one in (vectors, scaled)]
    assert np.corrcoef(near)[0, 1] > 0.8


def test_agreement_and_remote_pairs_of_three_genomes():
    genes, vectors = genes_of(20, 3), vectors_of(20, 3, 0.01)
    known = [pair(0, 20), pair(1, 22), pair(2, 42)]
    found = second_opinion(genes, known, vectors)
    assert found.agreement == ("both", "none", "both")
    assert found.similarity[0] > 0.9 > found.similarity[1]
    told = {one[:2] for one in found.remote}
    assert (3, 23) in told
    assert (23, 43) in told
    assert (0, 20) not in told, "has a partner"
    assert (1, 21) not in told, "one of them has a partner in the other genome"
    assert (2, 22) not in told
    assert (1, 41) in told, "no partner in this genome"
    margins = [one.margin for one in found.remote]
    assert margins == sorted(margins, reverse=True)
    strict = second_opinion(genes, known, vectors, margin=margins[5])
    assert len(strict.remote) == 6


def test_bad_arguments_and_empty_sides():
    genes, vectors = genes_of(3, 2), vectors_of(3, 2, 0.1)
    with pytest.raises(ConfigError, match="6 genes need a vector each; found 5"):
        second_opinion(genes, [], vectors[:5])
    with pytest.raises(ConfigError, match="margin"):
        second_opinion(genes, [], vectors, margin=3)
    assert second_opinion([], [], vectors[:0]).remote == ()
    assert second_opinion(genes[:3], [], vectors[:3]).remote == ()


LETTERS = simulate.random_genome(200, seed=3)


@pytest.mark.parametrize("start", [0, 3, 100, 190, 199])
@pytest.mark.parametrize("circular", [False, True])
@pytest.mark.parametrize("change", ["substitution", "insertion", "deletion"])
def test_the_alternative_is_what_the_other_genome_has_there(start, circular, change):
    lost = 7 if change == "deletion" else 1
    if start + lost > len(LETTERS):
        start = len(LETTERS) - lost
    ref = LETTERS[start : start + lost]
    alt = {"substitution": "T" if ref[0] != "T" else "A", "insertion": ref[0] + "GATTACA", "deletion": ref[0]}[change]
    one = Difference("c", start, ref, alt)
    changed = LETTERS[:start] + alt + LETTERS[start + len(ref) :]
    pair = alleles(one, LETTERS, 41, circular=circular)
    assert [len(text) for text in pair] == [41, 41]
    if circular:
        assert pair[0] in LETTERS * 2
        assert pair[1] in changed * 2
        assert pair[0][20 - lost // 2 :].startswith(ref)
        assert pair[1][20 - lost // 2 :].startswith(alt)
    else:
        assert pair[0] in LETTERS
        assert pair[1] in changed
    assert pair[0] != pair[1]


def test_both_strands_give_the_same_windows_in_the_middle():
    one = Difference("c", 100, LETTERS[100], "T" if LETTERS[100] != "T" else "A")
    back = Difference("c", 99, *(reverse_complement(allele) for allele in one[2:]))
    forth = alleles(one, LETTERS, 31)
    assert [reverse_complement(text) for text in alleles(back, reverse_complement(LETTERS), 31)] == list(forth)


def test_short_contigs_and_short_windows():
    one = Difference("c", 5, "ACGTA", "A")
    assert alleles(one, "CCCCCACGTACCCCC", 12) is None
    assert alleles(one, "CCCCCACGTACCCCC", 11) == ("CCCACGTACCC", "CCCCCACCCCC")
    assert alleles(one, "CCCCCACGTACCCCC", 3) == ("ACG", "ACC")
