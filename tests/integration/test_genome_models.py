"""Models beside a comparison of genomes: a run that scores alleles, and vectors of proteins as a second opinion."""

import json

import numpy as np
import pandas as pd
import pysam
import pytest

from exapt import api
from exapt.bio.compare import simulate
from exapt.bio.formats import fasta
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.config import parse
from exapt.core.errors import ConfigError, InputError

SITE, WINDOW, PLACE = "TGACTCATGC", 40, 3000
NET = {
    "name": "cnn",
    "dim": 16,
    "depth": 1,
    "stem_kernel": 11,
    "stem_dim": 16,
    "pool": "max",
    "reverse_complement": True,
}


def other_letter(text, place):
    return text[:place] + {"A": "C", "C": "A", "G": "T", "T": "G"}[text[place]] + text[place + 1 :]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run that tells a site from none, and genomes of which one has the site and the other a broken one."""
    root, generator = tmp_path_factory.mktemp("models"), np.random.default_rng(0)
    rows = []
    for number in range(500):
        text = "".join(generator.choice(list("ACGT"), WINDOW))
        if number % 2:
            start = int(generator.integers(0, WINDOW - len(SITE)))
            site = SITE if generator.integers(2) else reverse_complement(SITE)
            text = text[:start] + site + text[start + len(SITE) :]
        rows.append((f"r{number}", text, "site" if number % 2 else "none"))
    pd.DataFrame(rows, columns=["id", "sequence", "label"]).to_csv(root / "sites.csv", index=False)
    values = {
        "data": {"name": str(root / "sites.csv"), "target": "label"},
        "task": "sequence_property",
        "backbone": NET,
        "split": "random",
        "controls": "none",
        "baselines": [],
        "training": {"epochs": 25, "lr": 0.01, "batch_size": 64},
        "seeds": 1,
    }
    api.finetune(parse(values, "test"), root / "run", quiet=True)
    letters = simulate.random_genome(6000, seed=4)
    first = letters[:PLACE] + SITE + letters[PLACE + len(SITE) :]
    other = other_letter(first, PLACE + 4)
    for place in (700, 1500, 2200, 4100, 5000, 5995):
        other = other_letter(other, place)
    other = other[:3600] + other[3603:]
    for name, text in (("first", first), ("other", other), ("turned", reverse_complement(other))):
        fasta.write(root / f"{name}.fa", [fasta.Record(f"{name}_c", text)])
    return root


@pytest.fixture(scope="module")
def scored(folder):
    files = [str(folder / f"{name}.fa") for name in ("first", "other")]
    return folder / "out", api.compare_genomes(files, folder / "out", score=folder / "run", quiet=True)


def test_the_broken_site_has_the_largest_score(scored):
    out, made = scored
    table = pd.read_csv(out / "allele_scores.tsv", sep="\t")
    assert len(table) == made["variants"]["other"]["substitutions"] + made["variants"]["other"]["deletions"] >= 7
    worst = table.loc[table["score_diff"].abs().idxmax()]
    assert (worst["position"], worst["genomes"]) == (PLACE + 5, "other")
    assert worst["score_diff"] < -2
    assert worst["score_ref"] > 0
    assert np.allclose(table["score_diff"], table["score_alt"] - table["score_ref"], atol=1e-4)
    assert made["scores"]["of"] == "site"
    assert made["scores"]["window"] == WINDOW, "as long as the rows of the run"
    assert made["scores"]["scored"] == len(table)


def test_the_vcf_declares_and_holds_the_scores(scored):
    out, _ = scored
    table = pd.read_csv(out / "allele_scores.tsv", sep="\t").set_index("position")
    with pysam.VariantFile(str(out / "variants.vcf.gz")) as file:
        assert file.header.info["SCORE_DIFF"].type == "Float"
        assert "log-odds of site by run" in file.header.info["SCORE_DIFF"].description
        rows = {row.pos: row.info for row in file}
    assert set(rows) == set(table.index)
    for place, info in rows.items():
        assert info["SCORE_DIFF"] == pytest.approx(table.loc[place, "score_diff"], rel=1e-3, abs=1e-4)
        assert info["SCORE_ALT"] - info["SCORE_REF"] == pytest.approx(info["SCORE_DIFF"], abs=1e-4)


def test_the_page_shows_it_and_how_to_do_it_again(scored):
    page = (scored[0] / "report.html").read_text()
    assert "Which change a model's score most" in page or "Which change a model&#39;s score most" in page
    assert f"{PLACE + 5:,}" in page
    assert f"--window {WINDOW}" in page
    assert (scored[0] / "allele_scores.tsv").exists()


def test_a_run_on_both_strands_says_the_same_of_the_other_strand(folder, scored, tmp_path):
    [record] = fasta.read(folder / "first.fa")
    fasta.write(tmp_path / "first.fa", [record._replace(sequence=reverse_complement(record.sequence))])
    for name, files in (
        ("back", (tmp_path / "first.fa", folder / "turned.fa")),
        ("forth", (folder / "first.fa", folder / "other.fa")),
    ):
        api.compare_genomes([*map(str, files)], tmp_path / name, score=folder / "run", window=41, quiet=True)
    scores = []
    for name in ("back", "forth"):
        table = pd.read_csv(tmp_path / name / "allele_scores.tsv", sep="\t")
        table = table[table["ref"].str.len() == table["alt"].str.len()]
        scores.append(dict(zip(table["position"], table["score_diff"], strict=True)))
    assert len(scores[0]) == 7
    turned = {6001 - place: value for place, value in scores[0].items()}
    assert turned == pytest.approx(scores[1], abs=1e-3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"of": "sight"}, "--class 'sight' is not what this run predicts. Did you mean 'site'?"),
        ({"window": 0}, "--window is a number of letters from 1"),
    ],
)
def test_what_a_run_cannot_be_asked(folder, tmp_path, options, said):
    files = [str(folder / f"{name}.fa") for name in ("first", "other")]
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")):
        api.compare_genomes(files, tmp_path / "out", score=folder / "run", quiet=True, **options)
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_none_and_options_without_a_run(folder, tmp_path):
    files = [str(folder / f"{name}.fa") for name in ("first", "other")]
    with pytest.raises(InputError, match="not a run folder"):
        api.compare_genomes(files, tmp_path / "out", score=folder, quiet=True)
    with pytest.raises(ConfigError, match="Give --score RUN, too"):
        api.compare_genomes(files, tmp_path / "out", window=50, quiet=True)


def test_without_the_training_data_the_window_must_be_given(folder, tmp_path):
    files = [str(folder / f"{name}.fa") for name in ("first", "other")]
    (folder / "sites.csv").rename(tmp_path / "away.csv")
    try:
        with pytest.raises(ConfigError, match="Give --window"):
            api.compare_genomes(files, tmp_path / "out", score=folder / "run", quiet=True)
        made = api.compare_genomes(files, tmp_path / "out", score=folder / "run", window=30, of="none", quiet=True)
    finally:
        (tmp_path / "away.csv").rename(folder / "sites.csv")
    assert made["scores"]["of"] == "none"
    table = pd.read_csv(tmp_path / "out" / "allele_scores.tsv", sep="\t")
    assert table.loc[table["score_diff"].idxmax(), "position"] == PLACE + 5, "a broken site speaks for none"


def test_a_second_opinion_is_a_column_and_a_table(tmp_path):
    letters = simulate.random_genome(12_000, seed=9)
    rng = np.random.default_rng(3)
    lines = ["##gff-version 3"]
    codons = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT" if a + b + c not in ("TAA", "TAG", "TGA")]
    for number in range(5):
        start, gene = 500 + 2000 * number, "ATG" + "".join(rng.choice(codons, 200)) + "TAA"
        letters = letters[:start] + gene + letters[start + len(gene) :]
        lines.append(f"c\t.\tCDS\t{start + 1}\t{start + len(gene)}\t.\t+\t0\tID=g{number};locus_tag=g{number}")
    near = simulate.evolve(letters, divergence=0.02, seed=5).letters
    for name, text in (("a", letters), ("b", near)):
        fasta.write(tmp_path / f"{name}.fa", [fasta.Record("c", text)])
        (tmp_path / f"{name}.gff3").write_text("\n".join(lines) + "\n")
    files, notes = [[str(tmp_path / f"{name}.{end}") for name in "ab"] for end in ("fa", "gff3")]
    with pytest.raises(ConfigError, match="compared by their proteins"):
        api.compare_genomes(files, tmp_path / "out", annotation=notes, embeddings="gnn.zinc_chembl", quiet=True)
    made = api.compare_genomes(files, tmp_path / "out", annotation=notes, embeddings="cnn.proteins", quiet=True)
    table = pd.read_csv(tmp_path / "out" / "orthologs.tsv", sep="\t")
    assert table["embedding_agrees"].tolist() == ["both"] * len(table)
    assert (table["embedding_similarity"] > 0).all()
    assert made["second_opinion"]["agreement"] == {"both": len(table), "one": 0, "none": 0}
    remote = pd.read_csv(tmp_path / "out" / "remote.tsv", sep="\t")
    assert len(remote) == made["second_opinion"]["remote"]
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["scores"] is None


def test_what_models_cannot_say_is_noted(folder, tmp_path):
    files = [str(folder / f"{name}.fa") for name in ("first", "other")]
    made = api.compare_genomes(
        files, tmp_path / "out", embeddings="cnn.proteins", score=folder / "run", window=5998, quiet=True
    )
    assert any("--embeddings has nothing to say" in note for note in made["notes"])
    assert made["second_opinion"] is None
    assert made["scores"]["left_out"] == 1, "the contig has no 5,998 letters once three are gone"
    assert any(note.endswith("longer than their contig: 1.") for note in made["notes"])
