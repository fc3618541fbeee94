"""`exapt genes` from a FASTA to files that other programs read."""

import gzip
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from exapt import api
from exapt.bio.formats import bed, fasta, gff3
from exapt.bio.formats.genome import of_letters
from exapt.bio.genes.annotated import genome_genes
from exapt.bio.genes.codes import CODES
from exapt.bio.genes.finding import TOUCHED
from exapt.bio.rna.found import Rna
from exapt.core.errors import ConfigError, DataError, RunExistsError
from toy_genomes import toy_genome

CODE = CODES[11]


@pytest.fixture(scope="module")
def toy():
    return toy_genome(120)


@pytest.fixture(scope="module")
def long_toy():
    """Longer than a window with what it reads on both sides."""
    return toy_genome(560, seed=3)[0]


PHE = "GCCCGGATAGCTCAGTCGGTAGAGCAGGGGATTGAAAATCCCCGTGTCCTTGGTTCGATTCCGAGTCCGGGCACCA"
RNA = "ATTCGTATCA" * 12 + PHE + "GTCATTACGA" * 12


def keys(genes):
    return sorted(zip(genes.left.tolist(), genes.right.tolist(), genes.reverse.tolist(), strict=True))


def found_in(letters, **options):
    return genome_genes(of_letters({"c": letters}), CODE, **options)["c"]


def test_known_genes_are_found(toy):
    letters, places = toy
    found = set(keys(found_in(letters)))
    assert len(found & set(places)) >= 0.9 * len(places)
    assert len(found) <= 1.1 * len(places)


def test_the_size_of_a_window_changes_nothing(long_toy):
    assert len(long_toy) > 400_000
    whole = found_in(long_toy)
    for core in (60_013, 150_000):
        parts = found_in(long_toy, core=core)
        assert keys(parts) == keys(whole)
        assert np.allclose(parts.score, whole.score, rtol=0, atol=1e-9)


def test_windows_that_are_not_kept_give_the_same(long_toy, monkeypatch):
    whole = found_in(long_toy)
    monkeypatch.setattr("exapt.bio.genes.finding.KEPT", 0)
    assert keys(found_in(long_toy, core=100_000)) == keys(whole)


def test_a_circle_has_no_beginning(toy):
    letters, places = toy
    cut = (places[40][0] + places[40][1]) // 2  # within a gene
    size = len(letters)
    one = found_in(letters, circular=True)
    other = found_in(letters[cut:] + letters[:cut], circular=True)
    turned = sorted(
        ((left + cut) % size, (left + cut) % size + right - left, reverse) for left, right, reverse in keys(other)
    )
    assert turned == keys(one)
    assert (other.right > size).any() and not (other.right > 2 * size).any()


def test_a_small_circle_is_searched_once():
    letters, _ = toy_genome(6, seed=5)
    found = found_in(letters, circular=True, adapt=False)
    assert len(set(found.keys.tolist())) == len(found)
    assert (found.right - found.left <= len(letters)).all() and (found.left < len(letters)).all()


def test_genes_over_the_ends_are_partial(toy):
    letters, places = toy
    left, right, reverse = next(place for place in places[3:] if not place[2])
    inside = letters[left + 60 :]
    found = found_in(inside)
    first = found.take(np.array([0]))
    assert first.open_start[0] and first.right[0] == right - left - 60 and not reverse
    cut = found_in(letters[: right - 60])
    assert not cut.closed[-1] or cut.left[-1] < left


def test_both_strands_are_alike(toy):
    from exapt.bio.sequence.alphabets import reverse_complement

    letters, _ = toy
    one, other = found_in(letters), found_in(reverse_complement(letters))
    turned = {(len(letters) - right, len(letters) - left, not reverse) for left, right, reverse in keys(other)}
    assert len(turned & set(keys(one))) >= 0.97 * len(one)


def test_no_gene_runs_through_a_gap(toy):
    letters, _ = toy
    masked = letters[:20_000] + "N" * 300 + letters[20_300:]
    found = found_in(masked)
    assert not ((found.left < 20_300) & (found.right > 20_000)).any()


def test_nothing_but_unknown_letters():
    assert len(found_in("N" * 1000)) == 0 and len(found_in("ACG")) == 0


