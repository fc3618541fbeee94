"""Transcripts, their labels, the genes that labels cannot hold, agreement, and the annotation that is written."""

import gffutils
import numpy as np
import pytest
from Bio.Seq import translate

from exapt.bio.formats import gff3
from exapt.bio.formats.annotation import Annotation, Feature, Part
from exapt.bio.transcripts.agreement import agreement
from exapt.bio.transcripts.annotated import annotation_of, coding_transcripts, label_contig, problem
from exapt.bio.transcripts.grammar import Grammar, decoded
from exapt.bio.transcripts.labels import (
    ACCEPTOR,
    CLASSES,
    CODING,
    DONOR,
    MASKED,
    Transcript,
    labelled,
    spelt_transcripts,
)
from exapt.core.errors import ConfigError, DataError

# AT|G GCT TAA with 5' UTR CC, 3' UTR G and an intron of ten letters in the start codon
LETTERS = "TTCCATGTCCCCCCAGGGCTTAAGTT"
GENE = Transcript("+", ((2, 6), (16, 24)), (4, 23), "g", "g.t1")


def test_labels_of_both_strands():
    row = labelled([GENE], 26)
    assert row[:9].tolist() == [0, 0, 1, 1, 3, 4, 10, 10, 8]
    assert row[14:].tolist() == [11, 11, 5, 3, 4, 5, 3, 4, 5, 2, 0, 0]
    back = GENE._replace(strand="-", exons=((2, 10), (20, 24)), coding=(3, 22))
    assert (labelled([back], 26)[::-1] == np.where(row > 0, row + 11, 0)).all()


@pytest.mark.parametrize(
    ("transcripts", "message"),
    [
        ([GENE, GENE._replace(exons=((24, 26),), coding=(24, 26))], "overlaps or touches"),
        ([GENE._replace(exons=((2, 27),))], "beyond its contig"),
        ([GENE._replace(exons=((2, 6), (10, 24)))], "fewer than 5"),
    ],
)
def test_labels_that_cannot_be(transcripts, message):
    with pytest.raises(DataError, match=message):
        labelled(transcripts, 26)


@pytest.mark.parametrize(("place", "label"), [(8, 0), (7, 9), (4, 4), (3, 14), (2, 10), (20, 200)])
def test_labels_that_spell_nothing(place, label):
    row = labelled([GENE], 26)
    row[place] = label
    with pytest.raises(DataError, match="spell no transcript"):
        spelt_transcripts(row)


def test_the_example_is_decoded():
    weights = np.full((26, len(CLASSES)), -3.0)
    weights[np.arange(26), labelled([GENE], 26)] = -0.1
    found = decoded(Grammar(shortest_intron=10), {"c": weights}, {"c": LETTERS})["c"]
    assert spelt_transcripts(found) == [GENE._replace(gene="", name="")]
    broken = LETTERS.replace("CAGGGC", "CTGGGC")
    other = decoded(Grammar(shortest_intron=10), {"c": weights}, {"c": broken})["c"]
    assert all(not problem(gene, broken) for gene in spelt_transcripts(other))


@pytest.mark.parametrize(("content", "introns"), [(1.0, ()), (0.01, ((8, 20),))])
def test_with_little_weight_on_letters_sites_decide(content, introns):
    """An intron that may be read through, whose letters look coding and whose sites look like those of an intron."""
    letters = "CCATGGCAGTACCCCCCCAGGCTTAACC"
    gene = Transcript("+", ((2, 8), (20, 26)), (2, 26))
    weights = np.full((28, len(CLASSES)), -3.0)
    weights[np.arange(28), labelled([gene], 28)] = 0.0
    weights[8:10, DONOR] = weights[18:20, ACCEPTOR] = 0.5
    weights[8:20, CODING : CODING + 3] = -0.1
    weights[10:18, CODING : CODING + 3] = 1.0
    grammar = Grammar(shortest_intron=10, gene=0, intron=0, content=content)
    [found] = spelt_transcripts(decoded(grammar, {"c": weights}, {"c": letters})["c"])
    assert found.introns == introns


def test_a_stop_over_an_intron_is_no_codon():
    """T|GT...AG|AA would be a stop in frame; the decoder must not go on translating behind it."""
    letters = "CCATGGCTTGTCCCCCCAGAAGGTTAACC"
    wanted = Transcript("+", ((2, 9), (19, 27)), (2, 27))
    assert problem(wanted, letters) == "stop codon within"
    weights = np.full((29, len(CLASSES)), -3.0)
    weights[np.arange(29), labelled([wanted], 29)] = -0.1
    found = spelt_transcripts(decoded(Grammar(shortest_intron=10), {"c": weights}, {"c": letters})["c"])
    assert all(not problem(gene, letters) for gene in found)


