"""Genes of RNA of real genomes: counts of the catalogue, and the scores that results/rna_genes.json states."""

import importlib
import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from exapt.bio.rna.model import load

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "science"


@pytest.fixture(scope="module")
def benchmark():
    pytest.importorskip("pyrodigal")
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield importlib.import_module("rna_genes")
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def results():
    return json.loads((BENCHMARKS / "results" / "rna_genes.json").read_text())["genomes"]


@pytest.mark.mirror
def test_genes_of_rna_of_ecoli_are_read_as_the_catalogue_counts_them(benchmark):
    annotation = benchmark.ecoli_annotation()
    found = Counter(kind for kind, _, _ in benchmark.places(annotation, next(iter(annotation.contigs))))
    assert found == {"tRNA": 86, "5S": 8, "16S": 7, "23S": 7, "other": 95, "RNase P": 1, "tmRNA": 1, "4.5S": 1, "6S": 1}


@pytest.mark.mirror
def test_chlamydia_scores_are_those_of_the_results(benchmark, results):
    found = benchmark.chlamydia_annotation("ctrachomatis_l2c")
    contig = max(found.letters, key=lambda name: len(found.letters[name]))
    letters = found.letters[contig].upper()
    true = [(kind, place) for kind, place, _ in benchmark.places(found, contig)]
    ours = benchmark.exapt_rna(letters, load())
    for kind in ("tRNA", "rRNA"):
        stated = results["ctrachomatis_l2c"]["methods"]["exapt"][kind]
        assert benchmark.compared(ours, true, len(letters), benchmark.CLASSES[kind]) == stated


def test_ecoli_is_cross_validated_as_the_page_says(results):
    scores = results["ecoli_k12"]["methods"]["exapt"]
    assert scores["rRNA"]["found"] == scores["rRNA"]["annotated"] == 22
    assert scores["tRNA"]["recall"][0] > 0.97 and scores["tRNA"]["precision"][0] > 0.97
    operons = results["ecoli_k12"]["operons"]
    assert operons["same_stem_where_together"] > 2 * operons["same_stem_where_apart"]
