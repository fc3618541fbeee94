"""Labels of bases through the public verbs: an annotated genome in, a run, exons of another genome out."""

import json
import shutil
import subprocess

import gffutils
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from exapt import api
from exapt.app.cli.main import app
from exapt.bio.formats import gff3
from exapt.core.config import parse
from exapt.core.errors import ConfigError, DataError

GENE = "ATGGCAGCAGGTAAGTTTTTCTTTTCTTTTCAGCAGCAGCATAA"  # two exons, an intron GT..AG
SPACER = 60


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """Eighty genes with one intron each, between random letters, and their GFF3."""
    folder = tmp_path_factory.mktemp("genome")
    rng = np.random.default_rng(0)
    letters, lines = "", ["##gff-version 3"]
    for number in range(80):
        letters += "".join(rng.choice(list("CT"), SPACER))
        start = len(letters)
        letters += GENE
        parts = ((start + 1, start + 10), (start + 34, start + 44))
        whole = f"chr1\ttoy\t%s\t{start + 1}\t{start + 44}\t.\t+\t.\tID=%s{number}%s"
        lines += [whole % ("gene", "g", ""), whole % ("mRNA", "t", f";Parent=g{number}")]
        for phase, (first, last) in zip((0, 2), parts, strict=True):
            span = f"chr1\ttoy\t%s\t{first}\t{last}\t.\t+\t%s\tParent=t{number}"
            lines += [span % ("exon", "."), span % ("CDS", phase)]
    (folder / "genome.fa").write_text(f">chr1\n{letters}\n")
    (folder / "genes.gff3").write_text("\n".join(lines) + "\n")
    assert len(gff3.read(folder / "genes.gff3").of("gene")) == 80
    return folder


@pytest.fixture(scope="module")
def run(genome):
    options = {"genome": str(genome / "genome.fa"), "window": 256, "overlap": 0, "block": 1000}
    config = parse(
        {
            "data": {"name": str(genome / "genes.gff3"), "options": options},
            "task": "gene_finding",
            "split": {"name": "interval"},
            "backbone": {"name": "cnn", "dim": 16, "depth": 3, "kernel": 5, "dropout": 0.0, "recurrent": "gru"},
            "training": {"epochs": 25, "batch_size": 4, "lr": 0.01},
            "seeds": 1,
        },
        "test",
    )
    scores = api.finetune(config, genome / "run", quiet=True)
    return genome / "run", scores


def test_the_genes_are_learned(run):
    _, scores = run
    assert scores["primary_metric"] == "micro_f1"
    assert scores["arms"]["transfer"]["micro_f1"]["value"] > 0.9
    assert not [arm for arm in scores["arms"] if arm.startswith("baseline:")]


def test_the_run_says_so_to_people(run):
    folder, _ = run
    assert (folder / "report.html").stat().st_size > 10_000
    assert json.loads((folder / "audit.json").read_text())["shortcuts"] == []


def test_prediction_finds_the_exons_of_another_genome(run, tmp_path):
    folder, _ = run
    letters = "CT" * 40 + GENE + "TC" * 40
    (tmp_path / "new.fa").write_text(f">new\n{letters}\n")
    api.predict(folder, str(tmp_path / "new.fa"), tmp_path / "coding.tsv", quiet=True)
    found = pd.read_csv(tmp_path / "coding.tsv", sep="\t").set_index("id")
    assert found.loc["new", "coding +"] == "80-90, 113-124"


def test_the_command_writes_genes_that_others_read(run, tmp_path):
    folder, _ = run
    (tmp_path / "new.fa").write_text(f">new\n{'CT' * 40}{GENE}{'TC' * 40}\n>other\n{'ct' * 60}\n")
    outputs = ["--proteins", str(tmp_path / "p.fa"), "--nucleotides", str(tmp_path / "n.fa")]
    asked = ["genes", str(tmp_path / "new.fa"), "-o", str(tmp_path / "g.gff3"), "--run", str(folder), *outputs]
    done = CliRunner().invoke(app, [*asked, "--gene-weight", "0", "--intron-weight", "-4", "--quiet"])
    assert done.exit_code == 0, done.output
    assert "1 genes with 1 introns on 2 sequences of 324 bp" in done.output
    database = gffutils.create_db(str(tmp_path / "g.gff3"), ":memory:", merge_strategy="create_unique")
    (mrna,) = database.features_of_type("mRNA")
    parts = [(part.start, part.end, part.frame) for part in database.children(mrna, featuretype="CDS")]
    assert parts == [(81, 90, "0"), (114, 124, "2")]
    assert (tmp_path / "p.fa").read_text().split() == [">gene1", "MAAAAA"]
    assert (tmp_path / "n.fa").read_text().split() == [">gene1", "ATGGCAGCAGCAGCAGCATAA"]


