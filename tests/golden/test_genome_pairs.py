"""Pairs of real genomes whose differences others have listed, or that have to agree both ways round."""

import json
import os
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from exapt.bio.compare import alignment, structure, variants
from exapt.bio.compare.coding import codings
from exapt.bio.compare.identity import identity
from exapt.bio.compare.orthologs import Gene, orthologs
from exapt.bio.formats import fasta, genbank, genome

pytestmark = pytest.mark.mirror


def file(pattern):
    [path] = Path(os.environ["EXAPT_MIRROR"]).glob(pattern)
    return path


def letters(pattern):
    found = genome.read(file(pattern), upper=True)
    return {name: found.fetch(name) for name in found.contigs}


@cache
def orov():
    folder = "nextstrain/nextclade_data/*/data/community/itps/orov/M/refseq"
    tips = {}

    def walk(node, state):
        changes = node.get("branch_attrs", {}).get("mutations", {}).get("nuc", [])
        state = state | {int(change[1:-1]) - 1: change[-1] for change in changes}
        if "children" not in node:
            tips[node["name"]] = state
        for child in node.get("children", []):
            walk(child, state)

    walk(json.loads(file(f"{folder}/tree.json").read_text())["tree"], {})
    sequences = {one.id: one.sequence.upper() for one in fasta.read(file(f"{folder}/sequences.fasta"))}
    return letters(f"{folder}/reference.fasta"), {name: sequences[name] for name in sequences if name in tips}, tips


def test_substitutions_along_a_tree():
    """Tips of a tree by Nextclade: where a genome is covered, each has the substitutions of its branches."""
    reference, sequences, tips = orov()
    [(contig, ref)] = reference.items()
    assert len(sequences) == 20
    exact = 0
    for name, sequence in sequences.items():
        found = alignment.align({name: sequence}, reference)
        called = {
            (one.start, one.alt)
            for one in variants.differences(found.blocks, found.query, found.target)
            if one.is_substitution
        }
        known = variants.covered(found.blocks, found.target)[contig]
        truth = {
            (at, letter) for at, letter in tips[name].items() if letter in "ACGT" and letter != ref[at] and known[at]
        }
        exact += called == truth
        assert len(called & truth) >= 0.98 * max(len(called), len(truth)), name
        if "N" not in sequence:
            assert called == truth, name
    assert exact == 16  # the other four have runs of N, for which the tree has letters


def test_what_show_snps_lists():
    """MUMmer 3 on B. anthracis, 87 rows: of its 37 substitutions 34 are ours, too; the benchmark tells the rest."""
    folder = "mummer4/mummer/*/docs/web/examples/data"
    found = alignment.align(
        letters(f"{folder}/B_anthracis_contigs.fasta"), letters(f"{folder}/B_anthracis_Mslice.fasta")
    )
    called = {
        (one.start + 1, one.ref, one.alt)
        for one in variants.differences(found.blocks, found.query, found.target)
        if one.is_substitution
    }
    rows = [line.replace("|", " ").split() for line in file(f"{folder}/nucmer.snps").read_text().splitlines()[5:]]
    theirs = {(int(row[0]), row[1], row[2]) for row in rows if "." not in row[1:3]}
    assert (len(rows), len(theirs)) == (87, 37)
    assert len(called & theirs) == 34
    assert len(called - theirs) == 9


@pytest.fixture(scope="module")
def strains():
    sides = [
        genbank.read(file(f"labgem/PPanGGOLiN/*/testingDataset/GBFF/{name}_genomic.gbff.gz"))
        for name in ("GCF_000220105.1_ASM22010v1", "GCF_000092685.1_ASM9268v1")
    ]
    return [{name: text.upper() for name, text in side.letters.items()} for side in sides]


def test_two_strains_of_chlamydia_both_ways(strains):
    one, other = (alignment.align(*pair) for pair in (strains, strains[::-1]))
    told = identity(one)
    assert (told.same, told.other, told.gaps) == (1_029_544, 7_782, 321)
    assert identity(other).ani == told.ani
    small = [variants.differences(found.blocks, found.query, found.target) for found in (one, other)]
    assert len(small[0]) == len(small[1]) == 8_103
    turned = str.maketrans("ACGT", "TGCA")
    sides = [Counter(frozenset((d.ref, d.alt)) for d in found if d.is_substitution) for found in small]
    both = [
        sum(
            (Counter({pair: n, frozenset(x.translate(turned) for x in pair): n}) for pair, n in side.items()), Counter()
        )
        for side in sides
    ]
    assert both[0] == both[1]


def test_strains_that_begin_at_other_letters_have_no_translocation(strains):
    found = alignment.align(*strains)
    told = Counter(one.kind for one in structure.events(found, circular=[*strains[0], *strains[1]]))
    assert "translocation" not in told
    assert "inversion" not in told
    assert sum(told.values()) == 11


def test_mitochondria_of_two_species():
    found = alignment.align(letters("lh3/minimap2/*/test/MT-orang.fa"), letters("lh3/minimap2/*/test/MT-human.fa"))
    told = identity(found)
    assert round(told.ani, 4) == 0.8587
    assert min(told.query_aligned, told.target_aligned) > 0.97
    [event] = structure.events(found, circular=[*found.query, *found.target])
    assert (event.kind, event.start, event.end) == ("replacement", 169, 576)  # the control region


def test_links_between_phages():
    """254 pairs of genes of neighbours that MMseqs2 gave to pyGenomeViz: all but one, and four weak ones more."""
    folder = "moshi4/pygenomeviz-data/*/enterobacteria_phage"
    names = ("NC_019724", "NC_024783", "NC_016566", "NC_013600", "NC_031081", "NC_028901")
    genes, places = [], []
    for name in names:
        known = genbank.read(file(f"{folder}/{name}.gbk"))
        for one in codings(known, known.letters):
            genes.append(Gene(name, one.feature.seqid, one.name, one.protein))
            places.append((name, one.feature.start, one.feature.end))
    rows = [line.split("\t") for line in file(f"{folder}/link.tsv").read_text().splitlines()[1:]]
    theirs = {frozenset({(row[7], *sorted(map(int, row[:2]))), (row[8], *sorted(map(int, row[2:4])))}) for row in rows}
    ours = {
        frozenset({places[pair.one], places[pair.other]})
        for pair in orthologs(genes).pairs
        if (genes[pair.one].genome, genes[pair.other].genome) in pairwise(names)
    }
    assert len(theirs) == 254
    assert len(ours & theirs) == 253
    assert len(ours - theirs) == 4
