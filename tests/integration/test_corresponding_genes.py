"""Corresponding genes: groups of proteins learned, genes assigned to them, and the vectors as a second opinion."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from exapt import api
from exapt.api._genome_opinion import protein_encoder, protein_vectors
from exapt.bio.compare import simulate
from exapt.bio.formats import fasta
from exapt.core.config import parse
from exapt.core.errors import ConfigError
from toy_genomes import toy_genome

AMINO = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
COMPOSITION = np.random.default_rng(7).dirichlet(np.full(20, 0.5), 12)  # what tells the families apart
CNN = {"name": "cnn", "dim": 32, "depth": 1, "dropout": 0.0, "pool": "mean_max"}


def proteins(families, seed):
    rng = np.random.default_rng(seed)
    return ["".join(rng.choice(AMINO, 40, p=COMPOSITION[family])) for family in families]


def config(path, **changes):
    values = {
        "data": {"name": str(path), "id": "gene", "input": "protein", "target": "family", "clean": []},
        "task": {"name": "genome_comparison", "width": 16, "hidden": 32, "dropout": 0.0},
        "split": {"name": "predefined", "column": "split", "valid": 0.0},
        "backbone": CNN,
        "baselines": [], "controls": "none", "seeds": 1,
        "training": {"epochs": 60, "batch_size": 16, "lr": 0.01, "weight_decay": 0.0, "keep": "last"},
    }  # fmt: skip
    return parse({**values, **changes}, "test")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """32 proteins of 8 families, trained and tested on the same ones."""
    families = np.repeat(np.arange(8), 4)
    frame = pd.DataFrame({"protein": proteins(families, 0), "family": [f"F{one}" for one in families]})
    folder = tmp_path_factory.mktemp("genes")
    parts = [frame.assign(split=part, gene=[f"{part}{i}" for i in range(32)]) for part in ("train", "test")]
    pd.concat(parts).to_csv(folder / "genes.csv", index=False)
    scores = api.finetune(config(folder / "genes.csv"), folder / "run", quiet=True)
    return folder / "run", scores, frame


def test_32_genes_are_overfitted(run):
    folder, scores, _ = run
    assert scores["arms"]["transfer"]["macro_f1"]["value"] > 0.97
    history = pd.read_csv(folder / "history.tsv", sep="\t")
    assert history["train_loss"].iloc[-1] < 0.2 * history["train_loss"].iloc[0]
    assert "<html" in (folder / "report.html").read_text()


def test_predict_writes_the_group_of_each_gene(run, tmp_path):
    folder, _, frame = run
    frame[["protein"]].assign(id=[f"n{i}" for i in range(32)]).to_csv(tmp_path / "new.csv", index=False)
    api.predict(folder, str(tmp_path / "new.csv"), tmp_path / "groups.tsv", quiet=True)
    table = pd.read_csv(tmp_path / "groups.tsv", sep="\t")
    assert list(table)[:5] == ["id", "family", "probability", "second", "second_probability"]
    assert table["id"].tolist() == [f"n{i}" for i in range(32)]
    assert (table["family"] == frame["family"]).mean() > 0.95
    assert (table["probability"] >= table["second_probability"]).all()


def test_vectors_are_the_projection_of_the_run(run):
    folder, _, frame = run
    texts = frame["protein"].tolist()
    vectors = protein_vectors(str(folder), [*texts, texts[3], "MK*V", ""])
    assert vectors.shape == (35, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(vectors[32], vectors[3])
    opened = api._run.open_run(folder)
    with torch.inference_mode():
        points = torch.nn.functional.normalize(opened.model.heads["target"].proxies, dim=1).numpy()
    named = np.array(opened.task.classes)[(vectors[:32] @ points.T).argmax(1)]
    assert (named == frame["family"]).mean() > 0.95


def test_vectors_put_new_proteins_of_families_without_a_label_together(run):
    """Families 8 to 11 were not in training."""
    families = np.repeat(np.arange(8, 12), 10)
    vectors = protein_vectors(str(run[0]), proteins(families, 5))
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, -2)
    assert (families[alike.argmax(1)] == families).mean() > 0.7


def test_a_run_gives_the_second_opinion(run, tmp_path):
    letters, places = toy_genome(genes=6, spacing=(150, 300))
    lines = ["##gff-version 3"]
    for number, (left, right, reverse) in enumerate(places):
        lines.append(
            f"c\t.\tCDS\t{left + 1}\t{right}\t.\t{'-' if reverse else '+'}\t0\tID=g{number};locus_tag=g{number}"
        )
    for name, text in (("a", letters), ("b", simulate.evolve(letters, divergence=0.02, seed=5).letters)):
        fasta.write(tmp_path / f"{name}.fa", [fasta.Record("c", text)])
        (tmp_path / f"{name}.gff3").write_text("\n".join(lines) + "\n")
    files, notes = ([str(tmp_path / f"{name}.{end}") for name in "ab"] for end in ("fa", "gff3"))
    made = api.compare_genomes(files, tmp_path / "out", annotation=notes, embeddings=str(run[0]), quiet=True)
    table = pd.read_csv(tmp_path / "out" / "orthologs.tsv", sep="\t")
    assert made["second_opinion"]["weights"] == str(run[0])
    assert len(table) == sum(made["second_opinion"]["agreement"].values())
    assert len(table) >= 4
    assert table["embedding_similarity"].between(-1, 1).all()


def test_other_runs_are_refused_with_what_is_allowed(run, tmp_path):
    frame = run[2].assign(split="train", dna=["ACGTACGTAC" * 3] * 32)
    frame = pd.concat([frame, frame.assign(split="test")]).assign(gene=[f"g{i}" for i in range(64)])
    frame.to_csv(tmp_path / "genes.csv", index=False)
    short = {"epochs": 1, "batch_size": 16}
    other = config(tmp_path / "genes.csv", task="sequence_property", training=short)
    api.finetune(other, tmp_path / "other", quiet=True)
    with pytest.raises(
        ConfigError, match="a run of task 'sequence_property'.*Take a run of task 'genome_comparison' on"
    ):
        protein_encoder(str(tmp_path / "other"))
    data = {"name": str(tmp_path / "genes.csv"), "id": "gene", "input": "dna", "target": "family", "clean": []}
    api.finetune(config(tmp_path / "genes.csv", data=data, training=short), tmp_path / "dna", quiet=True)
    with pytest.raises(ConfigError, match="this run reads dna, and genes are compared by their proteins"):
        protein_encoder(str(tmp_path / "dna"))


def test_the_run_keeps_all_that_is_needed(run):
    saved = json.loads((run[0] / "model.json").read_text())["task"]
    assert saved["name"] == "genome_comparison"
    assert saved["state"]["target"]["classes"] == [f"F{i}" for i in range(8)]
