"""Annotated genomes as tables of windows, from files and from cards."""

import pytest

from exapt.bio.formats import gff3
from exapt.bio.transcripts.annotated import annotation_of
from exapt.bio.transcripts.labels import Transcript, as_text, labelled
from exapt.core.config import DataConfig
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import SPLITS
from exapt.data import cards
from exapt.data.cards import PARSERS
from exapt.data.loading import load

LETTERS = "TTTTTATGGCAGCATAATTTTTTTTT" + "T" * 40
GENE = Transcript("+", ((5, 17),), (5, 17), "g")


@pytest.fixture
def files(tmp_path):
    (tmp_path / "g.fa").write_text(f">c\n{LETTERS.lower()}\n>d\nACGT\n")
    gff3.write(tmp_path / "g.gff3", annotation_of({"c": [GENE]}, {"c": len(LETTERS)}))
    return tmp_path


def read(files, **options):
    wanted = {"genome": str(files / "g.fa"), "window": 20, "overlap": 4, "block": 33, **options}
    return load(DataConfig(name=str(files / "g.gff3"), options=wanted))


def test_a_gff3_beside_its_genome(files):
    loaded = read(files)
    table = loaded.table
    assert {name: (c.role, c.modality) for name, c in table.columns.items()} == {
        "id": ("id", "label"),
        "sequence": ("input", "dna"),
        "labels": ("target", "structure"),
        "block": ("group", "label"),
    }
    row = as_text(labelled([GENE], len(LETTERS)))
    assert len(loaded.files) == 2
    for window in table.frame[table.frame["chrom"] == "c"].itertuples():
        assert window.sequence == LETTERS[window.start : window.end]
        assert window.labels == row[window.start : window.end]
        assert window.id == f"c:{window.start}-{window.end}"
    assert table.frame["block"].nunique() == 3
    assert table.frame["sequence"].iloc[-1] == "ACGT"


def test_genes_of_one_source(files):
    assert "X" in "".join(read(files, sources=["exapt"]).table.frame["labels"])
    with pytest.raises(DataError, match=r"no coding gene lies on a sequence of .*g\.fa"):
        read(files, sources=["other"])


def test_names_that_do_not_match(files):
    (files / "g.fa").write_text(">chr1\nACGT\n")
    with pytest.raises(DataError, match="Genes are on: c; its sequences are: chr1"):
        read(files)


def test_a_gff3_without_letters(files):
    with pytest.raises(ConfigError, match="Name the FASTA file"):
        load(DataConfig(name=str(files / "g.gff3")))


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "letters", "genes", "left_out"),
    [
        ("euk_1pct_arabidopsis", 1_196_674, 322, 21),
        ("euk_1pct_celegans", 1_002_861, 134, 25),
        ("euk_1pct_drosophila", 1_375_477, 62, 15),
        ("yeast_chr1", 230_218, 94, 0),
    ],
)
def test_cards_of_genes(name, letters, genes, left_out):
    card = cards.read(name)
    parser = PARSERS.build(card.parser.name, **card.parser.options)
    genome, labels = parser.read(cards.fetch(card))
    assert sum(contig.length for contig in genome.contigs.values()) == letters
    assert sum(len(one.kept) for one in labels.values()) == genes
    assert sum(len(one.left_out) for one in labels.values()) == left_out
    frame = load(DataConfig(name=name)).table.frame
    for block, rows in frame.groupby("block"):
        left, right = rows["start"].min(), rows["end"].max()
        assert block == f"{rows['chrom'].iloc[0]}:{left}"
        crossing = [one for one in labels[rows["chrom"].iloc[0]].kept if one.start < right < one.end]
        assert not crossing
    folds = SPLITS.build("interval")(load(DataConfig(name=name)).table)
    assert set(frame["block"].iloc[folds[0].test]).isdisjoint(frame["block"].iloc[folds[0].train])
