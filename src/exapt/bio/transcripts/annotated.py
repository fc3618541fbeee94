"""Transcripts of an annotation: one a gene, those that labels can hold, and back to genes, mRNA, exons and CDS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part, phased
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.bio.transcripts.labels import (
    SHORTEST_INTRON,
    SITE,
    Labels,
    Transcript,
    labelled,
    masked,
    spelt_transcripts,
)

SOURCE = "exapt"
CANONICAL = ("MANE_Select", "Ensembl_canonical", "RefSeq Select")  # tags of the transcript that stands for its gene
STARTS = ("ATG",)
STOPS = ("TAA", "TAG", "TGA")
SPLICES = ("GT", "GC"), ("AG",)
CODING_TYPES = ("mRNA", "transcript", "gene")


@dataclass(frozen=True)
class Labelling:
    """The labels of one contig and what they leave out.

    Attributes
    ----------
    labels
        (length,) indices of `labels.CLASSES`; `labels.MASKED` where a gene lies that labels cannot hold.
    kept
        The transcripts that the labels spell, ascending.
    left_out
        (transcript, why), in the order of the annotation.
    """

    labels: Labels
    kept: tuple[Transcript, ...]
    left_out: tuple[tuple[Transcript, str], ...]


def coding_transcripts(annotation: Annotation) -> dict[str, list[Transcript]]:
    """One transcript of each coding gene, by contig.

    It is the one with a tag of `CANONICAL`, else the one with the longest coding sequence, then the longest, then the
    first. A gene whose CDS hangs on it without an mRNA between is its own transcript. A transcript without exons has
    those of its CDS.

    Examples
    --------
    >>> gene = Feature("c", "gene", (Part(0, 12, "+"),), id="g")
    >>> cds = Feature("c", "CDS", (Part(0, 5, "+", 0), Part(8, 12, "+", 1)), id="p", parents=("g",))
    >>> [found] = coding_transcripts(Annotation((gene, cds)))["c"]
    >>> found.exons, found.coding, found.gene
    (((0, 5), (8, 12)), (0, 12), 'g')
    """
    genes: dict[str, list[tuple[tuple[bool, int, int], Transcript]]] = {}
    contigs: dict[str, list[Transcript]] = {}
    places: dict[str, str] = {}
    for feature in annotation.of(*CODING_TYPES):
        for found in _of_feature(annotation, feature):
            tagged = any(tag in feature.attributes.get("tag", ()) for tag in CANONICAL)
            length = sum(end - start for start, end in found.coding_parts)
            genes.setdefault(found.gene, []).append(((tagged, length, found.end - found.start), found))
            places[found.gene] = feature.seqid
    for gene, candidates in genes.items():
        contigs.setdefault(places[gene], []).append(max(candidates, key=lambda entry: entry[0])[1])
    return contigs


def _of_feature(annotation: Annotation, feature: Feature) -> Iterator[Transcript]:
    for number, cds in enumerate(annotation.coding(feature)):
        exons = [part for child in annotation.children(feature) if child.type == "exon" for part in child.parts]
        parts = cds.parts if number or not exons else exons
        parents = [name for name in feature.parents if annotation.find(name)]
        gene = parents[0] if parents else feature.id
        strand: Literal["+", "-"] = "-" if cds.strand == "-" else "+"
        joined = tuple(sorted({(part.start, part.end) for part in parts}))
        yield Transcript(strand, joined, (cds.start, cds.end), gene, feature.id)


def problem(transcript: Transcript, letters: str) -> str:
    """Why labels and grammar cannot hold a transcript; empty where they can.

    Parameters
    ----------
    transcript
        Of an annotation.
    letters
        Of its contig, in capitals.
    """
    if transcript.start < 0 or transcript.end > len(letters):
        return "runs beyond the contig"
    exons, parts = transcript.exons, transcript.coding_parts
    if any(right - left < SHORTEST_INTRON for left, right in transcript.introns):
        return f"intron of fewer than {SHORTEST_INTRON} letters"
    left, right = transcript.coding
    if not any(a <= left < b for a, b in exons) or not any(a < right <= b for a, b in exons):
        return "coding sequence begins or ends outside the exons"
    if sum(end - start for start, end in parts) % 3:
        return "coding length is not a multiple of three"
    return _of_codons(transcript, letters) or _of_splices(transcript, letters)


def _of_codons(transcript: Transcript, letters: str) -> str:
    sequence = "".join(letters[start:end] for start, end in transcript.coding_parts)
    if transcript.strand == "-":
        sequence = reverse_complement(sequence)
    codons = [sequence[place : place + 3] for place in range(0, len(sequence), 3)]
    if len(codons) < 2 or codons[0] not in STARTS:
        return "no start codon"
    if codons[-1] not in STOPS:
        return "no stop codon"
    if any(codon in STOPS for codon in codons[:-1]):
        return "stop codon within"
    done = 0
    for start, end in transcript.coding_parts[:: 1 if transcript.strand == "+" else -1]:
        if done % 3 == 1 and end - start == 1 and done + 1 < len(sequence):
            return "codon over three exons"
        done += end - start
    return ""


def _of_splices(transcript: Transcript, letters: str) -> str:
    for start, end in transcript.introns:
        intron = letters[start:end]
        if transcript.strand == "-":
            intron = reverse_complement(intron)
        sites = intron[:SITE], intron[-SITE:]
        if sites[0] not in SPLICES[0] or sites[1] not in SPLICES[1]:
            return f"intron {sites[0]}..{sites[1]}"
    return ""


def label_contig(transcripts: Sequence[Transcript], letters: str) -> Labelling:
    """Labels of a contig by what is annotated on it.

    Of transcripts that overlap or touch, the one with the longest coding sequence is kept. Where one that is left out
    lies outside those that are kept, the labels are masked.

    Parameters
    ----------
    transcripts
        One a gene.
    letters
        Of the contig, in capitals.

    Examples
    --------
    >>> good, bad = Transcript("+", ((1, 10),), (1, 10)), Transcript("-", ((8, 14),), (8, 14))
    >>> found = label_contig([good, bad], "CATGCCCTAACTGTCC")
    >>> found.labels.tolist(), [why for _, why in found.left_out]
    ([0, 3, 4, 5, 3, 4, 5, 3, 4, 5, 255, 255, 255, 255, 0, 0], ['no start codon'])
    """
    left_out = [(transcript, problem(transcript, letters)) for transcript in transcripts]
    kept: list[Transcript] = []
    why = {}
    for index, (transcript, trouble) in sorted(enumerate(left_out), key=lambda entry: -_coding_length(entry[1][0])):
        why[index] = trouble
        if not trouble and any(other.start <= transcript.end and transcript.start <= other.end for other in kept):
            why[index] = "overlaps another gene"
        if not why[index]:
            kept.append(transcript)
    missing = tuple((transcript, why[index]) for index, (transcript, _) in enumerate(left_out) if why[index])
    kept.sort(key=lambda transcript: transcript.start)
    labels = masked(labelled(kept, len(letters)), [(gone.start, gone.end) for gone, _ in missing])
    return Labelling(labels, tuple(kept), missing)


def _coding_length(transcript: Transcript) -> int:
    return sum(end - start for start, end in transcript.coding_parts)


def annotation_of_labels(labels: Mapping[str, Labels]) -> Annotation:
    """The genes that the labels of contigs spell, as `annotation_of` makes them."""
    found = {name: spelt_transcripts(row) for name, row in labels.items()}
    return annotation_of(found, {name: len(row) for name, row in labels.items()})


def annotation_of(transcripts: Mapping[str, Iterable[Transcript]], lengths: Mapping[str, int]) -> Annotation:
    """Genes with an mRNA each, its exons, and its CDS with phases.

    Parameters
    ----------
    transcripts
        Contig -> transcripts, ascending; those without names are numbered.
    lengths
        Contig -> letters.

    Examples
    --------
    >>> made = annotation_of({"c": [Transcript("-", ((1, 6), (13, 18)), (1, 17))]}, {"c": 19})
    >>> [(feature.type, feature.id, feature.start, feature.end) for feature in made.features if feature.id]
    [('gene', 'gene1', 1, 18), ('mRNA', 'gene1.t1', 1, 18), ('CDS', 'gene1.p1', 1, 17)]
    >>> [part.phase for part in made.features[-1].parts]
    [2, 0]
    """
    features: list[Feature] = []
    pairs = ((contig, transcript) for contig, found in transcripts.items() for transcript in found)
    for number, (contig, transcript) in enumerate(pairs, 1):
        features.extend(_family(contig, transcript, transcript.gene or f"gene{number}"))
    return Annotation(tuple(features), {name: Contig(name, length) for name, length in lengths.items()})


def _family(contig: str, transcript: Transcript, gene: str) -> Iterator[Feature]:
    name = transcript.name if transcript.name not in ("", gene) else f"{gene}.t1"
    whole, strand = (Part(transcript.start, transcript.end, transcript.strand),), transcript.strand
    yield Feature(contig, "gene", whole, gene, source=SOURCE, partial=transcript.partial)
    yield Feature(contig, "mRNA", whole, name, (gene,), SOURCE, partial=transcript.partial)
    for start, end in transcript.exons:
        yield Feature(contig, "exon", (Part(start, end, strand),), parents=(name,), source=SOURCE)
    coding = phased((Part(start, end, strand) for start, end in transcript.coding_parts), transcript.phase)
    yield Feature(contig, "CDS", coding, f"{gene}.p1", (name,), SOURCE, partial=transcript.partial)
