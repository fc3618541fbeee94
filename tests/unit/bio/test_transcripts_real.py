"""Annotated genes of real genomes as labels: which can be held, and that these come back as they were."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import gffutils
import pytest
from Bio.Seq import translate

from exapt.bio.formats import genbank, genome, gff3
from exapt.bio.transcripts.annotated import annotation_of, annotation_of_labels, coding_transcripts, label_contig

pytestmark = pytest.mark.mirror
MIRROR = Path(os.environ.get("EXAPT_MIRROR", "."))
MCB = MIRROR / "iankorf/MCB185/fc3c33ed5dacad55e15ba971178b42b08bff2825/data"
YEAST = "GMOD/jbrowse/9f0692a26801e278eb80c1d775691771b478fae6/sample_data/raw/yeast_gbk/NC_001133.gbk"
KEPT = {"A.thaliana": 322, "C.elegans": 134, "D.melanogaster": 62, "yeast": 94}
LEFT_OUT = {
    "A.thaliana": {"overlaps another gene": 21},
    "C.elegans": {"overlaps another gene": 20}
    | dict.fromkeys(("intron TT..AC", "intron GG..AC", "intron GT..CG", "intron GT..GA", "intron TG..CT"), 1),
    "D.melanogaster": {"overlaps another gene": 15},
    "yeast": {},
}
SOURCES = {"A.thaliana": "TAIR10", "C.elegans": "WormBase", "D.melanogaster": "FlyBase"}


def read(name):
    if name == "yeast":
        annotation = genbank.read(MIRROR / YEAST)
        return annotation, {contig: text.upper() for contig, text in annotation.letters.items()}
    annotation = gff3.read(MCB / f"{name}.gff.gz")
    annotation = replace(annotation, features=tuple(f for f in annotation.features if f.source == SOURCES[name]))
    contigs = genome.read(MCB / f"{name}.fa.gz", upper=True)
    return annotation, {contig: contigs.fetch(contig) for contig in contigs.contigs}


@pytest.mark.parametrize("name", KEPT)
def test_annotated_genes_as_labels(name, tmp_path):
    annotation, letters = read(name)
    found = coding_transcripts(annotation)
    done = {contig: label_contig(found.get(contig, []), text) for contig, text in letters.items()}
    reasons = Counter(why for labelling in done.values() for _, why in labelling.left_out)
    assert dict(reasons) == LEFT_OUT[name]
    assert sum(len(labelling.kept) for labelling in done.values()) == KEPT[name]

    made = annotation_of_labels({contig: labelling.labels for contig, labelling in done.items()})
    again = coding_transcripts(made)
    for contig, labelling in done.items():
        plain = [transcript._replace(gene="", name="") for transcript in labelling.kept]
        assert [transcript._replace(gene="", name="") for transcript in again.get(contig, [])] == plain
        assert (label_contig(again.get(contig, []), letters[contig]).labels == labelling.labels % 255).all()

    named = annotation_of({c: f.kept for c, f in done.items()}, {c: len(text) for c, text in letters.items()})
    for cds in named.of("CDS"):
        protein = translate(
            cds.spliced(letters[cds.seqid]), cds=True
        )  # refuses a wrong start, end, frame or inner stop
        assert protein.startswith("M")
    gff3.write(tmp_path / "a.gff3", named)
    base = gffutils.create_db(str(tmp_path / "a.gff3"), ":memory:", merge_strategy="create_unique")
    assert base.count_features_of_type("mRNA") == KEPT[name]
