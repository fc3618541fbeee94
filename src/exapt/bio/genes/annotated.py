"""Genes of a whole genome: from its letters to an annotation, proteins and gene sequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from exapt.bio.formats.annotation import Annotation, Feature, Part
from exapt.bio.formats.fasta import Record
from exapt.bio.formats.genome import Genome
from exapt.bio.genes.codes import STARTS, GeneticCode, digits
from exapt.bio.genes.finding import Advance, Scene, find_genes
from exapt.bio.genes.found import Genes, joined
from exapt.bio.genes.model import Model, shipped
from exapt.bio.genes.windows import CORE, Strip, strips

SOURCE = "exapt"


def genome_genes(
    genome: Genome,
    code: GeneticCode,
    *,
    model: Model | None = None,
    adapt: bool = True,
    circular: bool = False,
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
    scene = Scene(pieces, code, core=core, ribosomal=model.ribosomal)
    parts: dict[str, list[Genes]] = {name: [] for name in genome.contigs}
    for name, strip, genes in zip(owners, pieces, find_genes(scene, model, adapt=adapt, advance=advance), strict=True):
        parts[name].append(genes.moved(strip.offset))
    return {name: joined(genes) for name, genes in parts.items()}


def annotation(genome: Genome, genes: Mapping[str, Genes], code: GeneticCode) -> Annotation:
    """Each gene as a `gene` and its `CDS`, named after its contig and its number."""
    features = [
        feature
        for name, found in genes.items()
        for number in range(len(found))
        for feature in _features(name, found, number, code)
    ]
    return Annotation(tuple(features), genome.contigs, where=genome.where)


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
