"""What a genome browser shows beside genes: regions that code for no protein, and transcripts, as features of BED."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from exapt.bio.formats.annotation import Annotation, Feature, Part
from exapt.bio.formats.genome import Genome
from exapt.bio.genes.ribosomal import Intervals
from exapt.bio.rna.found import Rna

TOP = 1000  # the greatest score of BED


def noncoding(genome: Genome, found: Annotation, small: Mapping[str, Sequence[Rna]]) -> Annotation:
    """The genes of RNA and the regions between genes of any kind, by contig and place.

    Parameters
    ----------
    genome
        Says how long contigs are.
    found
        From `annotated.annotation`.
    small
        Candidates of small RNA of each contig.

    Returns
    -------
    Annotation
        Genes of RNA are named after their product, a candidate is a ``small_RNA_candidate``; the score is 1000 times
        the probability that it is one. A region between genes is ``intergenic``, without strand and score,
        whether candidates lie in it or not.
    """
    features = []
    for name, contig in genome.contigs.items():
        length = contig.length or 0
        here = [f for f in found.features if f.seqid == name and f.type not in ("operon", "gene")]
        free = [
            Feature(name, "region", (Part(left, right),), attributes={"Name": ("intergenic",)})
            for left, right in _free(here, length).tolist()
        ]
        rnas = [_named(feature) for feature in here if feature.type != "CDS"]
        rnas += [_candidate(name, rna) for rna in small.get(name, ())]
        features += sorted([*free, *rnas], key=lambda feature: (feature.start, feature.end))
    return Annotation(tuple(features), found.contigs, where=found.where)


def _free(features: list[Feature], length: int) -> Intervals:
    """(r, 2) intervals of a contig on which no feature lies."""
    pieces = [(feature.start, min(feature.end, length)) for feature in features]
    pieces += [(0, feature.end - length) for feature in features if feature.end > length]
    taken = np.array(sorted([(0, 0), *pieces, (length, length)]), dtype=np.int64)
    reached = np.maximum.accumulate(taken[:, 1])
    gaps = np.stack([reached[:-1], taken[1:, 0]], axis=1)
    return gaps[gaps[:, 1] > gaps[:, 0]]


def _named(feature: Feature) -> Feature:
    score = _score(feature.score or 0.0)
    name = feature.value("product", feature.type).replace(" ", "_")
    parts = tuple(part._replace(score=score) for part in feature.parts)
    return Feature(feature.seqid, feature.type, parts, attributes={"Name": (name,)})


def _candidate(contig: str, rna: Rna) -> Feature:
    part = Part(rna.left, rna.right, "-" if rna.reverse else "+", score=_score(rna.score))
    return Feature(contig, rna.kind, (part,), attributes={"Name": ("small_RNA_candidate",)})


def _score(odds: float) -> float:
    return float(round(TOP / (1 + math.exp(-odds))))


def transcripts(found: Annotation) -> Annotation:
    """Each operon as one feature whose parts are its genes; genes that overlap are one part.

    The score is 1000 times the probability that no transcript ends within it.
    """
    features = []
    for operon in found.of("operon"):
        length = found.contigs[operon.seqid].length or 0
        members = []
        for part in (part for child in found.children(operon) for part in child.parts):
            behind = length if part.start < operon.start else 0  # beyond the origin of a circle
            members.append((part.start + behind, part.end + behind))
        score = float(round(TOP * (operon.score or 0.0)))
        merged: list[Part] = []
        for left, right in sorted(members):
            if merged and left <= merged[-1].end:
                merged[-1] = merged[-1]._replace(end=max(right, merged[-1].end))
            else:
                merged.append(Part(left, right, operon.strand, score=score))
        features.append(Feature(operon.seqid, "transcript", tuple(merged), attributes={"Name": (operon.id,)}))
    return Annotation(tuple(features), found.contigs, where=found.where)
