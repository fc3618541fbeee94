"""Whether an annotation and the sequences that it is laid on belong together, and whether its genes are sound."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

from exapt.bio.formats.annotation import Annotation, Contig, Feature, phased
from exapt.bio.formats.genome import Genome
from exapt.core.errors import DataError

Kind = Literal["outside", "length", "phase", "parent", "id"]
_SHOWN = 8


class Problem(NamedTuple):
    """Something that is wrong with an annotation but stops nothing.

    Attributes
    ----------
    kind
        ``outside`` its contig, ``length`` of a CDS no multiple of three, ``phase`` of a part of a CDS other than the
        parts before it make it, ``parent`` not in the file, ``id`` of several features.
    feature
        What it is about.
    text
        One line with ``file:line``.
    """

    kind: Kind
    feature: Feature
    text: str


def reconcile(
    annotation: Annotation, genome: Genome, *, outside: Literal["refuse", "leave_out"] = "refuse"
) -> tuple[Annotation, list[Problem]]:
    """The annotation with the contigs of the genome, and all that is wrong with it.

    Parameters
    ----------
    annotation
        Features on sequences of the genome; it need not have features on all of them.
    genome
        Its names and lengths hold. A contig is circular where either says so.
    outside
        What to do with a feature that goes beyond its contig: stop, or leave it out with its whole gene and list it.

    Raises
    ------
    DataError
        Where a feature lies on a sequence that the genome does not have (both lists of names are given), a sequence
        has another length than the annotation says, or a feature goes beyond its contig and `outside` is ``refuse``.
    """
    check_names((feature.seqid for feature in annotation.features), genome.contigs, annotation.where, genome.where)
    contigs = dict(_contigs(annotation, genome))
    found = replace(annotation, contigs=contigs)
    problems = list(_outside(found, contigs))
    if problems and outside == "refuse":
        more = f"\n{len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
        listed = "\n".join(problem.text for problem in problems[:_SHOWN])
        raise DataError(f"{listed}{more}\nIs {genome.where} the sequence that was annotated, or cut shorter?")
    if problems:
        lost = _families(found, [problem.feature for problem in problems])
        found = replace(found, features=tuple(f for f in found.features if id(f) not in lost))
    return found, [*problems, *_relatives(found), *_coding(found)]


def check_names(used: Iterable[str], known: Collection[str], where: str, genome: str) -> None:
    """Refuse an annotation with features on sequences that are not there.

    Raises
    ------
    DataError
        With the names on both sides, and what would make them agree.

    Examples
    --------
    >>> check_names(["1", "2"], ["chr1", "chr2"], "a.gff3", "a.fa")
    Traceback (most recent call last):
    exapt.core.errors.DataError: a.gff3 and a.fa name their sequences differently.
      only in a.gff3: 1, 2
      only in a.fa: chr1, chr2
    They agree once 'chr' is put before the names of a.gff3.
    """
    names = dict.fromkeys(used)
    missing = [name for name in names if name not in known]
    if not missing:
        return
    rest = [name for name in known if name not in names]
    lists = "\n".join(f"  only in {file}: {_listed(only)}" for file, only in ((where, missing), (genome, rest)))
    raise DataError(
        f"{where} and {genome} name their sequences differently.\n{lists}\n{_advice(missing, known, where)}"
    )


def _listed(names: Collection[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join([*names][:_SHOWN]) + more if names else "none"


def _advice(missing: Collection[str], known: Collection[str], where: str) -> str:
    if all(f"chr{name}" in known for name in missing):
        return f"They agree once 'chr' is put before the names of {where}."
    if all(name.removeprefix("chr") in known for name in missing):
        return f"They agree once 'chr' is taken from the names of {where}."
    if {name.rpartition(".")[0] or name for name in missing} <= {name.rpartition(".")[0] or name for name in known}:
        return "They differ in the version behind the dot: take both from one release."
    return "Take both from one release, or rename the sequences of one."


def _contigs(annotation: Annotation, genome: Genome) -> Iterator[tuple[str, Contig]]:
    for name, contig in genome.contigs.items():
        said = annotation.contigs.get(name, Contig(name))
        if said.length not in (None, contig.length):
            raise DataError(
                f"{annotation.where}: {name} has {said.length} letters, but {contig.length} in {genome.where}. "
                "Take both from one release."
            )
        yield name, replace(contig, circular=contig.circular or said.circular)


def _place(annotation: Annotation, feature: Feature) -> str:
    return f"{annotation.where}:{feature.line}: {feature.type} {feature.id or feature.value('Name') or 'without ID'}"


def _outside(annotation: Annotation, contigs: Mapping[str, Contig]) -> Iterator[Problem]:
    for feature in annotation.features:
        contig = contigs[feature.seqid]
        length = contig.length or 0
        if feature.start < 0 or feature.end > (length + feature.start if contig.circular else length):
            span = f"{feature.start + 1}-{feature.end}"
            text = f"{_place(annotation, feature)} goes to {span}, beyond the {length} letters of {feature.seqid}"
            yield Problem("outside", feature, text)


def _families(annotation: Annotation, features: Iterable[Feature]) -> set[int]:
    """`id` of the features and of all that are above or below them."""
    lost: set[int] = set()
    waiting = [*features]
    while waiting:
        feature = waiting.pop()
        if id(feature) not in lost:
            lost.add(id(feature))
            above = (parent for name in feature.parents for parent in annotation.find(name))
            waiting += [one for one in (*above, *annotation.children(feature)) if one.seqid == feature.seqid]
    return lost


def _relatives(annotation: Annotation) -> Iterator[Problem]:
    for feature in annotation.features:
        for name in feature.parents:
            if not annotation.find(name):
                yield Problem("parent", feature, f"{_place(annotation, feature)} has a parent {name} that is not there")
        namesakes = annotation.find(feature.id)
        if len(namesakes) > 1 and feature is not namesakes[0]:
            first = namesakes[0].line
            yield Problem("id", feature, f"{_place(annotation, feature)} has the ID of the feature on line {first}")


def _coding(annotation: Annotation) -> Iterator[Problem]:
    for cds in _whole(annotation):
        first = cds.phase
        if cds.strand == "?" or "pseudo" in cds.attributes:
            continue
        expected = phased(cds.parts, first or 0)
        if first is None or expected != cds.parts:
            told = "has no phase" if first is None else "has phases that do not follow from the lengths of its parts"
            yield Problem("phase", cds, f"{_place(annotation, cds)} {told}")
        rest = (len(cds) - (first or 0)) % 3
        if rest and not any(cds.partial):
            text = f"{_place(annotation, cds)} has {len(cds)} letters from phase {first or 0}, no multiple of three"
            yield Problem("length", cds, text)


def _whole(annotation: Annotation) -> Iterator[Feature]:
    """Each CDS once; those whose lines have no ID put together by their parents."""
    for feature in annotation.features:
        if feature.type == "CDS" and (feature.id or not feature.parents):
            yield feature
        else:
            yield from (cds for cds in annotation.coding(feature) if not cds.id)