@pytest.mark.skipif(not shutil.which("gt"), reason="needs the command gt of genometools")
def test_a_gene_that_the_end_of_a_contig_cuts_is_partial(run, tmp_path):
    folder, _ = run
    (tmp_path / "new.fa").write_text(f">tail\n{GENE[8:]}{'TC' * 40}\n>head\n{'CT' * 40}{GENE[:38]}\n")
    asked = ["genes", str(tmp_path / "new.fa"), "-o", str(tmp_path / "g.gff3"), "--run", str(folder)]
    weights = ["--gene-weight", "0", "--intron-weight", "-4", "--quiet"]
    done = CliRunner().invoke(app, [*asked, *weights, "--proteins", str(tmp_path / "p.fa")])
    assert done.exit_code == 0, done.output
    validated = subprocess.run(
        ["gt", "gff3validator", tmp_path / "g.gff3"], capture_output=True, text=True, check=False
    )
    assert "input is valid GFF3" in validated.stdout, validated.stderr
    tail, head = gff3.read(tmp_path / "g.gff3").of("CDS")
    assert (tail.partial, [(part.start, part.end, part.phase) for part in tail.parts]) == (
        (True, False),
        [(0, 2, 1), (25, 36, 2)],
    )
    assert (head.partial, [(part.start, part.end, part.phase) for part in head.parts]) == (
        (False, True),
        [(80, 90, 0), (113, 118, 2)],
    )
    assert (tmp_path / "p.fa").read_text().split() == [">gene1", "AAA", ">gene2", "MAAAA"]


def test_known_genes_weigh_the_grammar(genome, run, tmp_path):
    folder, _ = run
    found = api.find_gene_structures(
        genome / "genome.fa", tmp_path / "g.gff3", run=folder, annotation=genome / "genes.gff3", quiet=True
    )
    assert found["genes"] == found["introns"] == 80
    usual = api.find_gene_structures(genome / "genome.fa", tmp_path / "usual.gff3", run=folder, quiet=True)
    assert usual["genes"] < 80
    assert usual["grammar"] != found["grammar"]


def test_known_genes_that_cannot_weigh_are_said(genome, run, tmp_path):
    folder, _ = run
    line = "chr1\ttoy\t%s\t1\t30\t.\t+\t%s\t%s"
    wrong = [line % ("gene", ".", "ID=g"), line % ("mRNA", ".", "ID=t;Parent=g"), line % ("CDS", "0", "Parent=t")]
    (tmp_path / "wrong.gff3").write_text("\n".join(["##gff-version 3", *wrong]) + "\n")
    with pytest.raises(DataError, match="none of its genes can weigh the grammar"):
        api.find_gene_structures(
            genome / "genome.fa", tmp_path / "g.gff3", run=folder, annotation=tmp_path / "wrong.gff3", quiet=True
        )
    assert not (tmp_path / "g.gff3").exists()


def test_options_of_the_other_kind_of_genes_are_refused(run, tmp_path):
    folder, _ = run
    (tmp_path / "new.fa").write_text(f">new\n{GENE * 3}\n")
    asked = ["genes", str(tmp_path / "new.fa"), "-o", str(tmp_path / "g.gff3")]
    for more in (["--run", str(folder), "--operons", str(tmp_path / "o.bed")], ["--intron-weight", "-3"]):
        with pytest.raises(ConfigError, match="with"):
            CliRunner().invoke(app, [*asked, *more], catch_exceptions=False)
    assert not (tmp_path / "g.gff3").exists()


def test_a_run_of_another_task_finds_no_genes(tmp_path):
    rng = np.random.default_rng(0)
    rows = ["".join(rng.choice(list("AT" if number % 2 else "CG"), 30)) + f",{number % 2}" for number in range(40)]
    (tmp_path / "rows.csv").write_text("\n".join(["sequence,label", *rows]) + "\n")
    values = {"data": {"name": str(tmp_path / "rows.csv"), "target": "label"}, "task": "sequence_property", "seeds": 1}
    values |= {"backbone": {"name": "cnn", "dim": 8, "depth": 1}, "training": {"epochs": 1}, "controls": "none"}
    api.finetune(parse(values, "test"), tmp_path / "run", quiet=True)
    (tmp_path / "new.fa").write_text(f">new\n{GENE}\n")
    with pytest.raises(ConfigError, match="one of 'sequence_property'"):
        api.find_gene_structures(tmp_path / "new.fa", tmp_path / "g.gff3", run=tmp_path / "run")