@pytest.fixture(scope="module")
def written(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("genes")
    letters = toy[0] + RNA
    text = f">chr one\n{letters[:40_000].lower()}R{letters[40_001:]}\n>p2 topology=circular\n{toy_genome(8, 2)[0]}\n"
    with gzip.open(folder / "g.fa.gz", "wt") as file:
        file.write(text)
    counts = api.find_genes(
        folder / "g.fa.gz",
        folder / "g.gff3",
        proteins=folder / "p.fa",
        nucleotides=folder / "n.fa",
        noncoding=folder / "n.bed",
        operons=folder / "o.bed",
        quiet=True,
    )
    return folder, counts


def test_counts(written):
    folder, counts = written
    annotation = gff3.read(folder / "g.gff3")
    assert counts["genes"] == len(annotation.of("CDS")) == len(annotation.of("gene")) > 100
    assert counts["contigs"] == 2 and counts["unknown_letters"] == 1
    assert annotation.contigs["p2"].circular and not annotation.contigs["chr"].circular
    assert all(np.isfinite(feature.score) for feature in annotation.of("CDS"))


def test_gffutils_reads_it(written):
    gffutils = pytest.importorskip("gffutils")
    folder, counts = written
    base = gffutils.create_db(str(folder / "g.gff3"), ":memory:", keep_order=True)
    cds = list(base.features_of_type("CDS"))
    assert len(cds) == counts["genes"]
    for feature in cds[:20]:
        (parent,) = base.parents(feature, featuretype="gene")
        assert (parent.start, parent.end, parent.strand) == (feature.start, feature.end, feature.strand)
        assert feature.frame == "0" and feature.attributes["transl_table"] == ["11"]


def test_genes_of_rna_and_operons_are_written(written):
    folder, counts = written
    annotation = gff3.read(folder / "g.gff3")
    (rna,) = annotation.of("tRNA")
    assert counts["rna"] == {"tRNA": 1} and rna.value("product") == "tRNA-Phe" and len(rna) == len(PHE)
    operons = annotation.of("operon")
    assert counts["operons"] == len(operons) > 4
    for operon in operons:
        members = annotation.children(operon)
        assert len(members) >= 2 and {member.strand for member in members} == {operon.strand}
        assert min(m.start for m in members) == operon.start and max(m.end for m in members) == operon.end


@pytest.mark.parametrize("name", ["g.gff3", "n.bed", "o.bed"])
def test_what_was_written_is_read_and_written_the_same(written, name, tmp_path):
    folder, _ = written
    form = gff3 if name.endswith("gff3") else bed
    found = form.read(folder / name)
    form.write(tmp_path / name, found)
    assert form.read(tmp_path / name) == found
    assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_pysam_reads_the_tracks(written, tmp_path):
    pysam = pytest.importorskip("pysam")
    folder, counts = written
    rows = {}
    for name in ("n.bed", "o.bed"):
        text = (folder / name).read_text().splitlines(keepends=True)
        (tmp_path / name).write_text("".join(sorted(text, key=lambda line: (line.split()[0], int(line.split()[1])))))
        pysam.tabix_index(str(tmp_path / name), preset="bed")
        with pysam.TabixFile(str(tmp_path / f"{name}.gz"), parser=pysam.asBed()) as track:
            rows[name] = [row for contig in track.contigs for row in track.fetch(contig)]
    assert len(rows["o.bed"]) >= counts["operons"]
    assert {row.name for row in rows["n.bed"]} >= {"intergenic", "tRNA-Phe"}
    assert all(0 <= int(row.score) <= 1000 for row in rows["n.bed"] + rows["o.bed"])
    genes = [feature for feature in gff3.read(folder / "g.gff3").of("CDS") if feature.seqid == "chr"]
    free = [row for row in rows["n.bed"] if row.name == "intergenic" and row.contig == "chr"]
    assert not any(gene.start < row.end and row.start < gene.end for gene in genes for row in free)


def test_genometools_accepts_the_file(written):
    if shutil.which("gt") is None:
        pytest.skip("genometools is not installed")
    done = subprocess.run(
        ["gt", "gff3validator", "-typecheck", "so", written[0] / "g.gff3"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_no_gene_of_a_protein_lies_on_a_gene_of_rna(toy):
    letters = toy[0]
    found = found_in(letters)
    number = int(np.argmax(found.right - found.left))
    left, right = int(found.left[number]), int(found.right[number])
    rna = Rna(left + 100, left + 190, False, "tRNA", "tRNA-Ala", 9.0)
    masked = found_in(letters, rnas={"c": [rna]})
    assert not ((masked.left < rna.right - TOUCHED) & (masked.right > rna.left + TOUCHED)).any()
    assert right - left > 300 and len(masked) >= len(found) - 2


def test_proteins_are_the_translated_genes(written):
    Seq = pytest.importorskip("Bio.Seq").Seq
    folder, counts = written
    proteins, genes = (list(fasta.read(folder / name)) for name in ("p.fa", "n.fa"))
    assert len(proteins) == len(genes) == counts["genes"]
    whole = 0
    for protein, gene in zip(proteins, genes, strict=True):
        assert protein.id == gene.id
        theirs = str(Seq(gene.sequence.replace("R", "N")).translate(table=11)).removesuffix("*")
        assert protein.sequence[1:] == theirs[1:] and "*" not in protein.sequence
        whole += protein.sequence.startswith("M")
    assert whole >= len(genes) - counts["partial"]


def test_table_4_reads_through_tga(tmp_path):
    letters, _ = toy_genome(110, table=4)
    (tmp_path / "m.fa").write_text(f">m\n{letters}\n")
    run = lambda table: api.find_genes(  # noqa: E731
        tmp_path / "m.fa", tmp_path / f"{table}.gff3", table=table, proteins=tmp_path / f"{table}.fa", quiet=True
    )
    four, eleven = run(4), run(11)
    assert four["coding_share"] > eleven["coding_share"] + 0.05
    with pytest.raises(ConfigError, match="Genetic code 1 is not for prokaryotes"):
        run(1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">a\nACGT\n>a\nACGT\n", r"g\.fa:3: a second sequence is called 'a'"),
        (">a\n>b\nACGT\n", r"g\.fa:1: a has no letters"),
        (">a\nMKVLAAGIVGEFHW\n", r"g\.fa:2: a is no DNA but looks like a protein"),
        (">a\nACGTACGT\nACG*ACGTAC\n", r"g\.fa:3: letter '\*' of a is not in the DNA alphabet"),
        ("ACGT\n", r"g\.fa:1: expected a header"),
        ("", "no sequences"),
    ],
)
def test_bad_input_names_the_line(tmp_path, text, message):
    (tmp_path / "g.fa").write_text(text)
    with pytest.raises(DataError, match=message):
        api.find_genes(tmp_path / "g.fa", tmp_path / "g.gff3", quiet=True)
    assert not (tmp_path / "g.gff3").exists()


def test_outputs_are_not_replaced_nor_mixed(tmp_path):
    (tmp_path / "g.fa").write_text(">a\nACGT\n")
    (tmp_path / "p.fa").write_text("mine")
    with pytest.raises(RunExistsError, match=r"p\.fa exists already"):
        api.find_genes(tmp_path / "g.fa", tmp_path / "g.gff3", proteins=tmp_path / "p.fa")
    with pytest.raises(ConfigError, match="two of them have the same name"):
        api.find_genes(tmp_path / "g.fa", tmp_path / "g.gff3", nucleotides=tmp_path / "g.gff3")


def test_the_command(tmp_path, toy):
    (tmp_path / "g.fa").write_text(f">c\n{toy[0]}\n")
    command = [sys.executable, "-m", "exapt.app.cli", "genes", "g.fa", "-o", "g.gff3"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("g.gff3: ") and "genes of proteins on 1 sequence of" in done.stdout
    again = subprocess.run([*command, "--table", "x", "--force"], cwd=tmp_path, capture_output=True, text=True)
    assert again.returncode == 2 and "--table is the number of a genetic code" in again.stderr
    bare = subprocess.run([*command, "--no-adapt", "--force", "--json"], cwd=tmp_path, capture_output=True, text=True)
    assert json.loads(bare.stdout)["adapted"] is False
