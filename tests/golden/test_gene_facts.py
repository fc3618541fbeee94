"""Genes of real genomes: counts of the catalogue, and the scores that benchmarks/science/results/genes.json states."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from exapt.bio.genes.agreement import agreement
from exapt.bio.genes.model import load

BENCHMARKS = Path(__file__).parents[2] / "benchmarks" / "science"


@pytest.fixture(scope="module")
def benchmark():
    pytest.importorskip("pyrodigal")
    spec = importlib.util.spec_from_file_location("genes_benchmark", BENCHMARKS / "genes.py")
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def results():
    return json.loads((BENCHMARKS / "results" / "genes.json").read_text())["genomes"]


@pytest.mark.mirror
def test_ecoli_is_read_as_the_catalogue_counts_it(benchmark):
    genome = benchmark.ecoli()
    assert len(genome.letters) == 4_641_652 and len(genome.genes) == 4295 and len(genome.ribosomal) == 22
    assert len(np.unique(genome.truth.keys)) == 4285


@pytest.mark.mirror
@pytest.mark.parametrize("name", ["ctrachomatis_l2c", "ctrachomatis_g9768"])
def test_chlamydia_scores_are_those_of_the_results(benchmark, results, name):
    genome = benchmark.chlamydia(name)
    found = agreement(benchmark.exapt_genes(genome.letters, load()), genome.truth, len(genome.letters)).scores()
    stated = results[name]["methods"]["exapt"]["scores"]
    assert found == pytest.approx(stated, abs=0.002)  # other processors may round sums otherwise


@pytest.mark.mirror
def test_ribosomal_genes_of_chlamydia_are_recognised(benchmark):
    """The k-mers are those of E. coli; the annotation of C. trachomatis has two operons."""
    from exapt.bio.genes.codes import digits
    from exapt.bio.genes.ribosomal import ribosomal_regions

    genome = benchmark.chlamydia("ctrachomatis_l2c")
    regions = ribosomal_regions(digits(genome.letters), load().ribosomal)
    large = [(left, right) for left, right, _ in genome.ribosomal if right - left > 1000]
    assert len(large) == 4
    for left, right in large:
        shared = sum(max(0, min(right, b) - max(left, a)) for a, b in regions)
        assert shared > 0.8 * (right - left)


def test_what_the_page_says_is_measured(results):
    page = (BENCHMARKS.parents[1] / "docs" / "howto" / "genes.md").read_text(encoding="utf-8")
    for genome in results.values():
        for method in ("exapt", "Prodigal"):
            for score in ("f1", "exact"):
                assert f"{genome['methods'][method]['scores'][score]:.4f}" in page


def test_the_card_is_that_of_the_shipped_model():
    import yaml

    from exapt.bio.genes.model import SHIPPED
    from exapt.core.provenance import sha256

    card = yaml.safe_load(SHIPPED.with_suffix(".yaml").read_text(encoding="utf-8"))
    assert card["sha256"] == sha256(SHIPPED), "run `python benchmarks/science/genes.py --train`"
    assert card["licence"]