@pytest.mark.parametrize(
    ("transcript", "letters", "why"),
    [
        (GENE, LETTERS, ""),
        (GENE, LETTERS[:20], "beyond the contig"),
        (GENE, LETTERS.replace("CATGT", "CATCT"), "intron CT..AG"),
        (GENE, LETTERS.replace("CATGT", "CCTGT"), "no start codon"),
        (GENE, LETTERS.replace("TTAAG", "TTCAG"), "no stop codon"),
        (GENE, LETTERS.replace("GGGCT", "GGTAG"), "stop codon within"),
        (GENE._replace(coding=(4, 22)), LETTERS, "multiple of three"),
        (GENE._replace(coding=(1, 23)), LETTERS, "outside the exons"),
        (Transcript("+", ((0, 4), (9, 10), (15, 22)), (0, 22)), "ATGTGTAAGGGTAAGGTGCTAA", "codon over three exons"),
    ],
)
def test_what_labels_cannot_hold(transcript, letters, why):
    found = problem(transcript, letters)
    assert why in found
    assert bool(why) == bool(found)


def test_overlapping_genes():
    letters = LETTERS + "CCCC"
    other = Transcript("+", ((22, 28),), (22, 28))
    found = label_contig([other, GENE], letters)
    assert found.kept == (GENE,)
    assert found.labels[24:].tolist() == [MASKED] * 4 + [0, 0]
    assert [gone for gone, _ in found.left_out] == [other]


def transcript_features(name, parts, tag=()):
    attributes = {"tag": tag} if tag else {}
    yield Feature("c", "mRNA", (Part(parts[0][0], parts[-1][1], "+"),), name, ("g",), attributes=attributes)
    for start, end in parts:
        yield Feature("c", "exon", (Part(start, end, "+"),), parents=(name,))
        yield Feature("c", "CDS", (Part(start, end, "+", 0),), parents=(name,))


@pytest.mark.parametrize(("tag", "chosen"), [((), "long"), (("basic", "Ensembl_canonical"), "short")])
def test_one_transcript_a_gene(tag, chosen):
    gene = Feature("c", "gene", (Part(0, 30, "+"),), "g")
    several = [*transcript_features("short", [(0, 6)], tag), *transcript_features("long", [(0, 6), (20, 29)])]
    [found] = coding_transcripts(Annotation((gene, *several)))["c"]
    assert (found.gene, found.name) == ("g", chosen)


def test_agreement_by_segment():
    near = Transcript("-", ((10, 19),), (10, 19))
    far = Transcript("+", ((110, 119), (130, 139)), (110, 139))
    found = agreement({"c": [near, far]}, {"c": [near._replace(strand="+"), far]}, {"c": 200}, segment=100)
    assert found.annotated.tolist() == [[9, 1, 0, 1], [18, 2, 1, 1]]
    assert found.found.tolist() == [[0, 0, 0, 0], [18, 2, 1, 1]]
    assert found.scores()["exon"] == {"sensitivity": 2 / 3, "precision": 2 / 3, "f1": 2 / 3}
    assert found.scores([1])["gene"]["f1"] == 1
    assert np.isnan(found.scores([0])["intron"]["f1"])
    ignored = agreement({"c": [near, far]}, {"c": [near]}, {"c": 200}, ignored={"c": [(118, 140)]}, segment=100)
    assert ignored.annotated.tolist() == [[9, 1, 0, 1], [8, 0, 0, 0]]


def test_written_genes_are_read_by_gffutils(tmp_path):
    made = annotation_of({"c": [GENE._replace(gene="", name="")]}, {"c": 26})
    gff3.write(tmp_path / "a.gff3", made)
    assert gff3.read(tmp_path / "a.gff3").features == made.features
    base = gffutils.create_db(str(tmp_path / "a.gff3"), ":memory:", merge_strategy="create_unique")
    assert [child.featuretype for child in base.children("gene1", level=1)] == ["mRNA"]
    parts = list(base.children("gene1.t1", featuretype="CDS", order_by="start"))
    assert [(part.start, part.end, part.frame) for part in parts] == [(5, 6, "0"), (17, 23, "1")]
    [cds] = made.of("CDS")
    assert translate(cds.spliced(LETTERS), cds=True) == "MA"


def test_weights_that_do_not_fit():
    with pytest.raises(DataError, match=r"contig c has 26 letters and log probabilities of shape \(25, 23\)"):
        decoded(Grammar(), {"c": np.zeros((25, 23))}, {"c": LETTERS})
    with pytest.raises(ConfigError, match="at least 5"):
        Grammar(shortest_intron=4)
    with pytest.raises(ConfigError, match="above 0"):
        Grammar(content=0)
