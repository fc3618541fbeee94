"""Genome formats on every annotation of the mirror: read, written, read again, and shown to other programs."""

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import gffutils
import pysam
import pytest

from exapt.bio.formats import bed, consistency, genbank, genome, gff3, gtf, paf, vcf
from exapt.bio.formats.annotation import Annotation
from exapt.bio.formats.paf import Alignment

pytestmark = pytest.mark.mirror
MIRROR = Path(os.environ.get("EXAPT_MIRROR", "."))
MCB = "iankorf/MCB185/fc3c33ed5dacad55e15ba971178b42b08bff2825/data"
PHAGES = "moshi4/pygenomeviz-data/d54122799ab9bd21f33dec96beef52b05ce6eb38/enterobacteria_phage"
CHLAMYDIA = "labgem/PPanGGOLiN/1e10432509a060b58052da0cb9caeddc4625baf1/testingDataset/GBFF"
MUMMER = "mummer4/mummer/828c3df5e6c0cdb8dd272969ac54cfebb83f67ac/docs/web/examples/data"
OROV = "nextstrain/nextclade_data/6d13d58336ece5d92c6e90e51902f0a2d293f514/data/community/itps/orov/M/refseq"
ECOLI = f"{MCB}/GCF_000005845.2_ASM584v2_genomic"
GFF3 = [
    f"{ECOLI}.gff.gz",
    *(f"{MCB}/{species}.gff.gz" for species in ("A.thaliana", "C.elegans", "D.melanogaster")),
    f"{OROV}/genome_annotation.gff3",
    f"{MUMMER}/D_melanogaster_2Rslice.cds",
    f"{MUMMER}/D_melanogaster_2Rslice.utr",
]
GENBANK = [
    f"{CHLAMYDIA}/GCF_000220105.1_ASM22010v1_genomic.gbff.gz",
    f"{CHLAMYDIA}/GCF_000092685.1_ASM9268v1_genomic.gbff.gz",
    *(f"{PHAGES}/NC_{number}.gbk" for number in ("019724", "024783", "016566", "013600", "031081", "028901")),
    "GMOD/jbrowse/9f0692a26801e278eb80c1d775691771b478fae6/sample_data/raw/yeast_gbk/NC_001133.gbk",
]
every_gff3 = pytest.mark.parametrize("name", GFF3, ids=lambda name: name.rpartition("/")[2])
every_genbank = pytest.mark.parametrize("name", GENBANK, ids=lambda name: name.rpartition("/")[2])
every_file = pytest.mark.parametrize("name", [*GFF3, *GENBANK], ids=lambda name: name.rpartition("/")[2])
needs_gt = pytest.mark.skipif(shutil.which("gt") is None, reason="gt (genometools) is not on PATH")
needs_bcftools = pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not on PATH")


def read(name):
    return (genbank if ".gb" in name else gff3).read(MIRROR / name)


@every_file
def test_gff3_again(name, tmp_path):
    annotation = read(name)
    gff3.write(tmp_path / "a.gff3.gz", annotation)
    assert gff3.read(tmp_path / "a.gff3.gz") == annotation


@every_genbank
def test_genbank_again(name, tmp_path):
    annotation = read(name)
    genbank.write(tmp_path / "a.gbk", annotation)
    assert genbank.read(tmp_path / "a.gbk") == annotation


@every_file
def test_gtf_again(name, tmp_path):
    annotation = read(name)
    gtf.write(tmp_path / "a.gtf", annotation)
    once = gtf.read(tmp_path / "a.gtf")
    gtf.write(tmp_path / "b.gtf", once)
    assert gtf.read(tmp_path / "b.gtf") == once
    coding = Counter(part[:2] for feature in annotation.of("CDS") for part in feature.parts)
    assert coding.keys() == {part[:2] for feature in once.of("CDS") for part in feature.parts}


