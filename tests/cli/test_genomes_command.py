"""`exapt genomes`: the folder that it writes, its page, and all that can be wrong with what it is given."""

import gzip
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pandas as pd
import pytest
from Bio import SeqIO
from Bio.Seq import Seq
from Bio.SeqFeature import SeqFeature, SimpleLocation
from Bio.SeqRecord import SeqRecord
from typer.testing import CliRunner

from exapt.app.cli.main import app
from exapt.bio.compare import simulate
from exapt.bio.formats import bed, fasta, paf, vcf
from exapt.core.errors import InputError, RunExistsError

LENGTH = 24_000


def coding(seed, length=240):
    letters = simulate.random_genome(3 * length, seed=seed)
    codons = [letters[at : at + 3] for at in range(0, len(letters), 3)]
    return "ATG" + "".join(codon for codon in codons if codon not in ("TAA", "TAG", "TGA")) + "TAA"


def gff(path, contig, spans):
    lines = ["##gff-version 3"]
    for number, (start, end) in enumerate(spans):
        lines.append(f"{contig}\t.\tgene\t{start + 1}\t{end}\t.\t+\t.\tID=g{number}")
        lines.append(f"{contig}\t.\tCDS\t{start + 1}\t{end}\t.\t+\t0\tID=c{number};Parent=g{number};product=p{number}")
    path.write_text("\n".join(lines) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three genomes: an ancestor with six genes, a descendant with an inversion, and one that lacks two genes."""
    root = tmp_path_factory.mktemp("genomes")
    letters, spans = simulate.random_genome(LENGTH, seed=1), []
    for number in range(6):
        gene, start = coding(100 + number), 1000 + 3500 * number
        letters = letters[:start] + gene + letters[start + len(gene) :]
        spans.append((start, start + len(gene)))
    near = simulate.evolve(letters, divergence=0.01, seed=2).letters
    turned = near[:9000] + str(Seq(near[9000:11000]).reverse_complement()) + near[11000:]
    short = near[:800] + near[6000:]
    for name, text in (("first", letters), ("turned", turned), ("short", short)):
        fasta.write(root / f"{name}.fa", [fasta.Record(f"{name}_c", text)])
    gff(root / "first.gff3", "first_c", spans)
    gff(root / "turned.gff3", "turned_c", spans)
    gff(root / "short.gff3", "short_c", [(start - 5200, end - 5200) for start, end in spans[2:]])
    return root


def run(*words):
    result = CliRunner().invoke(app, ["genomes", *map(str, words), "--quiet"], catch_exceptions=True)
    if isinstance(result.exception, InputError):
        return result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words):
    found = run(*words)
    assert isinstance(found, InputError), found
    return str(found)


@pytest.fixture(scope="module")
def made(folder):
    out = folder / "out"
    files = [folder / f"{name}.fa" for name in ("first", "turned", "short")]
    notes = [word for name in ("first", "turned", "short") for word in ("--annotation", folder / f"{name}.gff3")]
    return out, run(*files, *notes, "-o", out)


def test_what_is_printed(made):
    out, printed = made
    lines = printed.splitlines()
    assert lines[0].startswith("turned against first: ANI 99.")
    assert "1 large differences" in lines[0]
    assert "Genes: 4 core, 2 accessory, 0 unique." in lines
    assert lines[-1] == f"Report: {out / 'report.html'}"


def test_the_files(made, folder):
    out, _ = made
    assert sorted(path.name for path in out.iterdir()) == [
        "alignment.paf",
        "effects.tsv",
        "figures",
        "identity.tsv",
        "orthologs.tsv",
        "presence.tsv",
        "report.html",
        "structure.bed",
        "summary.json",
        "variants.vcf.gz",
        "variants.vcf.gz.tbi",
    ]
    rows = list(paf.read(out / "alignment.paf"))
    assert {(row.target, row.query) for row in rows} == {
        ("first_c", "turned_c"),
        ("first_c", "short_c"),
        ("turned_c", "short_c"),
    }
    assert all(row.tag("cg") and row.matches <= row.length for row in rows)
    features = bed.read(out / "structure.bed").features
    kinds = sorted(feature.value("Name").split(":")[1] for feature in features)
    assert kinds == ["deletion", "inversion"]
    identity = pd.read_csv(out / "identity.tsv", sep="\t")
    assert len(identity) == 3
    assert identity["ani"].between(0.98, 1).all()
    presence = pd.read_csv(out / "presence.tsv", sep="\t", keep_default_na=False)
    assert presence.columns.tolist() == ["group", "class", "genomes", "genes", "product", "first", "turned", "short"]
    assert presence["class"].tolist() == ["core"] * 4 + ["accessory"] * 2
    assert presence.iloc[0]["product"] == "p2"
    assert presence.loc[presence["class"] == "accessory", "short"].tolist() == ["", ""]
    orthologs = pd.read_csv(out / "orthologs.tsv", sep="\t")
    assert len(orthologs) == 6 + 4 + 4


def test_variants_are_of_each_genome_and_name_genes(made):
    out, _ = made
    found = vcf.read(out / "variants.vcf.gz")
    assert found.samples == ("turned", "short")
    symbolic = [row for row in found.rows if row.alts[0].startswith("<")]
    assert {(row.alts[0], row.samples["short"].get("GT")) for row in symbolic} == {("<INV>", "."), ("<DEL>", "1")}
    effects = pd.read_csv(out / "effects.tsv", sep="\t")
    assert set(effects["genome"]) == {"turned", "short"}
    told = {row.start + 1: row.info for row in found.rows if "EFFECT" in row.info}
    assert set(effects["position"]) == set(told)
    lacking = [row for row in found.rows if 1000 < row.start < 5500 and not row.alts[0].startswith("<")]
    assert lacking
    assert {row.samples["short"]["GT"] for row in lacking} == {"."}


def test_an_index_lets_regions_be_read(made):
    import pysam

    with pysam.VariantFile(str(made[0] / "variants.vcf.gz")) as file:
        near = list(file.fetch("first_c", 0, 5000))
    assert 0 < len(near) < 400


def test_figures_and_page_are_sound(made):
    out, _ = made
    figures = sorted(path.stem for path in (out / "figures").glob("*.svg"))
    assert figures == ["density", "dots_1", "dots_2", "synteny"]
    for name in figures:
        ET.fromstring((out / "figures" / f"{name}.svg").read_text())
        assert len(pd.read_csv(out / "figures" / f"{name}.tsv", sep="\t"))
    page = (out / "report.html").read_text()
    assert page.count("<svg") == 4
    assert not re.search(r'(src|href)="https?:', page)
    assert "4 core, 2 accessory, 0 unique" in page
    for target in re.findall(r'href="([^"#]+)"', page):
        assert (out / target).exists(), target


def test_summary_says_the_same(made, folder):
    out, _ = made
    summary = json.loads((out / "summary.json").read_text())
    assert summary["reference"] == "first"
    assert summary["genes"] == {"core": 4, "accessory": 2, "unique": 0, "pairs": 14, "found_by": "mmseqs"}
    assert summary["structure"] == {"turned": {"inversion": 1}, "short": {"deletion": 1}}
    assert summary["genomes"]["short"]["genes"] == 4
    rows = [row for row in vcf.read(out / "variants.vcf.gz").rows if row.samples["turned"]["GT"] == "1"]
    assert summary["variants"]["turned"]["substitutions"] == len([row for row in rows if len(row.alts[0]) == 1])


def test_without_genes_the_rest_is_there_and_it_is_said(folder, tmp_path):
    printed = run(folder / "first.fa", folder / "turned.fa", "-o", tmp_path / "out")
    assert "No genes of first, turned are known" in printed
    assert not (tmp_path / "out" / "presence.tsv").exists()
    assert (tmp_path / "out" / "report.html").exists()


def test_genbank_brings_its_genes(folder, tmp_path):
    for name in ("first", "turned"):
        [record] = SeqIO.parse(folder / f"{name}.fa", "fasta")
        record.annotations["molecule_type"] = "DNA"
        for number in range(6):
            start = 1000 + 3500 * number
            length = len(coding(100 + number))
            qualifiers = {"locus_tag": [f"{name}_{number}"], "transl_table": ["11"]}
            record.features.append(SeqFeature(SimpleLocation(start, start + length, 1), "CDS", qualifiers=qualifiers))
        SeqIO.write(
            [SeqRecord(record.seq, record.id, record.id, "", features=record.features, annotations=record.annotations)],
            tmp_path / f"{name}.gbk",
            "genbank",
        )
    out = tmp_path / "out"
    assert "Genes: 6 core" in run(tmp_path / "first.gbk", tmp_path / "turned.gbk", "-o", out)


def test_names_of_contigs_may_repeat(folder, tmp_path):
    for name in ("first", "turned"):
        [record] = fasta.read(folder / f"{name}.fa")
        fasta.write(tmp_path / f"{name}.fa", [record._replace(id="chr1")])
    run(tmp_path / "first.fa", tmp_path / "turned.fa", "-o", tmp_path / "out")
    rows = list(paf.read(tmp_path / "out" / "alignment.paf"))
    assert {(row.target, row.query) for row in rows} == {("first#chr1", "turned#chr1")}
    assert {row.seqid for row in vcf.read(tmp_path / "out" / "variants.vcf.gz").rows} == {"chr1"}


def test_packed_lower_case_and_windows(folder, tmp_path):
    [record] = fasta.read(folder / "turned.fa")
    text = fasta.text(record._replace(sequence=record.sequence.lower())).replace("\n", "\r\n")
    (tmp_path / "turned.fa.gz").write_bytes(gzip.compress(text.encode()))
    run(folder / "first.fa", tmp_path / "turned.fa.gz", "-o", tmp_path / "out")
    plain = run(folder / "first.fa", folder / "turned.fa", "-o", tmp_path / "plain")
    assert (
        plain.splitlines()[0]
        == run(folder / "first.fa", tmp_path / "turned.fa.gz", "-o", tmp_path / "out", "--force").splitlines()[0]
    )


def test_genes_can_be_predicted(folder, tmp_path):
    out = tmp_path / "out"
    printed = run(folder / "first.fa", folder / "short.fa", "--predict", "-o", out)
    assert re.search(r"Genes: \d+ core", printed)
    assert sorted(path.name for path in (out / "genes").iterdir()) == ["first.gff3", "short.gff3"]


def test_bcftools_accepts_the_file(made):
    words = ["bcftools", "view", "-H", str(made[0] / "variants.vcf.gz")]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("bcftools is not installed")
    assert len(done.stdout.splitlines()) == len(vcf.read(made[0] / "variants.vcf.gz").rows)
    assert "Warning" not in done.stderr


def test_one_genome(folder, tmp_path):
    assert "at least two genomes; found 1" in refused(folder / "first.fa", "-o", tmp_path / "out")


def test_two_of_one_name(folder, tmp_path):
    said = refused(folder / "first.fa", folder / "first.fa", "-o", tmp_path / "out")
    assert "Two genomes are called 'first'" in said
    assert "first_1=" in said
    run(f"a={folder / 'first.fa'}", f"b={folder / 'first.fa'}", "-o", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["identity"][0]["ani"] == 1.0


def test_names_that_do_not_match_are_listed_on_both_sides(folder, tmp_path):
    gff(tmp_path / "first.gff3", "chr1", [(0, 300)])
    said = refused(
        folder / "first.fa", folder / "turned.fa", "--annotation", tmp_path / "first.gff3", "-o", tmp_path / "out"
    )
    assert "only in" in said
    assert "chr1" in said
    assert "first_c" in said


def test_an_annotation_of_no_genome(folder, tmp_path):
    gff(tmp_path / "frist.gff3", "first_c", [(0, 300)])
    said = refused(
        folder / "first.fa", folder / "turned.fa", "--annotation", tmp_path / "frist.gff3", "-o", tmp_path / "out"
    )
    assert "no genome is called 'frist'" in said
    assert "Did you mean 'first'?" in said


def test_coordinates_beyond_the_contig(folder, tmp_path):
    gff(tmp_path / "first.gff3", "first_c", [(LENGTH - 100, LENGTH + 200)])
    said = refused(
        folder / "first.fa", folder / "turned.fa", "--annotation", tmp_path / "first.gff3", "-o", tmp_path / "out"
    )
    assert "beyond" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no sequences"),
        (">p\nMKVLAAGIVGLWERRTYHHHPLKDSAEEEFFF\n", "looks like a protein"),
        (">a\nACGT\n>a\nACGT\n", "second sequence is called 'a'"),
        (">a\nACGU\n", "is RNA"),
        (">a\n\n", "has no letters"),
        ("ACGT\n", "expected a header"),
    ],
)
def test_what_is_no_genome(folder, tmp_path, content, said):
    (tmp_path / "bad.fa").write_text(content)
    assert said in refused(folder / "first.fa", tmp_path / "bad.fa", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "bad.fa"]


def test_gzip_cut_short_and_missing_file(folder, tmp_path):
    packed = gzip.compress(Path(folder / "turned.fa").read_bytes())
    (tmp_path / "cut.fa.gz").write_bytes(packed[: len(packed) // 2])
    assert "cut in the middle" in refused(folder / "first.fa", tmp_path / "cut.fa.gz", "-o", tmp_path / "out")
    assert "no such file" in refused(folder / "first.fa", tmp_path / "none.fa", "-o", tmp_path / "out")


def test_nothing_is_overwritten_without_force(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    files = (folder / "first.fa", folder / "turned.fa")
    for more in ((), ("--force",)):
        assert isinstance(run(*files, "-o", tmp_path / "mine", *more), RunExistsError)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_a_table_that_is_no_number(folder, tmp_path):
    assert "--table is the number" in refused(
        folder / "first.fa", folder / "turned.fa", "--table", "x", "-o", tmp_path / "out"
    )


def test_genomes_without_anything_in_common(folder, tmp_path):
    fasta.write(tmp_path / "other.fa", [fasta.Record("o", simulate.random_genome(20_000, seed=77))])
    printed = run(folder / "first.fa", tmp_path / "other.fa", "-o", tmp_path / "out")
    assert "ANI 0.00 %" in printed
    assert "nothing in common" in (tmp_path / "out" / "report.html").read_text()
