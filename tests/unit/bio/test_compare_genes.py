"""Consequences of differences against Biopython's translation of the changed genome, and genes that genomes share."""

import numpy as np
import pytest
from Bio.Seq import Seq
from Bio.SeqFeature import CompoundLocation, SimpleLocation

from exapt.bio.compare import simulate
from exapt.bio.compare.coding import codings, genetic_code
from exapt.bio.compare.consequences import consequences
from exapt.bio.compare.orthologs import Gene, orthologs
from exapt.bio.compare.variants import Difference
from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part, phased
from exapt.core.errors import ConfigError

TABLE = 11
SPANS = {  # of the coding parts, with their strand: one part, several, both strands
    "one": ((300, 900), "+"),
    "back": ((1200, 1830), "-"),
    "spliced": ((2100, 2250, 2400, 2500, 2600, 2749), "+"),
    "spliced_back": ((3100, 3201, 3300, 3460, 3500, 3638), "-"),
}


def locations(name):
    edges, strand = SPANS[name]
    sign = 1 if strand == "+" else -1
    return [SimpleLocation(start, end, sign) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def extracted(letters, name, grown=None):
    """Biopython's own way from a contig to a coding sequence; `grown` is a place from which letters were gained."""
    parts = locations(name)
    if grown is not None:
        at, by = grown
        parts = [
            SimpleLocation(
                part.start + (by if part.start > at else 0), part.end + (by if part.end > at else 0), part.strand
            )
            for part in parts
        ]
    parts = parts if parts[0].strand > 0 else parts[::-1]
    whole = parts[0] if len(parts) == 1 else CompoundLocation(parts)
    return str(whole.extract(Seq(letters)))


@pytest.fixture(scope="module")
def genome():
    """A contig with four genes: each begins with ATG, ends with TAA and has no other stop."""
    random = np.random.default_rng(0)
    letters = list(simulate.random_genome(4000, seed=5))
    codons = [codon for codon, amino in genetic_code(TABLE).amino_acids.items() if amino != "*"]
    features = []
    for name, (edges, strand) in SPANS.items():
        length = sum(edges[1::2]) - sum(edges[::2])
        gene = "ATG" + "".join(random.choice(codons, length // 3 - 2)) + "TAA"
        text = gene if strand == "+" else str(Seq(gene).reverse_complement())
        parts = []
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            letters[start:end], text = text[: end - start], text[end - start :]
            parts.append(Part(start, end, strand))
        features.append(Feature("c", "gene", (Part(edges[0], edges[-1], strand),), f"gene-{name}"))
        more = {"locus_tag": (name,), "transl_table": (str(TABLE),)}
        features.append(Feature("c", "CDS", phased(parts), f"cds-{name}", (f"gene-{name}",), attributes=more))
    text = "".join(letters)
    return text, codings(Annotation(tuple(features), {"c": Contig("c", len(text))}), {"c": text})


def test_proteins_are_those_of_biopython(genome):
    letters, genes = genome
    assert [gene.name for gene in genes] == list(SPANS)
    for gene in genes:
        assert gene.protein == str(Seq(extracted(letters, gene.name)).translate(TABLE, cds=True))


def judged(before, after):
    """What a changed coding sequence of the same length means, by its protein alone."""
    one, other = (str(Seq(text).translate(TABLE)) for text in (before, after))
    starts = genetic_code(TABLE).starts
    if before[:3] != after[:3]:
        return "synonymous" if after[:3] in starts else "start_lost"
    if one == other:
        return "synonymous"
    if one.endswith("*") and not other.endswith("*"):
        return "stop_lost"
    return "stop_gained" if "*" in other[:-1] else "missense"


def test_every_substitution(genome):
    letters, genes = genome
    seen = set()
    for gene in genes:
        before = extracted(letters, gene.name)
        for position in range(gene.feature.start - 2, gene.feature.end + 2):
            for alt in "ACGT".replace(letters[position], ""):
                one = Difference("c", position, letters[position], alt)
                told = consequences([one], genes)
                changed = letters[:position] + alt + letters[position + 1 :]
                after = extracted(changed, gene.name)
                if before == after:
                    assert told == []
                    continue
                [found] = told
                assert found.gene == gene.name
                assert found.kind == judged(before, after), (one, found)
                codon = next(at for at in range(len(before)) if before[at] != after[at]) // 3 + 1
                assert found.codon == codon
                if codon > 1:
                    proteins = [str(Seq(text).translate(TABLE)) for text in (before, after)]
                    assert found.change == f"{proteins[0][codon - 1]}{codon}{proteins[1][codon - 1]}"
                seen.add(found.kind)
    assert seen == {"synonymous", "missense", "stop_gained", "stop_lost", "start_lost"}


def test_substitutions_in_one_codon_are_read_together(genome):
    letters, genes = genome
    random = np.random.default_rng(1)
    places = sorted(random.choice(np.arange(303, 897), 200, replace=False).tolist())
    changes = [Difference("c", at, letters[at], "CGTA"["ACGT".index(letters[at])]) for at in places]
    changed = list(letters)
    for one in changes:
        changed[one.start] = one.alt
    protein = str(Seq(extracted("".join(changed), "one")).translate(TABLE))
    before = str(Seq(extracted(letters, "one")).translate(TABLE))
    told = consequences(changes, genes)
    assert len(told) == len(changes)
    for one in told:
        ref, alt = before[one.codon - 1], protein[one.codon - 1]
        assert one.change == f"{ref}{one.codon}{alt}"
        assert one.kind == ("synonymous" if ref == alt else "stop_gained" if alt == "*" else "missense")


@pytest.mark.parametrize("gained", ["A", "GC", "GCA", "TAATAA", "CCTGATTCA"])
def test_insertions(genome, gained):
    letters, genes = genome
    for gene in genes:
        edges = SPANS[gene.name][0]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            for at in range(start + 4, end - 4, 2):  # the letter that they stand behind
                [found] = consequences([Difference("c", at, letters[at], letters[at] + gained)], genes)
                changed = letters[: at + 1] + gained + letters[at + 1 :]
                check_indel(found, gene, letters, changed, (at, len(gained)))


@pytest.mark.parametrize("lost", [1, 2, 3, 6])
def test_deletions(genome, lost):
    letters, genes = genome
    for gene in genes:
        edges = SPANS[gene.name][0]
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            for at in range(start + 4, end - 4 - lost, 2):
                one = Difference("c", at, letters[at : at + lost + 1], letters[at])
                [found] = consequences([one], genes)
                check_indel(found, gene, letters, letters[: at + 1] + letters[at + 1 + lost :], (at, -lost))


def check_indel(found, gene, letters, changed, grown):
    after = extracted(changed, gene.name, grown)
    if grown[1] % 3:
        assert found.kind == "frameshift"
        return
    before, protein = (str(Seq(text).translate(TABLE)) for text in (extracted(letters, gene.name), after))
    if "*" in protein[:-1]:
        assert found.kind == "stop_gained"
        assert protein.index("*") + 1 == found.codon
    else:
        assert protein.endswith("*"), (before, protein)
        assert found.kind == ("inframe_insertion" if grown[1] > 0 else "inframe_deletion")


def test_indels_at_the_ends_of_a_gene(genome):
    letters, genes = genome
    told = {
        place: [(one.kind, one.gene) for one in consequences([Difference("c", *place)], genes)]
        for place in (
            (300, letters[300:303], letters[300]),  # two letters of ATG
            (297, letters[297:302], letters[297]),  # over the start
            (897, letters[897:899], letters[897]),  # of TAA
            (299, letters[299], letters[299] + "GG"),  # just before the gene
            (899, letters[899], letters[899] + "GG"),  # just behind it
            (2300, letters[2300:2303], letters[2300]),  # in an intron
            (2248, letters[2248:2253], letters[2248]),  # over its edge
        )
    }
    assert [kinds[0][0] if kinds else None for kinds in told.values()] == [
        "start_lost",
        "cds_edge",
        "frameshift",
        None,
        None,
        None,
        "cds_edge",
    ]


def test_an_unknown_code_is_refused():
    with pytest.raises(ConfigError, match="Genetic code 99 is not known"):
        genetic_code(99)


def protein(seed, length=120):
    return "M" + "".join(np.random.default_rng(seed).choice(list("ACDEFGHIKLMNPQRSTVWY"), length))


def named(pairs, genes):
    return {(genes[pair.one].name, genes[pair.other].name, pair.by) for pair in pairs}


def test_neighbours_decide_between_equal_copies():
    """Two copies of one protein in each genome, in other surroundings: each goes with its neighbours."""
    around = [protein(seed) for seed in range(8)]
    twin = protein(99)
    one = [*around[:4], twin, *around[4:], twin]
    other = [twin, *around[:4], twin, *around[4:]]  # the second of B stands among the genes around the first of A
    genes = [Gene("A", "c", f"a{row}", text) for row, text in enumerate(one)]
    genes += [Gene("B", "c", f"b{row}", text) for row, text in enumerate(other)]
    found = named(orthologs(genes, tool="kmers").pairs, genes)
    assert ("a4", "b5", "synteny") in found
    assert ("a9", "b0", "score") in found or ("a9", "b0", "synteny") in found
    assert len(found) == 10


def test_core_accessory_unique_and_copies():
    shared, two, own = protein(1), protein(2), protein(3)
    genes = [Gene("A", "c", "a1", shared), Gene("A", "c", "a2", two), Gene("A", "c", "a3", own)]
    genes += [Gene("B", "c", "b1", shared), Gene("B", "c", "b2", two), Gene("C", "c", "c1", shared)]
    genes += [Gene("C", "c", "c2", shared[:60] + "W" + shared[60:])]
    found = orthologs(genes, tool="kmers").groups
    told = [
        ([genes[row].name for row in one.genes], [genes[row].name for row in one.copies], one.kind) for one in found
    ]
    assert told == [
        (["a1", "b1", "c1"], ["c2"], "core"),
        (["a2", "b2"], [], "accessory"),
        (["a3"], [], "unique"),
    ]


def test_the_order_of_the_genomes_makes_no_difference():
    texts = [protein(seed) for seed in range(12)]
    sides = {"A": texts[:9], "B": texts[3:], "C": [*texts[1:7], texts[2]]}
    forward, backward = (
        [Gene(genome, "c", f"{genome}{row}", text) for genome in order for row, text in enumerate(sides[genome])]
        for order in ("ABC", "CBA")
    )
    one, other = (
        {
            frozenset(genes[row].name for row in (*group.genes, *group.copies))
            for group in orthologs(genes, tool="kmers").groups
        }
        for genes in (forward, backward)
    )
    assert one == other


def test_of_two_transcripts_of_a_gene_the_longer_one_counts():
    letters = {"c": "ATGGCTAAATAA" * 4}
    parts = {"m1": [(0, 12)], "m2": [(0, 3), (6, 12), (15, 24)]}
    features = [Feature("c", "gene", (Part(0, 24, "+"),), "g")]
    for name, spans in parts.items():
        features.append(Feature("c", "mRNA", (Part(spans[0][0], spans[-1][1], "+"),), name, ("g",)))
        for start, end in spans:  # lines without ID
            features.append(Feature("c", "CDS", (Part(start, end, "+", 0),), parents=(name,)))
    pseudo = Feature("c", "CDS", (Part(24, 36, "+", 0),), "p", attributes={"pseudo": ("true",)})
    [gene] = codings(Annotation((*features, pseudo), {"c": Contig("c", 48)}), letters)
    assert (gene.name, gene.letters, gene.protein) == ("g", "ATGAAATAAGCTAAATAA", "MK*AK")


def test_a_gene_over_the_origin_of_a_circle():
    letters = {"c": "GCTTAA" + "C" * 30 + "ATGAAA"}
    cds = Feature("c", "CDS", (Part(36, 48, "+", 0),), "x")
    [gene] = codings(Annotation((cds,), {"c": Contig("c", 42, circular=True)}), letters)
    assert gene.protein == "MKA"