@every_file
def test_bed_again_and_indexed(name, tmp_path):
    annotation = read(name)
    kept = [f for f in annotation.features if f.type in ("gene", "mRNA", "tRNA") and len(f.parts) == 1]
    bed.write(tmp_path / "a.bed", Annotation(tuple(kept), annotation.contigs), sort=True)
    once = bed.read(tmp_path / "a.bed")
    over = sum(f.end > annotation.contigs[f.seqid].length for f in kept if annotation.contigs[f.seqid].length)
    assert len(once.features) == len(kept) + over
    bed.write(tmp_path / "b.bed", once)
    assert bed.read(tmp_path / "b.bed") == once
    pysam.tabix_compress(str(tmp_path / "b.bed"), str(tmp_path / "b.bed.gz"))
    pysam.tabix_index(str(tmp_path / "b.bed.gz"), preset="bed")
    with pysam.TabixFile(str(tmp_path / "b.bed.gz")) as file:
        assert sum(1 for contig in file.contigs for _ in file.fetch(contig)) == len(kept) + over


def verdict(path):
    done = subprocess.run(["gt", "gff3validator", path], capture_output=True, text=True)
    reasons = [line for line in done.stderr.splitlines() if "error" in line]
    return re.sub(r'(on|in) (line \d+|file "[^"]*")', "", " ".join(reasons))


@needs_gt
@every_file
def test_a_validator_finds_no_fault_that_was_not_there(name, tmp_path):
    gff3.write(tmp_path / "a.gff3", read(name))
    found = verdict(tmp_path / "a.gff3")
    if name in GENBANK or "GCF" in name or "D_melanogaster" in name or "orov" in name:
        assert found == ""
    else:  # three files name parents that they do not hold, or use reserved names of attributes
        original = tmp_path / "original.gff3"
        original.write_text("##gff-version 3\n" + pysam.BGZFile(str(MIRROR / name)).read().decode())
        assert verdict(original) == found != ""


@pytest.mark.parametrize("name", [GFF3[3], GENBANK[4], GENBANK[-1]], ids=lambda name: name.rpartition("/")[2])
def test_gffutils_accepts(name, tmp_path):
    annotation = read(name)
    gff3.write(tmp_path / "a.gff3", annotation)
    gtf.write(tmp_path / "a.gtf", annotation)
    options = {"merge_strategy": "create_unique", "keep_order": True}
    base = gffutils.create_db(str(tmp_path / "a.gff3"), ":memory:", **options)
    assert base.count_features_of_type() == sum(len(feature.parts) for feature in annotation.features)
    for parent in annotation.of("gene")[:50]:
        wanted = sorted((part.start + 1, part.end) for child in annotation.children(parent) for part in child.parts)
        assert sorted((child.start, child.end) for child in base.children(parent.id, level=1)) == wanted
    options |= {"disable_infer_genes": True, "disable_infer_transcripts": True}
    transcripts = gffutils.create_db(str(tmp_path / "a.gtf"), ":memory:", **options)
    assert transcripts.count_features_of_type("gene") == len(annotation.of("gene"))


def test_counts_of_ecoli():
    annotation = read(GFF3[0])
    kinds = Counter(feature.type for feature in annotation.features)
    assert (kinds["gene"], kinds["pseudogene"], kinds["tRNA"], kinds["rRNA"], kinds["ncRNA"]) == (4494, 145, 86, 22, 99)
    assert sum(len(feature.parts) for feature in annotation.of("CDS")) == 4337
    whole = [f for f in annotation.of("CDS") if len(f.parts) == 1 and "pseudo" not in f.attributes]
    assert len(whole) == 4295
    assert annotation.contigs["NC_000913.3"].circular
    found, problems = consistency.reconcile(annotation, genome.read(MIRROR / f"{ECOLI}.fna.gz"))
    assert (len(found.features), problems) == (len(annotation.features), [])


