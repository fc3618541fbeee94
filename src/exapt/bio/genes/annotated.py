"""Genes of a whole genome: from its letters to an annotation, proteins and gene sequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from exapt.bio.formats.annotation import Annotation, Feature, Part
from exapt.bio.formats.fasta import Record
from exapt.bio.formats.genome import Genome
from exapt.bio.genes.codes import STARTS, GeneticCode, digits
from exapt.bio.genes.finding import Advance, Scene, find_genes
from exapt.bio.genes.found import Genes, joined
from exapt.bio.genes.model import Model, shipped
from exapt.bio.genes.operons import Place, operons, together
from exapt.bio.genes.ribosomal import Intervals
from exapt.bio.genes.tables import Array
from exapt.bio.genes.windows import CORE, Strip, strips
from exapt.bio.rna.found import Rna

SOURCE = "exapt"


def genome_genes(
    genome: Genome,
    code: GeneticCode,
    *,
    model: Model | None = None,
    adapt: bool = True,
    circular: bool = False,
    rnas: Mapping[str, Sequence[Rna]] | None = None,
    core: int = CORE,
    advance: Advance = lambda letters: None,
) -> dict[str, Genes]:
    """The genes of each contig.

    Parameters
    ----------
    genome
        DNA; lower case is read as capitals, any other letter than A, C, G, T as unknown.
    code
        The genetic code.
    model
        What was learned on another genome; None: the one of E. coli K-12 that comes with the package.
    adapt
        Count on this genome what its genes look like; False: take them to look like those of the model's genome.
    circular
        All contigs are circular; else those that the genome says are.
    rnas
        Genes of RNA of each contig, on which no gene of a protein is looked for.
    core
        Letters of a window; the result does not depend on it.
    advance
        Called with letters gone through, `finding.passes` times the genome in all.

    Examples
    --------
    >>> from exapt.bio.formats.genome import of_letters
    >>> from exapt.bio.genes.codes import CODES
    >>> found = genome_genes(of_letters({"c1": "ACGTTGCA" * 10}), CODES[11])
    >>> len(found["c1"])
    0
    """
    model = shipped() if model is None else model
    owners: list[str] = []
    pieces: list[Strip] = []
    for name, contig in genome.contigs.items():
        found = strips(digits(genome.fetch(name)), circular=circular or contig.circular)
        owners += [name] * len(found)
        pieces += found
    rna = [_on_strip(strip, (rnas or {}).get(name, ())) for name, strip in zip(owners, pieces, strict=True)]
    scene = Scene(pieces, code, core=core, ribosomal=model.ribosomal, rna=rna)
    parts: dict[str, list[Genes]] = {name: [] for name in genome.contigs}
    for name, strip, genes in zip(owners, pieces, find_genes(scene, model, adapt=adapt, advance=advance), strict=True):
        parts[name].append(genes.moved(strip.offset))
    return {name: joined(genes) for name, genes in parts.items()}


def _on_strip(strip: Strip, rnas: Sequence[Rna]) -> Intervals:
    """(r, 2) places of genes of RNA on a strip; on a circle those over the origin at both ends of it."""
    length = len(strip)
    turns = (0, length, -length) if strip.circular else (0,)
    placed = [(rna.left - strip.offset + turn, rna.right - strip.offset + turn) for rna in rnas for turn in turns]
    near = [(left, right) for left, right in placed if right > 0 and left < 2 * length]
    return np.array(near, dtype=np.int64).reshape(-1, 2)


def annotation(
    genome: Genome, genes: Mapping[str, Genes], code: GeneticCode, rnas: Mapping[str, Sequence[Rna]] | None = None
) -> Annotation:
    """All that was found, by contig and place, each named after its contig and its number.

    A gene of a protein is a `gene` and its `CDS`, a gene of RNA one feature of its kind. Genes that are likely to be on
    one transcript have an `operon` as parent; its score is the probability that no transcript ends within it.
    """
    probability = together(list(genes.values()))
    features: list[Feature] = []
    for name, found in genes.items():
        features += _of_contig(genome, name, found, (rnas or {}).get(name, ()), probability, code)
    return Annotation(tuple(features), genome.contigs, where=genome.where)


def _of_contig(
    genome: Genome, name: str, genes: Genes, rnas: Sequence[Rna], probability: Array, code: GeneticCode
) -> Iterator[Feature]:
    """Features of one contig from left to right, an operon before its members."""
    groups = [list(_features(name, genes, number, code)) for number in range(len(genes))]
    groups += [[_rna(name, rna, number)] for number, rna in enumerate(rnas)]
    groups.sort(key=lambda group: (group[0].start, group[0].end))
    contig = genome.contigs[name]
    places = [Place(group[0].start, group[0].end, group[0].strand == "-", group[0].type) for group in groups]
    found = operons(places, probability, (contig.length or 0) if contig.circular else 0)
    heads: dict[int, Feature] = {}
    for number, operon in enumerate(found):
        first, last = places[operon.members[0]], places[operon.members[-1]]
        # members that go on behind the origin of a circle stand before the first one
        over = (contig.length or 0) if operon.members[-1] < operon.members[0] else 0
        end = max(last.right + over, *(places[m].right for m in operon.members if m >= operon.members[0]), 0)
        part = Part(first.left, end, "-" if first.reverse else "+", score=round(operon.probability, 3))
        heads[operon.members[0]] = Feature(name, "operon", (part,), f"{name}.operon{number + 1}", source=SOURCE)
        for member in operon.members:
            groups[member][0] = replace(groups[member][0], parents=(f"{name}.operon{number + 1}",))
    for number, group in enumerate(groups):
        if number in heads:
            yield heads[number]
        yield from group


def _rna(name: str, rna: Rna, number: int) -> Feature:
    told = {"product": (rna.product,)}
    if rna.anticodon:
        told["anticodon"] = (rna.anticodon.replace("T", "U"),)
    part = Part(rna.left, rna.right, "-" if rna.reverse else "+", score=round(rna.score, 3))
    return Feature(name, rna.kind, (part,), f"{name}.rna{number + 1}", source=SOURCE, attributes=told)


def _features(name: str, genes: Genes, number: int, code: GeneticCode) -> Iterator[Feature]:
    """A gene and its CDS."""
    gene = f"{name}_{number + 1}"
    reverse, open_start = bool(genes.reverse[number]), bool(genes.open_start[number])
    open_end = not genes.closed[number]
    part = Part(
        int(genes.left[number]),
        int(genes.right[number]),
        "-" if reverse else "+",
        score=round(float(genes.score[number]), 3),
    )
    partial = (open_end, open_start) if reverse else (open_start, open_end)
    told = {"transl_table": (str(code.table),), "start_type": ("edge" if open_start else STARTS[genes.kind[number]],)}
    told["start_probability"] = (f"{genes.start[number]:.3f}",)
    if not open_start:
        told["rbs_score"] = (f"{genes.binding[number]:.2f}",)
    yield Feature(name, "gene", (part,), gene, source=SOURCE, partial=partial)
    cds = part._replace(phase=0)
    yield Feature(name, "CDS", (cds,), f"{gene}.cds", (gene,), SOURCE, attributes=told, partial=partial)


def sequences(genome: Genome, annotated: Annotation) -> Iterator[Record]:
    """The letters of each CDS, 5' to 3', with its stop codon; upper case."""
    for feature in annotated.of("CDS"):
        contig = genome.contigs[feature.seqid]
        length = contig.length or 0
        if feature.end <= length:
            letters = genome.fetch(feature.seqid, feature.start, feature.end)
        else:
            letters = genome.fetch(feature.seqid, feature.start) + genome.fetch(feature.seqid, 0, feature.end - length)
        coding = Feature(feature.seqid, "CDS", (Part(0, len(letters), feature.strand),)).spliced(letters.upper())
        place = f"{feature.seqid}:{feature.start + 1}-{feature.end}({feature.strand})"
        yield Record(feature.parents[0], coding, place)


def proteins(genome: Genome, annotated: Annotation, code: GeneticCode) -> Iterator[Record]:
    """The protein of each CDS, without its stop."""
    for feature, record in zip(annotated.of("CDS"), sequences(genome, annotated), strict=True):
        begins = feature.value("start_type") != "edge"
        yield record._replace(sequence=code.translate(record.sequence, starts_at_start=begins))


def coding_share(genome: Genome, genes: Mapping[str, Genes]) -> float:
    """Letters of all genes, counted once for each gene, by the letters of the genome."""
    letters = sum(contig.length or 0 for contig in genome.contigs.values())
    return float(sum(np.sum(found.right - found.left) for found in genes.values())) / max(letters, 1)