@every_genbank
def test_proteins_are_those_that_the_file_gives(name):
    from Bio.Seq import Seq

    annotation = read(name)
    circular = {contig.name: contig.circular for contig in annotation.contigs.values()}
    checked = 0
    for cds in annotation.of("CDS"):
        given = cds.value("translation")
        if given:
            letters = cds.spliced(annotation.letters[cds.seqid], circular=circular[cds.seqid])[cds.phase :]
            made = str(Seq(letters[: len(letters) // 3 * 3]).translate(table=int(cds.value("transl_table", "1"))))
            checked += made.rstrip("*")[1:] == given[1:]  # any start codon is read as M
            assert made.rstrip("*")[1:] == given[1:] or "transl_except" in cds.attributes, cds.id
    assert checked >= 0.98 * sum("translation" in cds.attributes for cds in annotation.of("CDS"))


@pytest.mark.parametrize("species", ["A.thaliana", "C.elegans", "D.melanogaster"])
def test_transcripts_of_eukaryotes_are_in_frame(species):
    annotation = gff3.read(MIRROR / MCB / f"{species}.gff.gz")
    letters = genome.read(MIRROR / MCB / f"{species}.fa.gz")
    found, problems = consistency.reconcile(annotation, letters)
    assert {problem.kind for problem in problems} <= {"parent", "id"}
    ends = Counter()
    for messenger in found.of("mRNA"):
        for cds in found.coding(messenger):
            ends[cds.spliced(letters.fetch(cds.seqid)).upper()[-3:] in ("TAA", "TAG", "TGA")] += 1
    assert ends[True] >= 0.97 * ends.total()


def test_variants_of_the_worm(tmp_path):
    variants = vcf.read(MIRROR / MCB / "C.elegans.vcf.gz")
    letters = genome.read(MIRROR / MCB / "C.elegans.fa.gz", upper=True)
    assert len(variants.rows) == 8713
    assert sum(letters.fetch(v.seqid, v.start, v.stop) == v.ref for v in variants.rows) == 8703
    vcf.write(tmp_path / "a.vcf.gz", variants)
    assert vcf.read(tmp_path / "a.vcf.gz") == variants


@needs_bcftools
def test_bcftools_reads_the_variants_of_the_worm(tmp_path):
    vcf.write(tmp_path / "a.vcf.gz", vcf.read(MIRROR / MCB / "C.elegans.vcf.gz"))
    done = subprocess.run(["bcftools", "index", "--stats", tmp_path / "a.vcf.gz"], capture_output=True, text=True)
    subprocess.run(["bcftools", "index", tmp_path / "a.vcf.gz"], check=True, capture_output=True)
    done = subprocess.run(["bcftools", "index", "--nrecords", tmp_path / "a.vcf.gz"], capture_output=True, text=True)
    assert done.stdout.strip() == "8713"


def test_links_of_the_phages_as_paf(tmp_path):
    lengths = {name: contig.length for file in GENBANK[2:8] for name, contig in read(file).contigs.items()}
    lengths = {name.partition(".")[0]: length for name, length in lengths.items()}
    _, *rows = (MIRROR / PHAGES / "link.tsv").read_text().splitlines()
    found = [_alignment(row.split("\t"), lengths) for row in rows]
    assert paf.write(tmp_path / "a.paf", found) == 254
    assert list(paf.read(tmp_path / "a.paf")) == found


def _alignment(columns, lengths):
    start, end, query_start, query_end, size, _, identity, target, query = columns
    places = (lengths[query], *sorted((int(query_start), int(query_end))))
    strand = "+" if (int(start) < int(end)) == (int(query_start) < int(query_end)) else "-"
    spans = (lengths[target], *sorted((int(start), int(end))))
    matches = round(float(identity) / 100 * int(size))
    return Alignment(query, *places, strand, target, *spans, matches, int(size))


def test_coordinates_of_nucmer_as_paf(tmp_path):
    contigs = genome.read(MIRROR / MUMMER / "B_anthracis_contigs.fasta").contigs
    slice_ = genome.read(MIRROR / MUMMER / "B_anthracis_Mslice.fasta").contigs
    found = []
    for row in (MIRROR / MUMMER / "nucmer.coords").read_text().splitlines():
        if match := re.fullmatch(r"\s*" + r"(\d+)\s+(\d+)\s+\|\s+" * 3 + r"([\d.]+)\s+\|.*?(\S+)\s+(\S+)\s*", row):
            start, end, first, last, size, _ = map(int, match.groups()[:6])
            query = (contigs[match[9]].length, min(first, last) - 1, max(first, last))
            target = (slice_[match[8]].length, start - 1, end)
            matches = round(float(match[7]) / 100 * size)
            found.append(Alignment(match[9], *query, "+-"[first > last], match[8], *target, matches, size))
    assert paf.write(tmp_path / "a.paf.gz", found) == 33
    assert list(paf.read(tmp_path / "a.paf.gz")) == found
